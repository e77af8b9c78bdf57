"""What a window of trades remembers: sums and extremes, never a row.

A window takes trades one at a time (`TradeWindow.add`) or as columns, many windows at once (`add_columns`). Both do the same
arithmetic in the same order, so they agree to the last bit and may alternate: sums run in tape order with what was there first,
and what depends on the order of trades is kept in the order of their ids (`runs`). The spread of prices is summed as differences
from the window's first price, which keeps every digit that matters.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from scoring.market.completeness import completeness
from scoring.market.drawdown import deepest_falls
from scoring.market.runs import Run, join_all, place
from scoring.records import NANOSECONDS_PER_MILLISECOND, TradeMetrics

BASIS_POINTS: Final = 10_000
"""In one."""
_HALF_BITS: Final = 32
_LOWER_HALF: Final = (1 << _HALF_BITS) - 1


class TradeWindow(msgspec.Struct):
    """The accumulators of one tumbling window."""

    index: int
    """Number of the window: its start divided by its width."""
    rows: int = 0
    trade_count: int = 0
    volume_base: float = 0.0
    volume_quote: float = 0.0
    taker_buy_base: float = 0.0
    first_price: float = 0.0
    """The first in tape order, from which differences are taken."""
    difference: float = 0.0
    """Σ (price − first_price)."""
    difference_squared: float = 0.0
    """Σ (price − first_price)²."""
    runs: list[Run] = msgspec.field(default_factory=list)
    """The trades in order of their ids."""
    most_runs: int = 256
    """How many runs are kept at most."""
    least_delay_ns: int = 0
    delay_ns: int = 0
    """Σ (receive time − event time), exact at any size."""
    late_rows: int = 0
    repaired_trades: int = 0
    usual_volume: float = math.nan
    """Mean volume of the windows before it, set when it closes."""
    told: str = ""
    """The completeness last told; empty until it closed."""
    revised: bool = False
    """It has changed since it was told."""

    def add(
        self, delay_ns: int, trade_id: int, price: float, quantity: float, buyer_is_maker: bool, single_trades: int, repaired: bool
    ) -> None:
        """Take one trade, or one aggregate of `single_trades`."""
        if self.rows == 0:
            self.first_price = price
            self.least_delay_ns = delay_ns
        self.rows += 1
        self.trade_count += single_trades
        self.volume_base += quantity
        self.volume_quote += price * quantity
        if not buyer_is_maker:
            self.taker_buy_base += quantity
        difference = price - self.first_price
        self.difference += difference
        self.difference_squared += difference * difference
        runs = self.runs
        if runs and trade_id == runs[-1].last_id + 1:
            runs[-1].add(trade_id, price)
        else:
            place(runs, trade_id, price, self.most_runs)
        if delay_ns < self.least_delay_ns:
            self.least_delay_ns = delay_ns
        self.delay_ns += delay_ns
        if repaired:
            self.repaired_trades += 1

    def metrics(self, symbol: str, width_ns: int, open_gaps: int) -> TradeMetrics:
        """Say what happened in the window; it has at least one row."""
        vwap = self.volume_quote / self.volume_base if self.volume_base > 0 else math.nan
        deviation = self.price_stddev()
        whole = join_all(self.runs)
        return TradeMetrics(
            symbol=symbol,
            window_start_ns=self.index * width_ns,
            window_end_ns=(self.index + 1) * width_ns,
            open=whole.open,
            high=whole.high,
            low=whole.low,
            close=whole.close,
            volume_base=self.volume_base,
            volume_quote=self.volume_quote,
            vwap=vwap,
            trade_count=self.trade_count,
            taker_buy_base=self.taker_buy_base,
            price_stddev=deviation,
            price_stddev_bps=deviation / vwap * BASIS_POINTS if vwap > 0 else math.nan,
            max_drawdown=whole.fall,
            volume_spike=self.volume_base / self.usual_volume if self.usual_volume > 0 else math.nan,
            first_trade_id=whole.first_id,
            last_trade_id=whole.last_id,
            skew_ms=self.least_delay_ns / NANOSECONDS_PER_MILLISECOND,
            latency_ms=(self.delay_ns - self.rows * self.least_delay_ns) / (self.rows * NANOSECONDS_PER_MILLISECOND),
            late_rows=self.late_rows,
            repaired_trades=self.repaired_trades,
            open_gaps=open_gaps,
            completeness=completeness(open_gaps, self.repaired_trades),
        )

    def price_stddev(self) -> float:
        """Give the sample standard deviation (ddof = 1) of the rows' prices; NaN below two rows."""
        if self.rows <= 1:
            return math.nan
        squares = self.difference_squared - self.difference * self.difference / self.rows
        return math.sqrt(max(squares, 0.0) / (self.rows - 1))


