"""Sliding windows: the right numbers, whatever way the samples came."""

import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.market.rolling import RollingDrawdown, RollingSums

lengths = st.integers(1, 9)
starts = st.integers(0, 40)
returns = st.lists(st.floats(-0.1, 0.1), min_size=1, max_size=60)
prices = st.lists(st.floats(1.0, 1000.0), min_size=1, max_size=60)
cuts = st.lists(st.integers(1, 12), max_size=12)


def pieces(count: int, sizes: list[int]) -> list[tuple[int, int]]:
    """Cut `count` samples into pieces of these sizes, and a rest."""
    found, at = [], 0
    for size in [*sizes, count]:
        if at < count:
            found.append((at, min(at + size, count)))
            at += size
    return found


@given(lengths, starts, returns)
def test_a_sum_is_the_sum_of_the_last_samples(length: int, start: int, values: list[float]) -> None:
    window = RollingSums(2, length)
    for at, value in enumerate(values):
        total, squares = window.push(start + at, [value, value * value])
        expected = values[max(0, at + 1 - length) : at + 1]
        assert total == pytest.approx(math.fsum(expected), rel=1e-12, abs=1e-15)
        assert squares == pytest.approx(math.fsum(value * value for value in expected), rel=1e-12, abs=1e-15)


@given(lengths, starts, returns, cuts)
def test_sums_do_not_depend_on_how_samples_come_or_on_pickling(length: int, start: int, values: list[float], sizes: list[int]) -> None:
    column = np.array([values, [value * value for value in values]])
    one, many = RollingSums(2, length), RollingSums(2, length)
    singly = [one.push(start + at, column[:, at].tolist()) for at in range(len(values))]
    blockwise: list[list[float]] = []
    for index, (begin, end) in enumerate(pieces(len(values), sizes)):
        if index % 2 and end - begin < 4:
            blockwise += [many.push(start + at, column[:, at].tolist()) for at in range(begin, end)]
        else:
            blockwise += many.extend(start + begin, column[:, begin:end]).T.tolist()
        many = pickle.loads(pickle.dumps(many))
    assert singly == blockwise


@given(lengths, starts, prices)
def test_a_drawdown_is_the_largest_fall_below_the_running_peak_of_the_last_prices(length: int, start: int, values: list[float]) -> None:
    window = RollingDrawdown(length)
    window.restart(values[0])
    for at, price in enumerate(values):
        expected = values[max(0, at + 1 - length) : at + 1]
        falls = [(max(expected[: place + 1]) - low) / max(expected[: place + 1]) for place, low in enumerate(expected)]
        assert window.push(start + at, price) == pytest.approx(max(falls), rel=1e-15, abs=2e-16)


@given(lengths, starts, prices, cuts)
def test_drawdowns_do_not_depend_on_how_prices_come_or_on_pickling(length: int, start: int, values: list[float], sizes: list[int]) -> None:
    one, many = RollingDrawdown(length), RollingDrawdown(length)
    one.restart(values[0])
    many.restart(values[0])
    singly = [one.push(start + at, price) for at, price in enumerate(values)]
    blockwise: list[float] = []
    for index, (begin, end) in enumerate(pieces(len(values), sizes)):
        if index % 2 and end - begin < 4:
            blockwise += [many.push(start + at, values[at]) for at in range(begin, end)]
        else:
            blockwise += many.extend(start + begin, np.array(values[begin:end])).tolist()
        many = pickle.loads(pickle.dumps(many))
    assert singly == blockwise


@given(lengths, starts, returns)
def test_a_restarted_window_is_a_new_one(length: int, start: int, values: list[float]) -> None:
    used, fresh = RollingSums(1, length), RollingSums(1, length)
    used.extend(start, np.array([[0.5] * (2 * length + 1)]))
    used.restart()
    assert used.extend(start + 3, np.array([values])).tolist() == fresh.extend(start + 3, np.array([values])).tolist()


@given(lengths, starts, prices)
def test_a_restarted_drawdown_is_a_new_one(length: int, start: int, values: list[float]) -> None:
    used, fresh = RollingDrawdown(length), RollingDrawdown(length)
    used.restart(5000.0)
    used.extend(start, np.array([5000.0, 1.0] * (length + 1)))
    used.restart(values[0])
    fresh.restart(values[0])
    assert used.extend(start + 3, np.array(values)).tolist() == fresh.extend(start + 3, np.array(values)).tolist()


def test_a_copy_goes_its_own_way() -> None:
    sums, drawdown = RollingSums(1, 3), RollingDrawdown(3)
    drawdown.restart(100.0)
    sums.push(1, [1.0])
    drawdown.push(1, 90.0)
    sums.copy().push(2, [7.0])
    drawdown.copy().push(2, 10.0)
    assert sums.push(2, [2.0]) == [3.0]
    assert drawdown.push(2, 100.0) == 0.1


def test_windows_of_zeros_sum_to_exactly_zero_after_anything() -> None:
    window = RollingSums(1, 5)
    window.extend(0, np.array([[0.1, 0.2, 0.3, 1e9, -1e-9, 0.7, 0.0, 0.0, 0.0]]))
    assert window.extend(9, np.zeros((1, 4)))[0].tolist() == [0.7, 0.0, 0.0, 0.0]
