"""What a connection can say of itself: how much it brings, how fast, and how far the exchange's clock is from ours.

Read by other threads at any moment; one sample a second keeps it out of the way of the frames.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from scoring.records import NANOSECONDS_PER_MILLISECOND

_SAMPLES: Final = 6
"""Seconds that a rate looks back on, and one."""
_EVENT_TIME: Final = b'"E":'
_LONGEST_TIME: Final = 20
"""Digits."""
_LARGEST_MILLISECONDS: Final = 10**14
"""An instant above is in microseconds: as milliseconds it would lie in the year 5138."""
_NANOSECONDS_PER_MICROSECOND: Final = 1_000


class Readings:
    """Figures of one connection."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Begin at zero."""
        self._monotonic = monotonic
        self._samples: deque[tuple[float, int]] = deque([(monotonic(), 0)], maxlen=_SAMPLES)
        self.frames = 0
        self.last_ns = 0
        """When the newest one was received."""
        self.skew_ms = math.nan
        """The exchange's clock against ours; the way of a message is in it."""

    def sample(self, received_ns: int, data: bytes) -> None:
        """Look at the bytes of a read, once a second."""
        now = self._monotonic()
        if now - self._samples[-1][0] >= 1:
            self._samples.append((now, self.frames))
            event_ns = event_time(data)
            if event_ns:
                self.skew_ms = (event_ns - received_ns) / NANOSECONDS_PER_MILLISECOND

    def count(self, received_ns: int, frames: int) -> None:
        """Count frames that go on the tape."""
        self.frames += frames
        self.last_ns = received_ns

    def rate(self) -> float:
        """Give the frames per second of late."""
        (then, frames), now = self._samples[0], self._monotonic()
        return (self.frames - frames) / (now - then) if now > then else 0.0


def event_time(data: bytes) -> int:
    """Find the newest event time in what was received, ns UTC; 0 where there is none.

    >>> event_time(b'{"e":"trade","E":1672515782136,"s":')
    1672515782136000000
    """
    at = data.rfind(_EVENT_TIME) + len(_EVENT_TIME)
    digits = data[at : at + _LONGEST_TIME].partition(b",")[0]
    if at < len(_EVENT_TIME) or not digits.isdigit():
        return 0
    instant = int(digits)
    return instant * (NANOSECONDS_PER_MILLISECOND if instant < _LARGEST_MILLISECONDS else _NANOSECONDS_PER_MICROSECOND)
