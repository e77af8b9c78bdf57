"""What the keys of a replay ask of its tape, and what a typed place on it means.

Pure: how the tape runs goes in, what to ask of it comes out. The flow does the rest and says how the tape runs then, so the screen
never shows what it only hopes for. A flow never goes back: a place that has passed is refused here, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

import msgspec

from scoring.duration import Duration
from scoring.feed import Control, PaceState, SourceState

SPEEDS: Final = (0.5, 1.0, 2.0, 5.0, 10.0, 50.0, 0.0)
"""Times real time, the last as fast as possible."""
STEP_S: Final = 1.0
"""Seconds of the tape that a step plays."""
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_SHARE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*%")
_WHOLE: Final = 100.0
_NANOSECONDS_PER_MICROSECOND: Final = 1_000
_DAY: Final = timedelta(days=1)
EXAMPLES: Final = "12:10:00, 12:10, 40%, +30s or 2m"


class Span(msgspec.Struct, frozen=True):
    """From where to where a tape goes, and how far it has come."""

    start: datetime
    end: datetime
    at: datetime

    def share(self, at: datetime) -> float:
        """Say where an instant lies, 0 at the start and 1 at the end."""
        return min(max((at - self.start) / (self.end - self.start), 0.0), 1.0)

    def instant(self, share: float) -> datetime:
        """Give the whole second at a share of the span: tapes are driven by whole seconds."""
        return (self.start + (self.end - self.start) * share).replace(microsecond=0)


def span(sources: Iterable[SourceState]) -> Span | None:
    """Give the span of a tape that is replayed; None where its sources know none, as when live."""
    known = [(source.start_at, source.end_at, source.at) for source in sources if source.start_at and source.end_at]
    starts, ends, ats = zip(*known, strict=True) if known else ((), (), ())
    if not known or max(ends) <= min(starts):
        return None
    return Span(min(starts), max(ends), max(ats))


def play_or_pause(pace: PaceState) -> Control:
    """Pause a tape that runs, wherever it was to run to; let a paused one run."""
    return Control(paused=not pace.paused)


def step() -> Control:
    """Play one second and pause again."""
    return Control(step_s=STEP_S)


def up_to_next(what: Literal["alert", "gap"]) -> Control:
    """Play as fast as possible up to the next of these."""
    return Control(until_next=what)


def faster(pace: PaceState) -> Control | None:
    """Give the next speed above; None at the highest."""
    above = [speed for speed in SPEEDS if _order(speed) > _order(pace.speed)]
    return Control(speed=above[0]) if above else None


def slower(pace: PaceState) -> Control | None:
    """Give the next speed below; None at the lowest."""
    below = [speed for speed in SPEEDS if _order(speed) < _order(pace.speed)]
    return Control(speed=below[-1]) if below else None


def scrub(typed: str, tape: Span) -> Control | str:
    """Read a place on the tape: a time of day, a share of the span, or how far from here; give why not where it is none.

    >>> noon = datetime(2026, 8, 1, 12, tzinfo=UTC)
    >>> tape = Span(noon, noon + timedelta(minutes=20), noon + timedelta(minutes=5))
    >>> scrub("50%", tape).until.minute, scrub("12:07", tape).until.minute, scrub("+2m", tape).until.minute
    (10, 7, 7)
    >>> scrub("12:04", tape)
    'the tape is past 12:04:00: it stands at 12:05:00, and a flow never goes back'
    """
    place = _place(typed.strip(), tape)
    if place is None:
        return f"{typed.strip()[:40]!r} is no place on the tape: write {EXAMPLES}"
    return to(place, tape)


def to(place: datetime, tape: Span) -> Control | str:
    """Ask for an instant; give why not where it has passed or the tape does not reach so far."""
    if place <= tape.at:
        return f"the tape is past {place:%H:%M:%S}: it stands at {tape.at:%H:%M:%S}, and a flow never goes back"
    if place > tape.end:
        return f"the tape ends at {tape.end:%H:%M:%S}, before {place:%H:%M:%S}"
    return Control(until=place)


def _order(speed: float | None) -> float:
    """Put speeds in order: none and 0 are as fast as possible."""
    return speed or float("inf")


def _place(typed: str, tape: Span) -> datetime | None:
    if share := _SHARE.fullmatch(typed):
        return tape.instant(float(share[1]) / _WHOLE) if float(share[1]) <= _WHOLE else None
    if clock := _CLOCK.fullmatch(typed):
        return _at_clock(int(clock[1]), int(clock[2]), int(clock[3] or 0), tape)
    try:
        length = Duration.parse(typed.removeprefix("+"))
        return (tape.at + timedelta(microseconds=length // _NANOSECONDS_PER_MICROSECOND)).replace(microsecond=0)
    except (ValueError, OverflowError):
        return _written(typed)


def _at_clock(hour: int, minute: int, second: int, tape: Span) -> datetime | None:
    """Give a time of day on the first day of the tape on which it has not passed, or else on its first day."""
    try:
        first = tape.start.replace(hour=hour, minute=minute, second=second, microsecond=0)
    except ValueError:
        return None
    days = (first + _DAY * number for number in range((tape.end - tape.start).days + 2))
    return next((day for day in days if tape.at < day <= tape.end), first)


def _written(typed: str) -> datetime | None:
    """Read a whole timestamp; one without a zone is UTC, as everything on the screen."""
    try:
        written = datetime.fromisoformat(typed)
        return (written if written.tzinfo else written.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        return None
