"""A ladder: levels set in a run of updates, against a dict that is sorted after every one."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.market.ladder import Floats, Ladder

Update = list[tuple[float, float]]
NAN = math.nan
updates = st.lists(st.tuples(st.integers(-30, 30).map(float), st.sampled_from([0.0, 0.0, 1.0, 2.5])), max_size=8)


def run(ladder: Ladder, tape: list[Update], limit: int = 1_000) -> tuple[Ladder, Floats] | None:
    levels = np.array([level for update in tape for level in update]).reshape(-1, 2)
    return ladder.run(levels[:, 0], levels[:, 1], np.cumsum([len(update) for update in tape]), limit)


def plain_top(book: dict[float, float]) -> list[float]:
    keys = sorted(book)[:5]
    missing = [NAN] * (5 - len(keys))
    return [*keys, *missing, *(book[key] for key in keys), *missing]


@given(first=st.dictionaries(st.integers(-30, 30).map(float), st.sampled_from([1.0, 2.5])), tape=st.lists(updates, min_size=1, max_size=80))
@settings(max_examples=150, deadline=None)
def test_a_run_is_read_like_a_sorted_dict(first: dict[float, float], tape: list[Update]) -> None:
    found = run(Ladder.of(first), tape)
    assert found is not None
    book, expected = dict(first), []
    for update in tape:
        for key, quantity in update:
            book.pop(key, None)
            if quantity:
                book[key] = quantity
        expected.append(plain_top(book))
    ladder, tops = found
    assert tops.tobytes() == np.array(expected).tobytes()
    assert ladder.keys[:-5].tolist() == sorted(book)
    assert ladder.quantities[:-5].tolist() == [book[key] for key in sorted(book)]
    assert len(ladder) == len(book)


def test_a_run_that_might_hold_too_many_levels_is_left_to_others() -> None:
    ladder = Ladder.of({1.0: 1.0, 2.0: 1.0})
    assert run(ladder, [[(3.0, 1.0)]], limit=2) is None
    assert run(ladder, [[(2.0, 0.0), (3.0, 1.0)]], limit=2) is None
    assert run(ladder, [[(2.0, 3.0)]], limit=2) is not None


def test_a_ladder_ends_with_five_levels_that_are_not_there() -> None:
    ladder = Ladder.of({2.0: 7.0, 1.0: 5.0})
    assert str(ladder.keys.tolist()) == "[1.0, 2.0, nan, nan, nan, nan, nan]"
    assert str(ladder.quantities.tolist()) == "[5.0, 7.0, nan, nan, nan, nan, nan]"
