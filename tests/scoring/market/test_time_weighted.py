"""Means weighted with time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.market.time_weighted import TimeWeighted

stands = st.lists(st.tuples(st.floats(-1e6, 1e6), st.integers(0, 30_000_000_000)), min_size=1)


def test_a_value_weighs_as_long_as_it_stood() -> None:
    mean = TimeWeighted()
    mean.add(1.0, 29_000_000_000)
    mean.add(31.0, 1_000_000_000)
    assert mean.mean(otherwise=-1.0) == pytest.approx(2.0, rel=1e-15)


def test_where_no_time_has_passed_the_other_mean_is_given() -> None:
    mean = TimeWeighted()
    mean.add(5.0, 0)
    assert mean.mean(otherwise=7.5) == 7.5


def test_a_value_that_still_stands_is_counted_without_being_kept() -> None:
    mean = TimeWeighted()
    mean.add(2.0, 10)
    assert mean.mean(0.0, standing=4.0, standing_ns=30) == 3.5
    assert mean.mean(0.0) == 2.0


@given(stands, stands)
def test_columns_give_the_bits_of_the_loop(before: list[tuple[float, int]], after: list[tuple[float, int]]) -> None:
    one_by_one, at_once = TimeWeighted(), TimeWeighted()
    for value, length_ns in before + after:
        one_by_one.add(value, length_ns)
    for value, length_ns in before:
        at_once.add(value, length_ns)
    values, lengths_ns = zip(*after, strict=True)
    at_once.add_columns(np.array(values), np.array(lengths_ns), sum(lengths_ns))
    assert (at_once.total.hex(), at_once.stood_ns) == (one_by_one.total.hex(), one_by_one.stood_ns)
