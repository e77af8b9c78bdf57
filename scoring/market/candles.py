"""`candles`: the exchange's own one-minute candles, as it sent them.

Nothing is computed here: they are stored beside our bars and are what these are checked against. The same minute may come more
than once (the stream, then a REST answer after a reconnect); its key makes the later one count.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from scoring.records import END_NS, Batch, Candle, CandleRow, Column, End, Kind, MarketItem, Rows, Table, columns_of, empty_columns

_COLUMNS: Final = tuple(name for name in columns_of(CandleRow) if name != "symbol")
_NO_CANDLE: Final = Batch(Kind.CANDLE, "", empty_columns(Candle))


class Candles:
    """Candles of one symbol."""

    def __init__(self, symbol: str) -> None:
        """Start without a candle."""
        self.symbol = symbol
        self.through_ns = 0
        """Newest open time seen."""

    def update(self, items: Iterable[MarketItem]) -> list[Rows]:
        """Take items of the symbol in tape order; give each of its batches of candles as rows."""
        told = []
        for item in items:
            if isinstance(item, Batch) and item.kind == Kind.CANDLE and len(item):
                self.through_ns = max(self.through_ns, int(item["open_ns"].max()))
                told.append(self._rows(item))
            elif isinstance(item, End):
                self.through_ns = END_NS
                told.append(self._rows(_NO_CANDLE))
        return told

    def _rows(self, candles: Batch) -> Rows:
        order = np.argsort(candles["open_ns"], kind="stable")
        columns: dict[str, Column] = {"symbol": np.full(len(candles), self.symbol, dtype=object)}
        columns.update((name, candles[name][order]) for name in _COLUMNS)
        return Rows(Table.CANDLES, self.symbol, columns, self.through_ns)
