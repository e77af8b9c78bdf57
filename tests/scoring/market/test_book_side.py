"""One side of a book against the plainest one: a dict that is sorted for every look."""

from __future__ import annotations

import math
import pickle
import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.market.book_side import Side
from scoring.market.ladder import Floats, Indices

NAN = math.nan
Levels = list[tuple[float, float]]
prices = st.integers(1, 400).map(float)
levels = st.lists(st.tuples(prices, st.sampled_from([0.0, 0.0, 1.0, 2.5])), max_size=60)


def plain_best(book: dict[float, float], sign: int) -> tuple[list[float], list[float]]:
    keys = sorted(book, key=lambda price: price * sign)[:5]
    return keys, [book[key] for key in keys]


@given(sign=st.sampled_from([-1, 1]), first=levels, diffs=st.lists(levels, max_size=12), pickled=st.integers(0, 12))
@settings(max_examples=150, deadline=None)
def test_the_best_levels_are_those_of_a_sorted_dict(sign: int, first: Levels, diffs: list[Levels], pickled: int) -> None:
    side, book = Side(sign, 5_000), {price: quantity for price, quantity in first if quantity}
    side.replace(first)
    for number, diff in enumerate(diffs):
        if number == pickled:
            side = pickle.loads(pickle.dumps(side))
        side.apply(diff)
        for price, quantity in diff:
            book.pop(price, None)
            if quantity:
                book[price] = quantity
        found_prices, found_quantities = side.best(5)
        expected_prices, expected_quantities = plain_best(book, sign)
        assert found_prices[: len(expected_prices)] == expected_prices
        assert found_quantities[: len(expected_quantities)] == expected_quantities
        assert all(map(math.isnan, found_prices[len(expected_prices) :] + found_quantities[len(expected_quantities) :]))
        assert len(found_prices) == len(found_quantities) == 5
        assert len(side) == len(book)


def columns(diffs: list[Levels]) -> tuple[Floats, Indices]:
    return np.array([level for diff in diffs for level in diff]).reshape(-1, 2), np.cumsum([len(diff) for diff in diffs])


def one_by_one(side: Side, diffs: list[Levels]) -> Floats:
    rows = []
    for diff in diffs:
        side.apply(diff)
        found_prices, found_quantities = side.best(5)
        rows.append(found_prices + found_quantities)
    return np.array(rows).reshape(-1, 10)


@given(
    sign=st.sampled_from([-1, 1]),
    largest=st.sampled_from([5, 20, 5_000]),
    first=levels,
    diffs=st.lists(levels, min_size=1, max_size=50),
    cut=st.integers(0, 50),
)
@settings(max_examples=150, deadline=None)
def test_a_run_gives_what_its_updates_give_one_by_one(sign: int, largest: int, first: Levels, diffs: list[Levels], cut: int) -> None:
    plain, side = Side(sign, largest), Side(sign, largest)
    plain.replace(first)
    side.replace(first)
    expected = one_by_one(plain, diffs)
    found = [side.run(*columns(part)) for part in (diffs[:cut], diffs[cut:]) if part]
    assert np.concatenate(found).tobytes() == expected.tobytes()
    assert len(side) == len(plain)
    assert str(pickle.loads(pickle.dumps(side)).best(64)) == str(plain.best(64))


def test_a_run_of_any_length_gives_what_its_updates_give_one_by_one() -> None:
    dice = random.Random(1)
    diffs = [[(float(dice.gauss(300 + at / 9, 20) // 1), dice.choice([0.0, 1.0, 2.0])) for _ in range(12)] for at in range(1_500)]
    plain, side = Side(1, 5_000), Side(1, 5_000)
    assert side.run(*columns(diffs)).tobytes() == one_by_one(plain, diffs).tobytes()
    assert pickle.dumps(side) == pickle.dumps(plain)


def test_a_side_that_a_run_has_emptied_stays_empty() -> None:
    side = Side(1, 5_000)
    side.replace([(1.0, 1.0), (2.0, 1.0)])
    side.run(*columns([[(1.0, 0.0)], [(2.0, 0.0)]] * 20))
    assert len(side) == 0
    assert np.isnan(side.run(*columns([[(3.0, 0.0)]] * 40))).all()
    assert len(pickle.loads(pickle.dumps(side))) == 0


def test_a_far_level_comes_to_the_top_when_the_near_ones_are_taken_away() -> None:
    side = Side(1, 5_000)
    side.replace([(float(price), 1.0) for price in range(1, 301)])
    side.apply([(float(price), 0.0) for price in range(1, 298)])
    assert side.best(5)[0][:3] == [298.0, 299.0, 300.0]


def test_many_new_near_levels_keep_the_best_right() -> None:
    side = Side(-1, 5_000)
    side.replace([(float(price), 1.0) for price in range(1, 100)])
    side.apply([(float(price), 2.0) for price in range(100, 400)])
    side.apply([(float(price), 0.0) for price in range(396, 400)])
    assert side.best(2) == ([395.0, 394.0], [2.0, 2.0])


def test_a_side_keeps_no_more_than_its_largest_number_of_levels_and_keeps_the_best() -> None:
    side = Side(1, 8)
    side.replace([(float(price), 1.0) for price in range(100, 0, -1)])
    assert len(side) == 8
    side.apply([(float(price) / 2, 1.0) for price in range(1, 12)])
    assert len(side) == 8
    assert side.best(5)[0] == [0.5, 1.0, 1.5, 2.0, 2.5]


def test_an_empty_side_has_levels_that_are_not_there() -> None:
    found_prices, quantities = Side(1, 5).best(5)
    assert all(map(math.isnan, found_prices + quantities))


def test_a_pickle_takes_sixteen_bytes_a_level() -> None:
    side = Side(1, 5_000)
    side.replace([(float(price), 1.0) for price in range(1, 5_001)])
    assert len(pickle.dumps(side)) < 5_000 * 16 + 200
