"""Which file of the archive holds a row: the names are derived from time alone, so the same rows always land in the same files.

A table has one folder per UTC day and in it files that cover whole minutes: `date=2026-11-20/1415-1430.parquet`. The widths of
files form a ladder in which each divides the next, so two files of a day are either apart or one lies inside the other. A wider
file replaces those inside it: it is put in place first and the narrower ones are deleted after, so narrower files next to a wider
one are left-overs of a crash, and say nothing that the wider does not say.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from scoring.duration import Duration

MINUTES_PER_DAY: Final = 24 * 60
MICROSECONDS_PER_MINUTE: Final = 60_000_000
NANOSECONDS_PER_MINUTE: Final = MICROSECONDS_PER_MINUTE * 1_000
WIDTHS: Final = tuple(Duration.parse(width) for width in ("1m", "5m", "15m", "1h", "6h", "1d"))
"""The ladder: each divides the next."""

_EPOCH: Final = dt.date(1970, 1, 1)
_FOLDER: Final = re.compile(r"date=(\d{4}-\d\d-\d\d)")
_FILE: Final = re.compile(r"(\d\d)(\d\d)-(\d\d)(\d\d)\.parquet")


class Span(NamedTuple):
    """The minutes of a day that one file covers."""

    day: dt.date
    """UTC."""
    from_minute: int
    """Of the day, inclusive."""
    to_minute: int
    """Of the day, exclusive; 1440 is midnight."""

    @property
    def file(self) -> str:
        """Its path below the folder of its table.

        >>> Span(dt.date(2026, 11, 20), 855, 870).file
        'date=2026-11-20/1415-1430.parquet'
        """
        return f"date={self.day}/{_clock(self.from_minute)}-{_clock(self.to_minute)}.parquet"

    def covers(self, other: Span) -> bool:
        """Say whether the other lies inside this one and is not the same."""
        return self != other and self.day == other.day and self.from_minute <= other.from_minute and other.to_minute <= self.to_minute


def span_of(place: int, width: Duration) -> Span:
    """Give the span number `place` since the epoch, of the given width."""
    minutes = width // NANOSECONDS_PER_MINUTE
    days, minute = divmod(place * minutes, MINUTES_PER_DAY)
    return Span(_EPOCH + dt.timedelta(days=days), minute, minute + minutes)


def whole_day(day: dt.date) -> Span:
    """Give the span of a compacted day."""
    return Span(day, 0, MINUTES_PER_DAY)


def day_of(instant_ns: int) -> dt.date:
    """Give the UTC day of an instant."""
    return _EPOCH + dt.timedelta(minutes=instant_ns // NANOSECONDS_PER_MINUTE)


def days_in(folder: Path) -> list[dt.date]:
    """Give the days a table has a folder for, in order."""
    names = (_FOLDER.fullmatch(path.name) for path in folder.glob("date=*"))
    return sorted(dt.date.fromisoformat(name[1]) for name in names if name)


def spans_in(folder: Path, day: dt.date) -> list[Span]:
    """Give the spans a table has files for on a day, in order, left-overs included. Other files are not ours and are left alone."""
    spans = []
    for path in (folder / f"date={day}").glob("*.parquet"):
        if match := _FILE.fullmatch(path.name):
            hour, minute, to_hour, to_minute = map(int, match.groups())
            spans.append(Span(day, hour * 60 + minute, to_hour * 60 + to_minute))
    return sorted(spans)


def outermost(spans: Iterable[Span]) -> list[Span]:
    """Leave out the spans that lie inside another, which are left-overs."""
    every = list(spans)
    return [span for span in every if not any(other.covers(span) for other in every)]


def _clock(minute: int) -> str:
    return f"{minute // 60:02}{minute % 60:02}"
