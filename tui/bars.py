"""The closed windows of trades of one symbol that the screen was told of: what candles and a VWAP band are drawn from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

import msgspec

from scoring.feed import Value, read_number
from tui.instants import instant

LIMIT: Final = 240
"""Windows kept of a symbol."""


class Bar(msgspec.Struct, frozen=True, gc=False):
    """One window. Fields as in `scoring.records.TradeMetrics`; None where the feed did not say."""

    start: datetime
    end: datetime
    open: float | None
    high: float | None
    low: float | None
    close: float | None
    vwap: float | None
    price_stddev: float | None
    """Of the window's prices, quote currency."""
    volume_base: float | None
    trade_count: float | None
    completeness: str


def after(bars: tuple[Bar, ...], row: Mapping[str, Value]) -> tuple[Bar, ...]:
    """Give the bars after a row of `trade_metrics`: a window that is revised is replaced, a wider one is left out."""
    bar = _read(row)
    if bar is None:
        return bars
    if bars and bar.start > bars[-1].start and bar.end - bar.start == bars[-1].end - bars[-1].start:
        return (*bars[-LIMIT + 1 :], bar)
    return _joined(bars, [bar])


def after_all(bars: tuple[Bar, ...], rows: Iterable[Mapping[str, Value]]) -> tuple[Bar, ...]:
    """Give the bars after many rows, which may lie before them."""
    return _joined(bars, [bar for row in rows if (bar := _read(row)) is not None])


def _joined(bars: tuple[Bar, ...], new: list[Bar]) -> tuple[Bar, ...]:
    all_of_them = [*bars, *new]
    width = min((bar.end - bar.start for bar in all_of_them), default=None)
    by_start = {bar.start: bar for bar in all_of_them if bar.end - bar.start == width}
    return tuple(by_start[start] for start in sorted(by_start)[-LIMIT:])


def _read(row: Mapping[str, Value]) -> Bar | None:
    start, end = instant(row.get("window_start")), instant(row.get("window_end"))
    if start is None or end is None or end <= start:
        return None
    mark = row.get("completeness")
    return Bar(
        start=start,
        end=end,
        open=read_number(row.get("open")),
        high=read_number(row.get("high")),
        low=read_number(row.get("low")),
        close=read_number(row.get("close")),
        vwap=read_number(row.get("vwap")),
        price_stddev=read_number(row.get("price_stddev")),
        volume_base=read_number(row.get("volume_base")),
        trade_count=read_number(row.get("trade_count")),
        completeness=mark[:LIMIT] if isinstance(mark, str) else "",
    )
