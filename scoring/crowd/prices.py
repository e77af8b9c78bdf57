"""The price beside the crowd: what it was at a second, and on average over the seconds before.

The price of a second is that of the newest row of `risk_metrics` at or before it; sampling stops in a long silence, and the price
stands until it goes on. The average is summed from its seconds each time it is asked for, oldest first: it knows no past beyond
its window, so it cannot drift, and for 300 seconds that is a microsecond.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scoring.records import NANOSECONDS_PER_SECOND, Column, Rows

_COLUMNS: Final = ("price", "open_gaps", "completeness")


class PriceAt(NamedTuple):
    """The market at a second."""

    price: float
    """NaN before the first."""
    average_price: float
    """Mean of the prices of the window's seconds, those from the first price on; NaN before it."""
    open_gaps: int
    completeness: str


_UNKNOWN: Final = PriceAt(float("nan"), float("nan"), 0, "complete")


class Prices:
    """Prices of one symbol by the second, from the oldest that is still asked for on."""

    def __init__(self, window: int) -> None:
        """Begin without a price; the average is over `window` seconds."""
        self._window = window
        self.first: int | None = None
        """Second of the first price."""
        self.newest_ns = -(1 << 62)
        """Instant of the newest price."""
        self._seconds: NDArray[np.int64] = np.empty(0, np.int64)
        self._values: tuple[Column, ...] = (np.empty(0), np.empty(0, np.int64), np.empty(0, object))

    def take(self, rows: Rows) -> None:
        """Take rows of `risk_metrics`, in order."""
        if not len(rows):
            return
        seconds = -(-rows.columns["sampled_ns"] // NANOSECONDS_PER_SECOND)
        if self.first is None:
            self.first = int(seconds[0])
        self.newest_ns = int(rows.columns["sampled_ns"][-1])
        last = np.append(seconds[1:] != seconds[:-1], True)
        # The newest second may have been cut in two.
        kept = int(self._seconds.searchsorted(seconds[0]))
        self._seconds = np.concatenate((self._seconds[:kept], seconds[last]))
        self._values = tuple(
            np.concatenate((known[:kept], rows.columns[name][last])) for known, name in zip(self._values, _COLUMNS, strict=True)
        )

    def at(self, second: int) -> PriceAt:
        """Give the market at a second."""
        stop = int(self._seconds.searchsorted(second, side="right"))
        if not stop:
            return _UNKNOWN
        price, open_gaps, completeness = (column.item(stop - 1) for column in self._values)
        oldest = second - self._window + 1
        start = max(int(self._seconds.searchsorted(oldest, side="right")) - 1, 0)
        by_second = self._values[0][start:stop]
        first = max(self._seconds.item(start), oldest)
        if len(by_second) <= second - first:  # a second without a row has the price of the row before
            borders = np.append(self._seconds[start:stop], second + 1)
            borders[0] = first
            by_second = np.repeat(by_second, np.diff(borders))
        # Sequential: np.sum would add in an order of its own.
        average = np.add.accumulate(by_second).item(-1) / len(by_second)
        return PriceAt(price, average, open_gaps, completeness)

    def moved(self, price: float, start: int, stop: int) -> int | None:
        """Name the first second of [start, stop) at which the price is another than `price`; None where it is not."""
        if start >= stop:
            return None
        first = int(self._seconds.searchsorted(start, side="right")) - 1
        last = int(self._seconds.searchsorted(stop))
        others = np.flatnonzero(self._values[0][max(first, 0) : last] != price)
        return max(int(self._seconds[max(first, 0) + others[0]]), start) if len(others) else None

    def forget_before(self, second: int) -> None:
        """Forget what no window that ends at this second or later asks for."""
        oldest = second - self._window + 1
        start = int(self._seconds.searchsorted(oldest, side="right")) - 1
        if start > 0:
            self._seconds = self._seconds[start:].copy()
            self._values = tuple(column[start:].copy() for column in self._values)
