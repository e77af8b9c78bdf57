"""The small price line."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.outputs.feed_history import PriceHistory

STEP = 5


def samples(history: PriceHistory, at: list[int], price: list[float], sequence: int) -> None:
    history.put(np.array(at, np.int64), np.array(price, np.float64), sequence)


@settings(max_examples=50)
@given(st.lists(st.integers(0, 200), min_size=1, max_size=60).map(sorted), st.data())
def test_the_line_does_not_depend_on_how_samples_are_cut(at: list[int], data: st.DataObject) -> None:
    price = [float(i) for i in range(len(at))]
    cut = data.draw(st.integers(0, len(at)))
    whole, pieces = PriceHistory("S", STEP, 100), PriceHistory("S", STEP, 100)
    samples(whole, at, price, 1)
    for part in (slice(0, cut), slice(cut, None)):
        if at[part]:
            samples(pieces, at[part], price[part], 1)
    assert whole.since(0) == pieces.since(0)


def test_nothing_is_told_before_the_first_sample_or_after_the_last_change() -> None:
    history = PriceHistory("S", STEP, 10)
    assert history.since(0) is None
    samples(history, [1], [float("nan")], 1)
    assert history.since(0) is None
    samples(history, [2], [3.0], 2)
    assert history.since(2) is None


def test_a_late_sample_takes_its_place_in_order() -> None:
    history = PriceHistory("S", STEP, 10)
    samples(history, [20], [2.0], 1)
    samples(history, [1, 12], [0.0, 1.0], 2)
    points = history.since(0)
    assert points is not None
    assert points.price == [0.0, 1.0, 2.0]


def test_the_oldest_points_go_first() -> None:
    history = PriceHistory("S", STEP, 3)
    for i in range(20):
        samples(history, [i * STEP], [float(i)], i + 1)
    points = history.since(0)
    assert points is not None
    assert points.price == [17.0, 18.0, 19.0]
