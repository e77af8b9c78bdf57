"""Sums that no cut can change."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scoring.market.sequential_sum import sequential_sum, sequential_sums

finite = st.floats(-1e12, 1e12)


def by_hand(carry: float, values: list[float]) -> float:
    for value in values:
        carry += value
    return carry


@given(finite, st.lists(finite), st.integers(0, 100))
def test_a_sum_is_the_scalar_loop_to_the_last_bit_wherever_it_is_cut(carry: float, values: list[float], cut: int) -> None:
    expected = by_hand(carry, values)
    assert sequential_sum(carry, np.array(values)).hex() == expected.hex()
    head = sequential_sum(carry, np.array(values[:cut]))
    assert sequential_sum(head, np.array(values[cut:])).hex() == expected.hex()


def test_this_sum_is_not_the_one_numpy_gives() -> None:
    values = np.random.default_rng(1).uniform(0, 1e6, 5000)
    assert sequential_sum(0.0, values.copy()) != float(values.sum())


@given(st.tuples(finite, finite), st.lists(st.tuples(finite, finite), min_size=1))
def test_two_sums_at_once_are_two_sums(carry: tuple[float, float], pairs: list[tuple[float, float]]) -> None:
    first, second = zip(*pairs, strict=True)
    sums = sequential_sums(carry, np.array(first), np.array(second))
    assert [value.hex() for value in sums] == [by_hand(carry[0], list(first)).hex(), by_hand(carry[1], list(second)).hex()]


def test_two_sums_at_once_leave_their_terms_alone() -> None:
    first, second = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    assert sequential_sums((10.0, 20.0), first, second) == (13.0, 27.0)
    assert (first.tolist(), second.tolist()) == ([1.0, 2.0], [3.0, 4.0])
