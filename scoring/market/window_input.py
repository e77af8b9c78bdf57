"""One input of tumbling windows on receive time, and how its rows are cut so that whole columns can be added at once.

A window that is fed by two inputs must not care which of them was handed on first. So each input keeps its own event time, its
own gaps and its own windows, and knows nothing of the other; they meet when a window is closed for both.

The reference is the scalar loop: row by row, each judged by the event time reached before it. Columns are taken at once only
where that gives the same by construction: rows in order, none behind the time reached (so none is late), all of one window.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Final, Generic, TypeVar

import msgspec
import numpy as np

from scoring.market.completeness import GapLedger
from scoring.records import Column
from scoring.watermark import Instants, Watermark

COLUMNAR_ROWS: Final = 24
"""From here on whole columns are faster than a loop over rows; measured, and without influence on any result."""


class Window(msgspec.Struct):
    """What every input keeps of a window."""

    start_ns: int
    late_rows: int = 0
    """Rows that were too late for their own window while this one was the newest."""


AnyWindow = TypeVar("AnyWindow", bound=Window)


class WindowInput(ABC, Generic[AnyWindow]):
    """The windows of one input of one symbol that are not given out yet."""

    def __init__(self, width_ns: int, lateness_ns: int) -> None:
        """Start without data."""
        self.width_ns = width_ns
        # Receive time is the recorder's own clock: there is nothing to allow for between the two.
        self.watermark = Watermark(lateness_ns, idle_ns=0)
        self.gaps = GapLedger()
        self.windows: dict[int, AnyWindow] = {}
        """By start."""

    def take(self, columns: Mapping[str, Column]) -> None:
        """Take the columns of a batch, in tape order."""
        received_ns = columns["received_ns"]
        if len(received_ns) < COLUMNAR_ROWS:
            self._take_rows(columns, 0, len(received_ns))
            return
        for start, stop, in_order in parts(received_ns, self.watermark.reached_ns, self.width_ns):
            if in_order and stop - start >= COLUMNAR_ROWS:
                self.watermark.tick(int(received_ns[stop - 1]))
                self._take_columns(columns, start, stop)
            else:
                self._take_rows(columns, start, stop)

    def window_at(self, at_ns: int) -> AnyWindow:
        """Give the window that contains an instant."""
        start_ns = at_ns - at_ns % self.width_ns
        window = self.windows.get(start_ns)
        if window is None:
            window = self.windows[start_ns] = self._new(start_ns)
        return window

    def admit(self, received_ns: int) -> AnyWindow | None:
        """Give the window of the next row, or count the row and give None where it comes too late."""
        before_ns = self.watermark.advance_one(received_ns, received_ns)
        end_ns = received_ns - received_ns % self.width_ns + self.width_ns
        if end_ns <= before_ns - self.watermark.lateness_ns:
            self.window_at(before_ns).late_rows += 1
            return None
        return self.window_at(received_ns)

    @abstractmethod
    def _new(self, start_ns: int) -> AnyWindow:
        """Make an empty window."""

    @abstractmethod
    def _take_rows(self, columns: Mapping[str, Column], start: int, stop: int) -> None:
        """Take rows one by one; any of them may be late."""

    @abstractmethod
    def _take_columns(self, columns: Mapping[str, Column], start: int, stop: int) -> None:
        """Take rows at once: at least one, in order, of one window, none late; event time has come to the last."""


def parts(received_ns: Instants, reached_ns: int, width_ns: int) -> Iterator[tuple[int, int, bool]]:
    """Cut rows into [start, stop) that lie in order in one window (True), or behind the time reached (False).

    >>> list(parts(np.array([1, 5, 12, 3, 14]), reached_ns=0, width_ns=10))
    [(0, 2, True), (2, 3, True), (3, 4, False), (4, 5, True)]
    """
    falls = np.flatnonzero(received_ns[1:] < received_ns[:-1]) + 1
    for first, stop in pairwise((0, *falls.tolist(), len(received_ns))):
        ascending = received_ns[first:stop]
        start = first + int(ascending.searchsorted(reached_ns))
        if start > first:
            yield first, start, False
        while start < stop:
            border_ns = (int(received_ns[start]) // width_ns + 1) * width_ns
            border = first + int(ascending.searchsorted(border_ns))
            yield start, border, True
            start = border
        reached_ns = max(reached_ns, int(received_ns[stop - 1]))
