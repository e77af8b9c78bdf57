"""Quotes in windows: the spread, how long it stood, and the side that was heavier."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.market.quote_windows import QuoteWindow, QuoteWindows
from scoring.market.window_input import COLUMNAR_ROWS
from scoring.records import Column

QuoteRow = tuple[int, float, float, float, float]
WIDTH_NS = 30

odd = st.sampled_from([0.0, -1.0, math.nan, math.inf])
price = st.integers(1, 10**6).map(lambda cents: cents / 100) | odd
step = st.sampled_from([0, 0, 1, 1, 1, 7, 31, 95, -1, -9, -40])
quantity = st.integers(1, 10**6).map(lambda lots: lots / 1000) | st.sampled_from([0.0, math.nan])


def columns(rows: Iterable[QuoteRow]) -> dict[str, Column]:
    received_ns, *rest = zip(*rows, strict=True)
    names = ("bid_price", "bid_quantity", "ask_price", "ask_quantity")
    return {"received_ns": np.array(received_ns, np.int64)} | {
        name: np.array(values, np.float64) for name, values in zip(names, rest, strict=True)
    }


def fingerprint(side: QuoteWindows) -> list[str]:
    """Every bit of the windows that matter, NaN included: a window without a quote gives no row."""
    windows = [repr(window) for _, window in sorted(side.windows.items()) if window.quote_count or window.late_rows]
    return [*windows, repr((side.spread, side.since_ns, side.watermark))]


def quotes_of(*rows: QuoteRow) -> QuoteWindows:
    side = QuoteWindows(WIDTH_NS, lateness_ns=10)
    side.take(columns(rows))
    return side


def test_a_window_knows_the_spreads_of_its_quotes() -> None:
    window = quotes_of((1, 99.0, 3.0, 101.0, 1.0), (2, 199.0, 1.0, 200.0, 4.0)).windows[0]
    assert (window.quote_count, window.spread_sum) == (2, 3.0)
    assert (window.minimum_spread, window.maximum_spread) == (1.0, 2.0)
    assert window.maximum_bps == pytest.approx(200.0)
    assert window.minimum_bps == pytest.approx(1 / 199.5 * 1e4)
    assert window.bps_sum == window.minimum_bps + window.maximum_bps
    assert (window.imbalance_sum, window.imbalance_count) == (0.5 + -0.6, 2)
    assert (window.bid_close, window.ask_close) == (199.0, 200.0)


def test_a_quote_stands_until_the_next_one_and_into_every_window_on_the_way() -> None:
    side = quotes_of((10, 10.0, 1.0, 12.0, 1.0), (20, 10.0, 1.0, 11.0, 1.0), (95, 10.0, 1.0, 16.0, 1.0))
    assert side.time_weighted_spread(side.windows[0], 30) == (2.0 * 10 + 1.0 * 10) / 20
    assert side.time_weighted_spread(side.windows[90], 120) == (1.0 * 5 + 6.0 * 25) / 30
    assert side.time_weighted_spread(side.windows[90], 100) == (1.0 * 5 + 6.0 * 5) / 10


def test_a_window_in_which_no_time_has_passed_takes_the_plain_mean() -> None:
    side = quotes_of((0, 10.0, 1.0, 12.0, 1.0), (0, 10.0, 1.0, 16.0, 1.0))
    assert side.time_weighted_spread(side.windows[0], 0) == 4.0


def test_a_quote_behind_another_counts_in_its_own_window_and_stands_from_the_time_reached() -> None:
    side = quotes_of((10, 10.0, 1.0, 12.0, 1.0), (65, 10.0, 1.0, 11.0, 1.0), (59, 10.0, 1.0, 18.0, 1.0), (75, 10.0, 1.0, 11.0, 1.0))
    assert side.windows[30].quote_count == 1
    assert side.time_weighted_spread(side.windows[30], 60) == 2.0
    assert side.time_weighted_spread(side.windows[60], 90) == (2.0 * 5 + 8.0 * 10 + 1.0 * 15) / 30


@pytest.mark.parametrize("count", [1, COLUMNAR_ROWS + 1])
@pytest.mark.parametrize("absent", [0.0, math.nan, math.inf])
def test_a_quote_without_a_side_is_passed_over_and_the_one_before_stands_on(absent: float, count: int) -> None:
    side = QuoteWindows(WIDTH_NS, lateness_ns=10)
    side.take(columns([(0, 10.0, 1.0, 12.0, 1.0)] * count))
    side.take(columns([(10, absent, 1.0, 12.0, 1.0)] * count))
    side.take(columns([(20, 10.0, 1.0, absent, 1.0)] * count))
    window = side.windows[0]
    assert (window.quote_count, window.minimum_spread, window.maximum_spread) == (count, 2.0, 2.0)
    assert (side.since_ns, side.watermark.reached_ns) == (0, 20)
    assert side.time_weighted_spread(window, 30) == 2.0


@pytest.mark.parametrize("count", [2, COLUMNAR_ROWS + 1])
def test_a_quote_without_a_quantity_has_no_imbalance_but_a_spread(count: int) -> None:
    rows = [(0, 10.0, 3.0, 12.0, 1.0)] + [(0, 10.0, 0.0, 12.0, 0.0)] * (count - 1)
    window = quotes_of(*rows).windows[0]
    assert (window.quote_count, window.imbalance_sum, window.imbalance_count) == (count, 0.5, 1)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(step, price, quantity, price, quantity), min_size=1, max_size=12),
    st.integers(1, 70),
)
def test_columns_give_the_bits_of_the_loop(steps: list[tuple[int, float, float, float, float]], repeats: int) -> None:
    rows, at_ns = [], 10_000
    for length, *rest in steps:
        at_ns += length
        rows += [(at_ns, rest[0], rest[1], rest[2], rest[3])] * repeats
    one_by_one, at_once = QuoteWindows(WIDTH_NS, 10), QuoteWindows(WIDTH_NS, 10)
    for row in rows:
        one_by_one.take(columns([row]))
    at_once.take(columns(rows))
    assert fingerprint(one_by_one) == fingerprint(at_once)


def test_adding_columns_to_a_window_changes_none_of_them() -> None:
    window, generator = QuoteWindow(0), np.random.default_rng(3)
    arrays = [generator.uniform(1, 2, 50) for _ in range(4)]
    before = [array.copy() for array in arrays]
    window.add_columns(arrays[2] - arrays[0], *arrays)
    assert all((array == copy).all() for array, copy in zip(arrays, before, strict=True))
