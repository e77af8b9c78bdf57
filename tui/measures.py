"""The numbers that rules look at, as the screen has seen them pass: what a "what if" can be asked of.

The feed conflates, so this is not every row there was, and it begins when the screen did. It is kept beside the state and not in it:
it only grows at one end and forgets at the other, and nothing that is drawn ten times a second needs it. Kept free of numpy, so
that a screen starts fast.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from scoring.duration import Duration, nanoseconds
from scoring.feed import Hello, NewRows, Snapshot, Topic, Value, read_number
from tui.instants import instant
from tui.state import Event

INSTANTS: Final[Mapping[str, str]] = {
    Topic.TRADE_METRICS: "window_end",
    Topic.SPREAD_METRICS: "window_end",
    Topic.RISK_METRICS: "sampled_at",
    Topic.DECOUPLING_SIGNALS: "evaluated_at",
}
"""The tables rules may look at, and the column that dates a row."""
ROW_LIMIT: Final = 1_200
"""Rows kept of each table about a symbol: ten minutes of two a second."""
SPAN: Final = Duration.parse("1h")
"""How much older than the newest of them they may be: as prices of a chart. Rows of one a minute would fill up for most of a day."""
SERIES_LIMIT: Final = 128
"""Tables times symbols; those that come later are not kept."""
_WORD: Final = 40
_UNKNOWN: Final = float("nan")


class Row(NamedTuple):
    """One final row."""

    at_ns: int
    values: array[float]
    """In the order of the series' columns; NaN where it was not known or is no number."""
    completeness: str


class Series:
    """The rows of one table about one symbol, in order of their instants."""

    def __init__(self, columns: tuple[str, ...], width_s: float) -> None:
        """Start empty."""
        self.columns = columns
        self.width_s = width_s
        """Of its windows; 0 where it has none."""
        self.rows: deque[Row] = deque(maxlen=ROW_LIMIT)


class Measures:
    """All of it."""

    def __init__(self) -> None:
        """Start empty."""
        self._series: dict[tuple[str, str], Series] = {}

    def take(self, event: Event) -> None:
        """Take what the feed says; another flow begins anew."""
        match event:  # the most frequent first
            case NewRows():
                self._take(event)
            case Snapshot():
                for rows in event.rows:
                    self._take(rows)
            case Hello():
                self._series = {}
            case _:
                return

    def series(self, table: str, symbol: str) -> Series | None:
        """Give what is kept of a table about a symbol."""
        return self._series.get((table, symbol))

    def reach(self, symbol: str) -> tuple[tuple[int, int], ...]:
        """Say how many rows are kept of each table about a symbol and how far they reach: as long as it is the same, they are too."""
        found = [self._series.get((table, symbol)) for table in INSTANTS]
        return tuple((len(series.rows), series.rows[-1].at_ns) if series and series.rows else (0, 0) for series in found)

    def _take(self, rows: NewRows) -> None:
        column = INSTANTS.get(rows.table)
        if column is None or rows.provisional or rows.past or not all(rows.columns.values()):
            return
        cells = {name: values[-1] for name, values in rows.columns.items()}
        at = instant(cells.get(column))
        if at is not None:
            self._enter((rows.table, rows.symbol), at, cells)

    def _enter(self, key: tuple[str, str], at: datetime, cells: Mapping[str, Value]) -> None:
        start = instant(cells.get("window_start"))
        width_s = (at - start).total_seconds() if start else 0.0
        columns = tuple(cells)
        series = self._series.get(key)
        if series is None or series.columns != columns or width_s < series.width_s:
            if series is None and len(self._series) >= SERIES_LIMIT:
                return
            series = self._series[key] = Series(columns, width_s)
        at_ns = nanoseconds(at)
        if width_s > series.width_s or (series.rows and at_ns <= series.rows[-1].at_ns):
            return  # a wider window, or a revision: rules never judge a row again
        values = array("d", [_number(cell) for cell in cells.values()])
        mark = cells.get("completeness")
        series.rows.append(Row(at_ns, values, mark[:_WORD] if isinstance(mark, str) else ""))
        while series.rows[0].at_ns < at_ns - SPAN:
            series.rows.popleft()


def _number(cell: Value) -> float:
    if type(cell) is float:  # as most are
        return cell
    number = read_number(cell)
    return _UNKNOWN if number is None else number
