"""How an output is doing, in the words that inputs use: what it has written, what waits, and what holds it up.

The feed asks, once a second and from a thread of its own, so that it hears of an output also while that one holds up the flow. An
output knows rows and seconds; states, rates and instants are made here.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from connectors.outputs.outbox import Standing
from scoring.duration import Duration
from scoring.records import NANOSECONDS_PER_SECOND, SourceHealth

Ask: TypeAlias = Callable[[], Sequence[SourceHealth]]
"""Says how something is doing, from any thread and without waiting."""

STALE_AFTER: Final = Duration.parse("30s")
"""A row that waits longer than this is no longer what an output's settings mean by gathering."""
_RATE_OVER_S: Final = 10.0
"""Rates are those of so long."""


class OutputHealth:
    """Asks one output: `OutputHealth("archive", sink.standing)`."""

    def __init__(
        self,
        name: str,
        standing: Callable[[], Standing | None],
        clock: Callable[[], int] = time.time_ns,
        stale_after: Duration = STALE_AFTER,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take how to ask it; `clock` (ns UTC) is the one that inputs stamp with."""
        self._name, self._standing, self._clock, self._monotonic = name, standing, clock, monotonic
        self._stale_after_s = stale_after.seconds
        self._seen: deque[tuple[float, int]] = deque()

    def __call__(self) -> Sequence[SourceHealth]:
        """Give one row, or none where the output does not run in this process."""
        found, at_ns = self._standing(), self._clock()
        if found is None:
            return ()
        return (
            SourceHealth(
                self._name,
                at_ns,
                self._state(found),
                last_ns=0 if math.isinf(found.flushed_s) else at_ns - round(found.flushed_s * NANOSECONDS_PER_SECOND),
                frames=found.written,
                rate=self._rate(found.written),
                lag=found.waiting,
                next_try_ns=at_ns + round(found.next_try_s * NANOSECONDS_PER_SECOND) if found.held else 0,
                last_error=found.failed or found.held,
            ),
        )

    def _state(self, found: Standing) -> str:
        if found.failed:
            return "down"
        return "stale" if found.held or found.waited_s > self._stale_after_s else "live"

    def _rate(self, written: int) -> float:
        """Give rows per second since the oldest look that is remembered."""
        now = self._monotonic()
        self._seen.append((now, written))
        while len(self._seen) > 2 and self._seen[1][0] <= now - _RATE_OVER_S:
            self._seen.popleft()
        since, before = self._seen[0]
        return (written - before) / (now - since) if now > since else 0.0
