"""Depth rows in windows: how the five best levels lean."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.market.depth_windows import DepthWindows
from scoring.records import Column

DepthRow = tuple[int, list[float]]

quantity = st.integers(0, 10**6).map(lambda lots: lots / 1000) | st.sampled_from([0.0, math.nan])
quantities = st.lists(quantity, min_size=10, max_size=10) | st.just([0.0] * 10) | st.just([math.nan] * 10)


def columns(rows: list[DepthRow]) -> dict[str, Column]:
    """Five bids, then five asks."""
    names = [f"{side}_quantity_{level}" for side in ("bid", "ask") for level in range(1, 6)]
    found: dict[str, Column] = {"received_ns": np.array([at_ns for at_ns, _ in rows], np.int64)}
    return found | {name: np.array([values[i] for _, values in rows]) for i, name in enumerate(names)}


def test_a_window_has_the_mean_lean_of_its_rows() -> None:
    side = DepthWindows(30, 10)
    side.take(columns([(1, [1.0] * 5 + [0.6] * 5), (2, [3.0, math.nan, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, math.nan])]))
    window = side.windows[0]
    assert window.depth_count == 2
    assert math.isclose(window.imbalance_top5, (0.25 + 0.5) / 2, rel_tol=1e-15)


def test_an_empty_book_is_counted_and_has_no_lean() -> None:
    side = DepthWindows(30, 10)
    side.take(columns([(1, [0.0] * 10)]))
    assert side.windows[0].depth_count == 1
    assert math.isnan(side.windows[0].imbalance_top5)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from([0, 1, 7, 31, -9, -40]), quantities), min_size=1, max_size=8), st.integers(1, 70))
def test_columns_give_the_bits_of_the_loop(steps: list[tuple[int, list[float]]], repeats: int) -> None:
    rows, at_ns = [], 10_000
    for step, values in steps:
        at_ns += step
        rows += [(at_ns, values)] * repeats
    one_by_one, at_once = DepthWindows(30, 10), DepthWindows(30, 10)
    for row in rows:
        one_by_one.take(columns([row]))
    at_once.take(columns(rows))
    assert repr(sorted(one_by_one.windows.items())) == repr(sorted(at_once.windows.items()))
    assert one_by_one.watermark == at_once.watermark
