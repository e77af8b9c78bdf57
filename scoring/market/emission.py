"""The rows of one update, in the order they came about.

Rows that close together go out together, in order of their instants. A revision goes out by itself, after what closed before it,
so that of two rows with one key the later is always the one that counts.
"""

from __future__ import annotations

from scoring.records import Rows, Table, TradeMetrics, to_columns


class Emission:
    """Collects what one call of `Bars.update` says."""

    def __init__(self, symbol: str) -> None:
        """Start with nothing to say."""
        self.symbol = symbol
        self.closed: list[TradeMetrics] = []
        """Rows of windows that closed, not sealed yet."""
        self.as_of: TradeMetrics | None = None
        """What the open window looked like at the newest whole second."""
        self.is_due = False
        """Rows go out even without a row, for their `through_ns`."""
        self._rows: list[Rows] = []

    def revise(self, rows: list[TradeMetrics], through_ns: int) -> None:
        """Take revisions: rows told before that have changed."""
        if self.closed:
            self._seal(self.closed, through_ns)
            self.closed = []
        self._seal(rows, through_ns)

    def rows(self, through_ns: int) -> list[Rows]:
        """Give everything; the provisional row last, unless its window has closed since."""
        if self.closed or self.is_due:
            self._seal(self.closed, through_ns)
        if self.as_of and self.as_of.window_end_ns > through_ns:
            columns = to_columns(TradeMetrics, [self.as_of])
            self._rows.append(Rows(Table.TRADE_METRICS, self.symbol, columns, through_ns, provisional=True))
        return self._rows

    def _seal(self, rows: list[TradeMetrics], through_ns: int) -> None:
        ordered = sorted(rows, key=_instant)
        self._rows.append(Rows(Table.TRADE_METRICS, self.symbol, to_columns(TradeMetrics, ordered), through_ns))


def _instant(row: TradeMetrics) -> tuple[int, int]:
    """Order by the end of the window; of windows that end together the widest comes first."""
    return row.window_end_ns, row.window_start_ns
