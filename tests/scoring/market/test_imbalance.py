"""Imbalance of a book: an oracle in plain Python, and its edges."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.market.imbalance import imbalance, imbalance_top1, imbalance_top5
from scoring.records import Column

NAN = math.nan


def depth(bids: list[float], asks: list[float]) -> dict[str, Column]:
    """One depth row with these quantities."""
    return {
        **{f"bid_quantity_{level}": np.array([quantity]) for level, quantity in enumerate(bids, 1)},
        **{f"ask_quantity_{level}": np.array([quantity]) for level, quantity in enumerate(asks, 1)},
    }


def test_top1_looks_at_the_best_level_only() -> None:
    columns = depth([3.0, 100.0, 1.0, 1.0, 1.0], [1.0, 0.0, 0.0, 0.0, 0.0])
    assert imbalance_top1(columns).tolist() == [0.5]


def test_top5_adds_five_levels_of_each_side() -> None:
    columns = depth([1.0, 2.0, 3.0, 4.0, 5.0], [1.0, 1.0, 1.0, 1.0, 1.0])
    assert imbalance_top5(columns).tolist() == [0.5]


def test_a_level_that_is_not_there_counts_as_nothing() -> None:
    columns = depth([2.0, NAN, NAN, NAN, NAN], [NAN, NAN, NAN, NAN, NAN])
    assert imbalance_top5(columns).tolist() == [1.0]
    assert imbalance_top1(columns).tolist() == [1.0]


def test_an_empty_book_has_no_imbalance() -> None:
    columns = depth([NAN] * 5, [NAN] * 5)
    assert np.isnan(imbalance_top5(columns)).tolist() == [True]
    assert np.isnan(imbalance_top1(columns)).tolist() == [True]


def test_no_rows_give_no_rows() -> None:
    assert imbalance(np.empty(0), np.empty(0)).tolist() == []


quantities = st.lists(st.floats(1e-8, 1e9) | st.just(NAN), min_size=5, max_size=5)


@given(bids=quantities, asks=quantities)
@settings(max_examples=100, deadline=None)
def test_it_equals_plain_arithmetic_in_level_order_to_the_last_bit(bids: list[float], asks: list[float]) -> None:
    bid = ask = 0.0
    for level in range(5):
        bid += 0.0 if math.isnan(bids[level]) else bids[level]
        ask += 0.0 if math.isnan(asks[level]) else asks[level]
    expected = (bid - ask) / (bid + ask) if bid + ask else NAN
    (found,) = imbalance_top5(depth(bids, asks)).tolist()
    assert found == expected or (math.isnan(found) and math.isnan(expected))
    assert math.isnan(found) or -1 <= found <= 1
