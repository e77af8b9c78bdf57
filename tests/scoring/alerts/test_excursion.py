"""Where a price went after an instant, worked out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.alerts.excursion import Track, eligible, follow

TRACK = Track(np.array([0, 10, 20, 30, 40]), np.array([100.0, 102.0, 95.0, 101.0, 103.0]))


def test_the_return_is_that_at_the_end_and_the_extremes_those_on_the_way() -> None:
    forward, best, worst = follow(TRACK, np.array([0]), 30, 5)
    assert forward.tolist() == [0.01]
    assert best.tolist() == [0.02]
    assert worst.tolist() == [-0.05]


def test_the_newest_price_counts_at_both_ends() -> None:
    forward, _, _ = follow(TRACK, np.array([14]), 20, 5)
    assert forward.tolist() == [pytest.approx(101 / 102 - 1)]


@pytest.mark.parametrize(
    ("entry", "horizon", "why"),
    [(-1, 10, "there is no price yet"), (16, 10, "its price is stale"), (20, 21, "the recording ends before the horizon")],
)
def test_what_the_recording_does_not_hold_is_not_known(entry: int, horizon: int, why: str) -> None:
    for returns in follow(TRACK, np.array([entry]), horizon, 5):
        assert np.isnan(returns).tolist() == [True], why


def test_a_horizon_that_ends_with_the_recording_is_known() -> None:
    assert not np.isnan(follow(TRACK, np.array([20]), 20, 5).forward[0])


def test_without_prices_nothing_is_known() -> None:
    empty = Track(np.zeros(0, np.int64), np.zeros(0))
    assert np.isnan(follow(empty, np.array([0]), 10, 5).forward).all()
    assert eligible(empty, np.zeros(0, np.int64), 5, 10).tolist() == []


def test_random_instants_keep_away_from_alerts_and_from_the_end() -> None:
    assert eligible(TRACK, np.array([10]), 5, 10).tolist() == [0, 20, 30]
    assert eligible(TRACK, np.array([10]), 10, 10).tolist() == [30]
    assert eligible(TRACK, np.array([0, 30]), 5, 10).tolist() == [10, 20]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0.5, 200.0), min_size=2, max_size=30), st.integers(0, 40), st.integers(1, 40))
def test_best_is_a_gain_and_worst_a_loss_and_the_end_lies_between(prices: list[float], entry: int, horizon: int) -> None:
    track = Track(np.arange(len(prices), dtype=np.int64), np.array(prices))
    forward, best, worst = (values[0] for values in follow(track, np.array([entry]), horizon, 0))
    if entry + horizon < len(prices):
        assert worst <= 0 <= best
        assert worst <= forward <= best
        assert best == pytest.approx(max(prices[entry : entry + horizon + 1]) / prices[entry] - 1, abs=1e-12)
    else:
        assert np.isnan([forward, best, worst]).all()
