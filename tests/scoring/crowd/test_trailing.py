"""Values against the minutes before them: exact, bounded, and silent until there are enough."""

import math
import pickle
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.crowd.trailing import Trailing

SILENT = (0.0, 0.0)


def test_there_is_no_score_before_there_are_enough_samples() -> None:
    trailing = Trailing(10, 3, [1.0, 1.0])
    trailing.fill(5, 7, SILENT)
    warming = [trailing.warming]
    assert all(math.isnan(score) for score in trailing.scores([9.0, 9.0]))
    trailing.fill(0, 8, SILENT)
    assert [*warming, trailing.warming] == [True, False]
    assert trailing.scores([9.0, -3.0]) == [9.0, -3.0]


def test_a_dead_quiet_day_has_the_least_deviation() -> None:
    trailing = Trailing(1440, 120, [1.0, 0.5])
    trailing.fill(0, 1440, SILENT)
    assert trailing.scores([3.0, 2.0]) == [3.0, 4.0]


def test_a_minute_is_sampled_once() -> None:
    trailing = Trailing(10, 2, [0.001])
    trailing.fill(0, 3, [1.0])
    trailing.fill(0, 3, [50.0])
    trailing.fill(0, 2, [50.0])
    trailing.fill(0, 4, [5.0])
    assert trailing.scores([4.0]) == [(4.0 - 2.0) / 2.0]


def test_a_long_silence_costs_one_fill_and_leaves_nothing_of_before() -> None:
    trailing = Trailing(10, 2, [1.0])
    trailing.fill(0, 10, [1e17 / 3])
    trailing.fill(0, 1 << 40, [0.0])
    assert trailing.scores([2.0]) == [2.0]


def test_a_copy_goes_its_own_way() -> None:
    trailing = Trailing(10, 2, [1.0])
    trailing.fill(0, 2, [4.0])
    other = trailing.copy()
    other.fill(0, 9, [400.0])
    assert trailing.scores([5.0]) == [1.0]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 50),
    st.lists(st.tuples(st.integers(1, 4), st.tuples(st.integers(0, 400), st.floats(-100, 100))), min_size=1, max_size=40),
    st.integers(2, 9),
)
def test_scores_are_those_of_the_plain_list_of_minutes(start: int, spans: list[tuple[int, tuple[int, float]]], length: int) -> None:
    trailing, minutes, stop = Trailing(length, 2, [1.0, 0.5]), list[tuple[int, float]](), start
    for span, values in spans:
        stop += span
        trailing.fill(start, stop, values)
        minutes = [*minutes, *[values] * span][-length:]
        trailing = pickle.loads(pickle.dumps(trailing))
        if len(minutes) > 1:
            counts, momenta = zip(*minutes, strict=True)
            expected = [
                (30 - statistics.fmean(counts)) / max(statistics.stdev(counts), 1.0),
                (7.5 - statistics.fmean(momenta)) / max(statistics.stdev(momenta), 0.5),
            ]
            assert trailing.scores([30, 7.5]) == pytest.approx(expected, rel=1e-9, abs=1e-12)
