"""The past of one subject."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.outputs.feed_history import History, Part

STEP = 5
PUTS = st.lists(st.tuples(st.integers(0, 120), st.integers(0, 3)), max_size=80)


def told(part: Part | None) -> dict[int, float]:
    if part is None:
        return {}
    assert part[0] == sorted(part[0])
    return dict(zip(part[0], part[1][0], strict=True))


def expected(puts: list[tuple[int, int]], limit: int) -> dict[int, float]:
    """What remains, as a table of steps."""
    steps: dict[int, tuple[int, int]] = {}
    for at_ns, number in puts:
        if at_ns >= steps.get(at_ns // STEP, (0, 0))[0]:
            steps[at_ns // STEP] = (at_ns, number)
    return {at_ns: float(number) for _, (at_ns, number) in sorted(steps.items())[-limit:]}


@settings(max_examples=100)
@given(PUTS)
def test_each_step_keeps_its_last_row_in_whichever_order_they_come(puts: list[tuple[int, int]]) -> None:
    history = History(STEP, 200)
    for sequence, (at_ns, number) in enumerate(puts, 1):
        history.put(at_ns, (float(number),), sequence)
    assert told(history.since(0)) == expected(puts, 200)
    assert history.newest_ns == max((at_ns for at_ns, _ in puts), default=-1)
    newest = told(history.since(0)).keys() - told(history.since(0, but_newest=True)).keys()
    assert newest == ({history.newest_ns} if puts else set())


@settings(max_examples=100)
@given(PUTS, st.lists(st.integers(0, 80), max_size=4))
def test_who_looks_in_between_knows_what_one_knows_who_looks_once(puts: list[tuple[int, int]], looks: list[int]) -> None:
    history, limit = History(STEP, 12), 12
    known: dict[int, tuple[int, float]] = {}
    seen = 0

    def look(sequence: int) -> int:
        known.update({at_ns // STEP: (at_ns, number) for at_ns, number in told(history.since(seen)).items()})
        return sequence

    for sequence, (at_ns, number) in enumerate(puts, 1):
        history.put(at_ns, (float(number),), sequence)
        if sequence in looks:
            seen = look(sequence)
    look(len(puts))
    assert dict(known[step] for step in sorted(known)[-limit:]) == told(history.since(0)) == expected(puts, limit)


@settings(max_examples=100)
@given(PUTS, st.lists(st.integers(0, 80), max_size=6), st.booleans())
def test_who_hears_of_a_row_when_its_step_is_over_misses_none(puts: list[tuple[int, int]], looks: list[int], at_once: bool) -> None:
    history = History(STEP, 200, is_news_late=True)
    known: dict[int, tuple[int, float]] = {}
    seen = 0
    for sequence, (at_ns, number) in enumerate([*puts, (200, 1)], 1):
        if at_once:
            history.put_many(np.array([at_ns], np.int64), np.array([float(number)]), sequence)
        else:
            history.put(at_ns, (float(number),), sequence)
        if sequence in looks or sequence > len(puts):
            known.update({at_ns // STEP: (at_ns, number) for at_ns, number in told(history.since(seen, but_newest=True)).items()})
            seen = sequence
    assert dict(known[step] for step in sorted(known)) == expected(puts, 200)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3)), max_size=30), st.integers(0, 30))
def test_many_rows_at_once_are_the_same_as_one_by_one(steps: list[tuple[int, int]], cut: int) -> None:
    rows = [(step * STEP, float(number)) for step, number in sorted(dict(steps).items())]
    one_by_one, at_once = History(STEP, 8), History(STEP, 8)
    for part in (rows[:cut], rows[cut:], rows[-2:]):
        for at_ns, number in part:
            one_by_one.put(at_ns, (number,), 1)
        if part:
            at_once.put_many(np.array([at for at, _ in part], np.int64), np.array([number for _, number in part]), 1)
    assert at_once.since(0) == one_by_one.since(0)
    assert len(rows) < 9 or len(told(at_once.since(0))) == 8


def test_nothing_is_told_before_the_first_row_or_after_the_last_change() -> None:
    history = History(STEP, 10)
    assert history.since(0) is None
    history.put(2, (3.0,), 2)
    assert history.since(2) is None
    assert history.since(1, but_newest=True) is None
    history.put(2, (3.0,), 3)
    assert history.since(2) is None, "that was known"
    history.put(8, (4.0,), 4)
    history.put(2, (3.0,), 5)
    assert told(history.since(2)) == {8: 4.0}
    history.put(2, (5.0,), 6)
    assert told(history.since(5)) == {2: 5.0}


def test_a_row_has_many_numbers_and_a_word() -> None:
    history = History(1, 10, 2)
    history.put(5, (1.0, 2.0), 1, "a")
    history.put(3, (3.0, 4.0), 2, "b")
    history.put(5, (1.0, 2.0), 3, "c")
    history.put(3, (3.0, 4.0), 4, "d")
    assert history.since(0) == ([3, 5], [[3.0, 1.0], [4.0, 2.0]], ["d", "c"])


@pytest.mark.parametrize("order", [1, -1])
def test_the_oldest_rows_go_first(order: int) -> None:
    history = History(STEP, 3)
    for sequence, step in enumerate(range(20)[::order], 1):
        history.put(step * STEP, (float(step),), sequence)
    assert told(history.since(0)) == {85: 17.0, 90: 18.0, 95: 19.0}
