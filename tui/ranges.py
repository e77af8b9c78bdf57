"""Which part of the past a chart shows: its range, its zoom, where it ends, where the crosshair stands, and what its axes say.

Pure arithmetic on seconds since 1970. A chart that follows the tape ends on a grid of whole columns, so that the past stands still
and moves by a column at a time, and nothing has to be drawn again in between.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Final

import msgspec

RANGES: Final[tuple[tuple[str, float], ...]] = (("1m", 60.0), ("5m", 300.0), ("15m", 900.0), ("1h", 3_600.0), ("all", math.inf))
"""Name and length in seconds, the shortest first; the last one is all that is known."""
DEFAULT: Final = "15m"
_SHORTEST_S: Final = 10.0
"""Nothing is known of less: prices come twice a second."""
_LONGEST_S: Final = 31 * 86_400.0
_ZOOM: Final = 2.0
_TICK_STEPS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400, 604_800)
"""Seconds between two marks of the time axis."""
_MANTISSAS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
"""Steps of a price axis, times a power of ten."""
_TINY: Final = 1e-12
_LAST_S: Final = 253_402_300_799.0
"""The last second a calendar of four digits has."""
_PAD: Final = 0.04
"""Of the height above and below a line."""
_FLAT: Final = 0.0005
"""Of the price: height of the axis around a price that does not move."""


class View(msgspec.Struct, frozen=True):
    """What is looked at."""

    range: str = DEFAULT
    zoom: int = 0
    """How often it was zoomed in; negative where out."""
    end_s: float | None = None
    """None while it follows the tape."""
    cursor_s: float | None = None
    """Where the crosshair stands; None without one."""

    @property
    def is_followed(self) -> bool:
        """Whether it shows the newest."""
        return self.end_s is None


class Window(msgspec.Struct, frozen=True):
    """A view as it stands: from when to when, in how many columns."""

    start_s: float
    end_s: float
    columns: int

    @property
    def column_s(self) -> float:
        """Seconds of one column."""
        return (self.end_s - self.start_s) / max(self.columns, 1)

    def column(self, at_s: float, parts: int = 1) -> int:
        """Say in which column an instant lies, each divided in `parts`; outside of the window it is below 0 or too large."""
        return math.floor((at_s - self.start_s) / (self.end_s - self.start_s) * self.columns * parts + _TINY)

    def at(self, column: int) -> float:
        """Give the middle of a column."""
        return self.start_s + (column + 0.5) * self.column_s


def ranged(view: View, steps: int) -> View:
    """Take the next range, or the one before; what was zoomed is forgotten, and the end and the crosshair stay."""
    names = [name for name, _ in RANGES]
    place = names.index(view.range) if view.range in names else names.index(DEFAULT)
    return msgspec.structs.replace(view, range=names[min(max(place + steps, 0), len(names) - 1)], zoom=0)


def zoomed(view: View, steps: int, window: Window, oldest_s: float, newest_s: float) -> View:
    """Zoom in (or out, below 0) around the crosshair; without one the end stays where it is.

    Out of what is known from `oldest_s` to `newest_s` it goes no further than the range does.
    """
    long_s = window.end_s - window.start_s
    wanted_s = long_s / _ZOOM**steps
    is_all_seen = window.start_s <= oldest_s and window.end_s >= newest_s
    if not _SHORTEST_S <= wanted_s <= _LONGEST_S or (steps < 0 and view.zoom <= 0 and is_all_seen):
        return view
    end_s = view.end_s
    if view.cursor_s is not None and (end_s is not None or steps > 0):
        share = (view.cursor_s - window.start_s) / long_s
        end_s = view.cursor_s + (1 - share) * wanted_s
    if end_s is not None and end_s >= newest_s:
        end_s = None
    return msgspec.structs.replace(view, zoom=view.zoom + steps, end_s=end_s)


def moved(view: View, columns: int, window: Window, newest_s: float) -> View:
    """Move the crosshair; it begins at the newest column and pushes the window along where it leaves it."""
    if view.cursor_s is None:
        return msgspec.structs.replace(view, cursor_s=window.at(window.columns - 1))
    place = window.column(view.cursor_s) + columns
    push = min(place, 0) + max(place - window.columns + 1, 0)
    cursor_s = window.at(place)
    if not push:
        return msgspec.structs.replace(view, cursor_s=cursor_s)
    end_s = window.end_s + push * window.column_s
    if end_s >= newest_s:
        return msgspec.structs.replace(view, cursor_s=min(cursor_s, newest_s), end_s=None)
    return msgspec.structs.replace(view, cursor_s=cursor_s, end_s=end_s)


def window_of(view: View, oldest_s: float, newest_s: float, columns: int) -> Window:
    """Say what a view shows, of what is known from `oldest_s` to `newest_s`, in so many columns."""
    columns = max(columns, 1)
    base_s = dict(RANGES).get(view.range, dict(RANGES)[DEFAULT])
    if math.isinf(base_s):
        base_s = max(newest_s - oldest_s, _SHORTEST_S)
    long_s = min(max(base_s / _ZOOM**view.zoom, _SHORTEST_S), _LONGEST_S)
    column_s = long_s / columns
    end_s = newest_s if view.end_s is None else min(view.end_s, newest_s)
    if math.isfinite(dict(RANGES).get(view.range, 0.0)):
        end_s = math.ceil(end_s / column_s - _TINY) * column_s
    return Window(end_s - long_s, end_s, columns)


def time_ticks(window: Window, apart: int) -> list[tuple[int, str]]:
    """Give the marks of the time axis at least `apart` columns from each other: column and time of day, UTC.

    >>> time_ticks(Window(0.0, 900.0, 90), 20)
    [(0, '00:00'), (30, '00:05'), (60, '00:10')]
    """
    least = apart * window.column_s
    step = next((step for step in _TICK_STEPS if step >= least), _TICK_STEPS[-1] * math.ceil(least / _TICK_STEPS[-1]))
    first = math.ceil(window.start_s / step) * step
    count = max(math.floor((window.end_s - first) / step) + 1, 0)
    marks = [(window.column(first + i * step), first + i * step) for i in range(count)]
    return [(column, time_text(at_s, step)) for column, at_s in marks if 0 <= column < window.columns]


def length_text(seconds: float) -> str:
    """Write how much a chart shows in its two largest units.

    >>> [length_text(seconds) for seconds in (56.25, 225.0, 7_200.0, 14_062.5, 90_000.0)]
    ['56s', '3m45s', '2h', '3h54m', '1d1h']
    """
    whole = max(round(seconds), 0)
    parts = ((whole // 86_400, "d"), (whole % 86_400 // 3_600, "h"), (whole % 3_600 // 60, "m"), (whole % 60, "s"))
    first = next((place for place, (count, _) in enumerate(parts) if count), len(parts) - 1)
    return "".join(f"{count}{unit}" for count, unit in parts[first : first + 2] if count) or "0s"


def time_text(at_s: float, step_s: float = 1.0) -> str:
    """Write a time of day with what matters at a distance of `step_s`: the day, the minutes or the seconds.

    >>> time_text(86_399.0), time_text(86_400.0, 60.0), time_text(0.0, 86_400.0)
    ('23:59:59', '00:00', '01-01')
    """
    at = datetime.fromtimestamp(min(max(at_s, 0.0), _LAST_S), UTC)
    if step_s >= _TICK_STEPS[-2]:
        return f"{at:%m-%d}"
    return f"{at:%H:%M}" if step_s % 60 == 0 else f"{at:%H:%M:%S}"


class Scale(msgspec.Struct, frozen=True):
    """An upright axis: values from `low` at the bottom to `high` at the top."""

    low: float
    high: float

    def row(self, value: float, rows: int) -> int:
        """Say in which of `rows` rows, counted from the top, a value lies; outside of the axis it is below 0 or too large."""
        share = (self.high - value) / (self.high - self.low)
        return math.floor(min(max(share, -1.0), 2.0) * rows) if value != self.low else rows - 1

    def ticks(self, rows: int, apart: int) -> list[tuple[int, float]]:
        """Give round values at least `apart` rows from each other, with their rows.

        >>> Scale(99.0, 101.2).ticks(11, 3)
        [(1, 101.0), (6, 100.0), (10, 99.0)]
        """
        least = (self.high - self.low) * apart / max(rows, 1)
        power = 10.0 ** math.floor(math.log10(least))
        step = next(mantissa * power for mantissa in (*_MANTISSAS, 20.0) if mantissa * power >= least * (1 - _TINY))
        first = math.floor(self.high / step + _TINY)
        values = [(first - i) * step for i in range(rows)]
        return [(min(self.row(value, rows), rows - 1), value) for value in values if self.low <= value <= self.high]


def scale_of(low: float, high: float) -> Scale:
    """Make room around values; a price that does not move lies in the middle."""
    if high - low <= abs(high) * _TINY:
        room = abs(high) * _FLAT or 1.0
        return Scale(low - room, high + room)
    room = (high - low) * _PAD
    return Scale(low - room, high + room)
