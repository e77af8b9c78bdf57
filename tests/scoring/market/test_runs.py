"""Trades in order of their ids: any order of arrival ends as the unbroken sequence does."""

from __future__ import annotations

import itertools
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.market.runs import Run, begin_run, join, join_all, place

TICKS = st.sampled_from([100.0, 100.01, 99.99, 103.3, 0.07, 61671.55])
MANY = 99


def in_order(prices: list[float]) -> Run:
    run = begin_run(0, prices[0])
    for trade_id, price in enumerate(prices):
        run.add(trade_id, price)
    return run


def arrived(trades: list[tuple[int, float]], most: int = MANY) -> list[Run]:
    runs: list[Run] = []
    for trade_id, price in trades:
        place(runs, trade_id, price, most)
    return runs


@settings(max_examples=150, deadline=None)
@given(prices=st.lists(TICKS, min_size=1, max_size=14), data=st.data())
def test_any_order_of_arrival_ends_as_the_unbroken_sequence(prices: list[float], data: st.DataObject) -> None:
    trades = data.draw(st.permutations(list(enumerate(prices))))
    runs: list[Run] = []
    for number, (trade_id, price) in enumerate(trades):
        place(runs, trade_id, price, MANY)
        runs = pickle.loads(pickle.dumps(runs))
        # While trades are missing: the numbers of those that are there, in order.
        known = sorted(trades[: number + 1])
        whole, plain = join_all(runs), in_order([price for _, price in known])
        assert (whole.first_id, whole.last_id) == (known[0][0], known[-1][0])
        assert (whole.open, whole.high, whole.low, whole.close) == (plain.open, plain.high, plain.low, plain.close)
        assert whole.fall == plain.fall
        holes = sum(later > earlier + 1 for (earlier, _), (later, _) in itertools.pairwise(known))
        assert len(runs) == holes + 1
    assert runs == [in_order(prices)]


@settings(max_examples=60, deadline=None)
@given(prices=st.lists(TICKS, min_size=3, max_size=9), cuts=st.tuples(st.integers(1, 8), st.integers(1, 8)))
def test_joining_does_not_depend_on_which_is_joined_first(prices: list[float], cuts: tuple[int, int]) -> None:
    low, high = min(min(cuts), len(prices) - 2), min(max(cuts), len(prices) - 1)
    spans = [(0, low), (low, max(high, low + 1)), (max(high, low + 1), len(prices))]
    one, two, three = (arrived([(trade_id, prices[trade_id]) for trade_id in range(*span)])[0] for span in spans)
    assert join(join(one, two), three) == join(one, join(two, three)) == in_order(prices)


def test_ids_that_repeat_leave_open_and_close_as_they_are() -> None:
    (run,) = arrived([(5, 10.0), (5, 12.0), (6, 11.0), (6, 9.0), (5, 1.0)])
    assert (run.first_id, run.last_id, run.open, run.close, run.high, run.low) == (5, 6, 10.0, 11.0, 12.0, 1.0)


def test_too_many_holes_cost_the_lowest() -> None:
    runs = arrived([(1, 10.0), (3, 20.0), (5, 15.0), (7, 5.0)], most=2)
    assert [(run.first_id, run.last_id) for run in runs] == [(1, 5), (7, 7)]
    assert runs[0].fall == 0.25
    place(runs, 4, 8.0, most=2)
    assert (runs[0].last_id, runs[0].close, runs[0].low, runs[0].fall) == (5, 15.0, 8.0, 0.6)
    assert [(run.first_id, run.last_id) for run in arrived([(1, 10.0), (9, 4.0), (4, 2.0)], most=1)] == [(1, 9)]


@pytest.mark.parametrize("peak", [0.0, -2.0])
def test_nothing_falls_from_a_peak_that_is_not_above_zero(peak: float) -> None:
    assert join(begin_run(1, peak), begin_run(2, peak - 1)).fall == 0.0
    assert arrived([(1, peak), (2, peak - 1)])[0].fall == 0.0
