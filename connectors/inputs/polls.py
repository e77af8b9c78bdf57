"""One poll: what it asks, what it makes of an answer, and how it stands.

A turn knows when it is due and how it is doing; who asks, and what an answer costs, is the poller's matter.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeAlias

import msgspec

from connectors.inputs.answers import AskingSettings, Question
from connectors.inputs.backoff import Backoff
from connectors.inputs.poll_memory import PollMemory
from scoring.duration import Duration
from scoring.records import NANOSECONDS_PER_SECOND, SourceHealth


class PollingSettings(AskingSettings, frozen=True, forbid_unknown_fields=True):
    """How sites are polled."""

    jitter: float = 0.1
    """Each wait is longer by a random part of the interval, at most this one, so that not all the world asks at once."""
    stale_after: float = 3.0
    """Without an answer for so many intervals a failing source is down, not stale, and one that does not fail is stale."""
    recall_rows: int = 20_000
    """Newest frames of the tape that are looked at when starting, for what a crash kept from being noted."""


class Reading(msgspec.Struct, frozen=True):
    """What is made of an answer."""

    payloads: Sequence[bytes]
    """What goes on the tape; nothing where it tells nothing new."""
    seen: Sequence[str] = ()
    """What the next reading is told."""


Read: TypeAlias = Callable[[bytes, Sequence[str]], Reading]
"""Takes a body and what is on the tape already; raises ValueError where the body is not what was asked for."""


def whole_object(body: bytes, seen: Sequence[str]) -> Reading:
    """Put a body on the tape as it is, if it is a JSON object.

    Raises:
        ValueError: it is none.
    """
    try:
        msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"no JSON object: {error}") from error
    return Reading((body,), seen)


class Poll(msgspec.Struct, frozen=True):
    """What one poll asks, how often, and what becomes of the answer."""

    name: str
    """How it is shown, unique in its poller."""
    feed: str
    """Feed on the tape."""
    question: Question
    interval: Duration
    read: Read = whole_object
    recall: Callable[[bytes], Sequence[str]] | None = None
    """From a frame of its feed: what of `seen` it stands for. None where a frame that stands on the tape twice changes no result."""


class Turn:
    """One poll as it stands; instants are those of the monotonic clock."""

    def __init__(self, poll: Poll, random: Callable[[], float]) -> None:
        """Take the poll; `random` gives numbers in [0, 1)."""
        self.poll = poll
        self.asked = f"{poll.question.address} {sorted(poll.question.parameters.items())}"
        self.interval_s = poll.interval.seconds
        # Up to the interval and not to a minute: an outage must not cost many times the calls of a good day.
        self.backoff = Backoff(most_s=max(self.interval_s, 1.0), random=random)
        self.memory = PollMemory()
        self.due = self._fresh_until = 0.0
        self._last_ns = self.frames = self.rejects = 0
        self._last_error, self._state = "", "connecting"

    def resume(self, memory: PollMemory, now_s: float, settings: PollingSettings) -> None:
        """Go on where the last run stopped."""
        self.memory = memory
        age_s, now = now_s - memory.answered_s, time.monotonic()
        self._last_ns = round(memory.answered_s * NANOSECONDS_PER_SECOND)
        self._fresh_until = now + self.interval_s * settings.stale_after - age_s
        if 0 <= age_s < self.interval_s:
            self.due, self._state = now + self.interval_s - age_s, "live"

    def succeed(self, received_ns: int, wait_s: float, stale_after: float) -> None:
        """An answer came, be it `nothing new`."""
        now = time.monotonic()
        self.due, self._fresh_until = now + wait_s, now + self.interval_s * stale_after
        self._state, self._last_error, self._last_ns = "live", "", received_ns
        self.backoff.reset()

    def fail(self, error: str, wait_s: float) -> None:
        """No answer that can be used came."""
        self.due, self._state, self._last_error = time.monotonic() + wait_s, "stale", error

    def health(self, at_ns: int, now: float) -> SourceHealth:
        """Say how it is doing."""
        fresh = now < self._fresh_until
        state = {"live": "live" if fresh else "stale", "stale": "stale" if fresh else "down"}.get(self._state, self._state)
        next_try_ns = at_ns + round(max(self.due - now, 0.0) * NANOSECONDS_PER_SECOND) if self._last_error else 0
        return SourceHealth(
            self.poll.name,
            at_ns,
            state,
            self._last_ns,
            self.frames,
            rejects=self.rejects,
            next_try_ns=next_try_ns,
            last_error=self._last_error,
        )