class TradeColumns(msgspec.Struct, frozen=True):
    """What windows need of a batch of trades, in tape order; each column is [n]."""

    delay_ns: NDArray[np.int64]
    trade_id: NDArray[np.int64]
    price: NDArray[np.float64]
    volume_base: NDArray[np.float64]
    volume_quote: NDArray[np.float64]
    taker_buy_base: NDArray[np.float64]
    single_trades: NDArray[np.int64]

    def take(self, rows: NDArray[np.intp]) -> TradeColumns:
        """Give these rows in this order."""
        return TradeColumns(*[getattr(self, name)[rows] for name in self.__struct_fields__])


def add_columns(windows: Sequence[TradeWindow], starts: NDArray[np.intp], trades: TradeColumns) -> None:
    """Take trades that are not repaired: window k gets the rows from `starts[k]` up to the next start, in tape order."""
    counts = np.append(starts[1:], len(trades.price)) - starts
    _add_sums(windows, starts, counts, trades)
    _add_runs(windows, starts, starts + counts, trades)
    _add_delays(windows, starts, trades.delay_ns)
    for window, count, single_trades in zip(windows, counts.tolist(), np.add.reduceat(trades.single_trades, starts).tolist(), strict=True):
        window.rows += count
        window.trade_count += single_trades


def _add_sums(windows: Sequence[TradeWindow], starts: NDArray[np.intp], counts: NDArray[np.intp], trades: TradeColumns) -> None:
    owner = np.repeat(np.arange(len(windows)), counts)
    first_rows = trades.price[starts].tolist()
    first_prices = [window.first_price if window.rows else first for window, first in zip(windows, first_rows, strict=True)]
    differences = trades.price - np.array(first_prices)[owner]

    def totals(column: NDArray[np.float64], carried: list[float]) -> list[float]:
        # Carry plus first row is the first addition of the sequence, and bincount adds the rest one after the other.
        weights = column.copy()
        weights[starts] += np.array(carried)
        summed: list[float] = np.bincount(owner, weights, len(windows)).tolist()
        return summed

    sums = zip(
        first_prices,
        totals(trades.volume_base, [window.volume_base for window in windows]),
        totals(trades.volume_quote, [window.volume_quote for window in windows]),
        totals(trades.taker_buy_base, [window.taker_buy_base for window in windows]),
        totals(differences, [window.difference for window in windows]),
        totals(differences * differences, [window.difference_squared for window in windows]),
        strict=True,
    )
    for window, values in zip(windows, sums, strict=True):
        (
            window.first_price,
            window.volume_base,
            window.volume_quote,
            window.taker_buy_base,
            window.difference,
            window.difference_squared,
        ) = values


def _add_runs(windows: Sequence[TradeWindow], starts: NDArray[np.intp], stops: NDArray[np.intp], trades: TradeColumns) -> None:
    """Lengthen the last run of each window by its rows, all at once; where they do not continue it, place them one by one."""
    ids, prices = trades.trade_id, trades.price
    first_ids = ids[starts].tolist()
    runs = [
        window.runs[-1] if window.runs and first_id == window.runs[-1].last_id + 1 else None
        for window, first_id in zip(windows, first_ids, strict=True)
    ]
    falls, highs = deepest_falls(prices, starts, np.array([run.high if run else -math.inf for run in runs]))
    lows = np.minimum.reduceat(prices, starts).tolist()
    broken = _broken(starts, ids)
    last_ids, opens, closes = ids[stops - 1].tolist(), prices[starts].tolist(), prices[stops - 1].tolist()
    found = map(Run, first_ids, last_ids, opens, highs.tolist(), lows, closes, falls.tolist())
    for number, (window, run, more) in enumerate(zip(windows, runs, found, strict=True)):
        if number in broken or (run is None and window.runs):
            rows = slice(starts[number], stops[number])
            for trade_id, price in zip(ids[rows].tolist(), prices[rows].tolist(), strict=True):
                place(window.runs, trade_id, price, window.most_runs)
        elif run is None:
            window.runs.append(more)
        else:
            # The falls of these rows are already those below the peak that was carried to them.
            run.last_id, run.high, run.low, run.close = more.last_id, more.high, min(run.low, more.low), more.close
            run.fall = max(run.fall, more.fall)


def _broken(starts: NDArray[np.intp], ids: NDArray[np.int64]) -> set[int]:
    """Number the windows whose rows are not consecutive ids."""
    is_break = ids[1:] - ids[:-1] != 1
    if not is_break.any():
        return set()
    breaks = is_break.nonzero()[0] + 1
    owners = np.searchsorted(starts, breaks, side="right") - 1
    return set(owners[starts[owners] != breaks].tolist())


def _add_delays(windows: Sequence[TradeWindow], starts: NDArray[np.intp], delay_ns: NDArray[np.int64]) -> None:
    leasts = np.minimum.reduceat(delay_ns, starts).tolist()
    # Upper and lower half apart: no clock, however wrong, can overflow the sum.
    upper = np.add.reduceat(delay_ns >> _HALF_BITS, starts).tolist()
    lower = np.add.reduceat(delay_ns & _LOWER_HALF, starts).tolist()
    for window, least, high, low in zip(windows, leasts, upper, lower, strict=True):
        window.least_delay_ns = min(window.least_delay_ns, least) if window.rows else least
        window.delay_ns += (high << _HALF_BITS) + low
