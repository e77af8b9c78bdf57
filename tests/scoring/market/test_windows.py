"""One window of trades: one by one and as columns to the last bit, and against exact fractions."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.market.windows import TradeColumns, TradeWindow, add_columns
from scoring.records import TradeMetrics

MINUTE_NS = 60 * 10**9


class Row(msgspec.Struct, frozen=True):
    delay_ns: int
    trade_id: int
    price: float
    quantity: float
    buyer_is_maker: bool
    single_trades: int


def one_by_one(window: TradeWindow, rows: list[Row]) -> None:
    for row in rows:
        window.add(row.delay_ns, row.trade_id, row.price, row.quantity, row.buyer_is_maker, row.single_trades, False)


def as_columns(rows: list[Row]) -> TradeColumns:
    quantity, price = np.array([row.quantity for row in rows]), np.array([row.price for row in rows])
    maker = np.array([row.buyer_is_maker for row in rows])
    return TradeColumns(
        delay_ns=np.array([row.delay_ns for row in rows], np.int64),
        trade_id=np.array([row.trade_id for row in rows], np.int64),
        price=price,
        volume_base=quantity,
        volume_quote=price * quantity,
        taker_buy_base=np.where(maker, 0.0, quantity),
        single_trades=np.array([row.single_trades for row in rows], np.int64),
    )


def filled(rows: list[Row]) -> TradeMetrics:
    window = TradeWindow(3)
    one_by_one(window, rows)
    return window.metrics("BTCUSDT", MINUTE_NS, 0)


PRICES = st.floats(0.01, 1e6, allow_nan=False)
ROWS = st.lists(
    st.builds(Row, st.integers(-(10**18), 10**18), st.integers(1, 30), PRICES, st.floats(1e-8, 1e4), st.booleans(), st.integers(1, 5)),
    min_size=1,
    max_size=12,
)


@settings(max_examples=100, deadline=None)
@given(chunks=st.lists(ROWS, min_size=1, max_size=4), cuts=st.data())
def test_columns_do_what_the_loop_does_to_the_last_bit(chunks: list[list[Row]], cuts: st.DataObject) -> None:
    looped = [TradeWindow(k) for k in range(len(chunks))]
    columnar = [TradeWindow(k) for k in range(len(chunks))]
    for window, other, rows in zip(looped, columnar, chunks, strict=True):
        one_by_one(window, rows)
        # Some windows have taken rows before, one by one or as columns.
        cut = cuts.draw(st.integers(0, len(rows) - 1))
        one_by_one(other, rows[: cut // 2])
        if cut // 2 < cut:
            add_columns([other], np.array([0]), as_columns(rows[cut // 2 : cut]))
        rows[:] = rows[cut:]
    add_columns(columnar, np.cumsum([0, *(len(rows) for rows in chunks[:-1])]), as_columns([row for rows in chunks for row in rows]))
    assert [repr(window) for window in columnar] == [repr(window) for window in looped]


@settings(max_examples=60, deadline=None)
@given(rows=ROWS.map(lambda rows: list({row.trade_id: row for row in rows}.values())))
def test_a_window_agrees_with_exact_fractions_in_order_of_ids(rows: list[Row]) -> None:
    metrics = filled(rows)
    rows.sort(key=lambda row: row.trade_id)
    base = sum(Fraction(row.quantity) for row in rows)
    quote = sum(Fraction(row.price) * Fraction(row.quantity) for row in rows)
    prices = [Fraction(row.price) for row in rows]
    falls = [(max(prices[: k + 1]) - price) / max(prices[: k + 1]) for k, price in enumerate(prices)]
    assert metrics.volume_base == pytest.approx(float(base), rel=1e-12)
    assert metrics.volume_quote == pytest.approx(float(quote), rel=1e-12)
    assert metrics.vwap == pytest.approx(float(quote / base), rel=1e-12)
    assert metrics.max_drawdown == pytest.approx(float(max(falls)), rel=1e-12, abs=1e-15)
    assert (metrics.high, metrics.low) == (max(row.price for row in rows), min(row.price for row in rows))
    assert metrics.open == min(rows, key=lambda row: row.trade_id).price
    assert metrics.close == max(rows, key=lambda row: row.trade_id).price
    assert (metrics.first_trade_id, metrics.last_trade_id) == (min(row.trade_id for row in rows), max(row.trade_id for row in rows))
    assert metrics.trade_count == sum(row.single_trades for row in rows)
    assert metrics.taker_buy_base == pytest.approx(sum(row.quantity for row in rows if not row.buyer_is_maker), rel=1e-12)
    least = min(row.delay_ns for row in rows)
    assert metrics.skew_ms == least / 1_000_000
    assert metrics.latency_ms == float(Fraction(sum(row.delay_ns - least for row in rows), len(rows) * 1_000_000))
    if len(rows) > 1:
        deviation = math.sqrt(statistics.variance(prices))
        assert metrics.price_stddev == pytest.approx(deviation, rel=1e-9, abs=1e-9 * metrics.high)
        assert metrics.price_stddev_bps == metrics.price_stddev / metrics.vwap * 10_000


def test_spread_of_prices_keeps_its_digits_far_from_zero() -> None:
    rows = [Row(0, k, 1e9 + k / 1024, 1.0, False, 1) for k in range(1, 5)]
    assert filled(rows).price_stddev == pytest.approx(statistics.stdev(row.price - 1e9 for row in rows), rel=1e-12)


def test_what_one_row_cannot_say_is_not_a_number() -> None:
    metrics = filled([Row(5, 1, 10.0, 2.0, True, 1)])
    assert math.isnan(metrics.price_stddev)
    assert math.isnan(metrics.price_stddev_bps)
    assert math.isnan(metrics.volume_spike)
    assert (metrics.window_start_ns, metrics.window_end_ns) == (3 * MINUTE_NS, 4 * MINUTE_NS)
    assert (metrics.latency_ms, metrics.taker_buy_base, metrics.completeness) == (0.0, 0.0, "complete")


def test_a_peak_that_is_not_above_zero_has_no_fractions() -> None:
    rows = [Row(0, k, price, 1.0, False, 1) for k, price in enumerate([0.0, 0.0, -1.0, 4.0, 3.0], 1)]
    window = TradeWindow(0)
    add_columns([window], np.array([0]), as_columns(rows))
    assert window.runs[0].fall == filled(rows).max_drawdown == 0.25


def test_volume_is_compared_with_what_is_usual() -> None:
    window = TradeWindow(0, usual_volume=4.0)
    window.add(0, 1, 10.0, 6.0, False, 1, True)
    metrics = window.metrics("BTCUSDT", MINUTE_NS, 2)
    assert (metrics.volume_spike, metrics.repaired_trades, metrics.completeness) == (1.5, 1, "open_gap(2)")


def test_rows_are_taken_in_the_order_asked_for() -> None:
    trades = as_columns([Row(k, k, 10.0 + k, 1.0 + k, k == 1, k) for k in range(4)])
    taken = trades.take(np.array([2, 0]))
    assert taken.trade_id.tolist() == taken.delay_ns.tolist() == taken.single_trades.tolist() == [2, 0]
    assert taken.price.tolist() == [12.0, 10.0]
    assert (taken.volume_base.tolist(), taken.volume_quote.tolist(), taken.taker_buy_base.tolist()) == ([3, 1], [36, 10], [3, 1])


def test_delays_of_any_size_are_summed_exactly() -> None:
    year_ns = 365 * 86_400 * 10**9
    rows = [Row(50 * year_ns + k, k, 10.0, 1.0, False, 1) for k in range(1, 41)]
    window = TradeWindow(0)
    add_columns([window], np.array([0]), as_columns(rows))
    assert window.delay_ns == sum(row.delay_ns for row in rows)
    assert window.delay_ns > 1 << 63


def test_published_averages_agree(shared_data: Callable[[str], Path]) -> None:
    for case in json.loads(shared_data("golden/vectors.json").read_text())["vwap_cumulative"]:
        metrics = filled(
            [Row(0, k, float(price), float(vol), False, 1) for k, (price, vol) in enumerate(zip(case["prices"], case["vols"], strict=True))]
        )
        if "vwap" in case:
            assert metrics.vwap == pytest.approx(case["vwap"], rel=1e-12)
        else:
            # Others say the price where nothing was traded; here what is not known is not a number.
            assert math.isnan(metrics.vwap)
