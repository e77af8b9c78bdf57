"""A mean that remembers nothing of what has left it."""

import math
import pickle
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.crowd.exact_mean import ExactMean

FINITE = st.floats(-1.0, 1.0) | st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=60)
@given(st.lists(FINITE, min_size=1), st.lists(FINITE))
def test_what_came_and_went_leaves_no_trace(kept: list[float], gone: list[float]) -> None:
    mean = ExactMean()
    for value in [*gone, *kept]:
        mean.add(value)
    mean = pickle.loads(pickle.dumps(mean))
    for value in gone:
        mean.remove(value)
    assert mean.mean() == float(sum(map(Fraction, kept), Fraction(0)) / len(kept))
    assert mean.count == len(kept)


def test_the_smallest_and_the_largest_numbers_are_kept_whole() -> None:
    mean = ExactMean()
    for value in (5e-324, 1.7976931348623157e308, 1.7976931348623157e308):
        mean.add(value)
    mean.remove(1.7976931348623157e308)
    mean.remove(1.7976931348623157e308)
    assert mean.mean() == 5e-324


def test_nothing_has_no_mean() -> None:
    assert math.isnan(ExactMean().mean())


def test_a_copy_goes_its_own_way() -> None:
    mean = ExactMean()
    mean.add(0.25)
    other = mean.copy()
    other.add(0.75)
    assert (mean.mean(), other.mean()) == (0.25, 0.5)


@pytest.mark.parametrize(("value", "error"), [(math.nan, ValueError), (math.inf, OverflowError)])
def test_a_number_without_a_size_is_refused(value: float, error: type[Exception]) -> None:
    with pytest.raises(error):
        ExactMean().add(value)
