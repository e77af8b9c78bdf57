"""Log returns: close to the real logarithm, equal on a float and on a column."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.market.returns import log_return

prices = st.floats(1e-8, 1e8)


@given(prices, st.floats(2 / 3, 1.5))
def test_it_is_the_logarithm_to_the_last_bits_up_to_a_ratio_of_one_and_a_half(previous: float, ratio: float) -> None:
    price = previous * ratio
    difference = (price - previous) / previous
    assert log_return(price, previous) == pytest.approx(math.log1p(difference), rel=5e-16 * 4, abs=0)


@given(prices, st.floats(0.5, 2.0))
def test_it_is_within_one_in_ten_trillion_up_to_a_doubling(previous: float, ratio: float) -> None:
    price = previous * ratio
    assert log_return(price, previous) == pytest.approx(math.log1p((price - previous) / previous), rel=1e-13, abs=0)


@pytest.mark.parametrize("ratio", [3.0, 10.0, 1e6])
def test_beyond_that_it_stays_finite_and_too_small(ratio: float) -> None:
    assert math.log(2.0) < log_return(ratio, 1.0) < math.log(ratio)


def test_an_unchanged_price_is_exactly_no_return() -> None:
    assert math.copysign(1.0, log_return(61837.63, 61837.63)) == 1.0
    assert log_return(61837.63, 61837.63) == 0.0


@given(st.lists(st.tuples(prices, prices), min_size=1, max_size=40))
def test_a_column_and_a_float_agree_to_the_last_bit(pairs: list[tuple[float, float]]) -> None:
    column = log_return(np.array([price for price, _ in pairs]), np.array([previous for _, previous in pairs]))
    assert column.tolist() == [log_return(price, previous) for price, previous in pairs]
