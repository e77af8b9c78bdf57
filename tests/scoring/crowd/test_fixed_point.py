"""Sums of scores that remember nothing of what has left them."""

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.crowd.fixed_point import mean_of, to_fixed

SCORES = st.floats(-1.0, 1.0).filter(lambda score: score == 0 or abs(score) >= 2.0**-47)


@settings(max_examples=60)
@given(st.lists(SCORES, min_size=1), st.lists(SCORES))
def test_what_came_and_went_leaves_no_trace(kept: list[float], gone: list[float]) -> None:
    total = sum(map(to_fixed, [*gone, *kept])) - sum(map(to_fixed, gone))
    assert mean_of(total, len(kept)) == float(sum(map(Fraction, kept), Fraction(0)) / len(kept))


@settings(max_examples=60)
@given(st.floats(-1.0, 1.0))
def test_what_is_cut_off_is_too_small_to_be_seen(score: float) -> None:
    assert abs(Fraction(mean_of(to_fixed(score), 1)) - Fraction(score)) < Fraction(1, 1 << 100)


def test_nothing_has_no_mean() -> None:
    assert math.isnan(mean_of(0, 0))


@pytest.mark.parametrize(("value", "error"), [(math.nan, ValueError), (math.inf, OverflowError)])
def test_a_number_without_a_size_is_refused(value: float, error: type[Exception]) -> None:
    with pytest.raises(error):
        to_fixed(value)
