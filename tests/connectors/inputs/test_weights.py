"""The budget of request weights: minutes of a clock that the test turns."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connectors.inputs.weights import WeightBudget


class Clock:
    def __init__(self) -> None:
        self.now = 600.0

    def __call__(self) -> float:
        return self.now


@given(st.lists(st.tuples(st.integers(1, 50), st.floats(0, 40)), max_size=60))
def test_no_minute_is_given_more_than_the_limit(asks: list[tuple[int, float]]) -> None:
    clock = Clock()
    budget = WeightBudget(100, clock)
    used: dict[int, int] = {}
    for weight, pause in asks:
        clock.now += pause
        while wait := budget.reserve(weight):
            assert 0 < wait <= 60
            clock.now += wait
        minute = int(clock.now // 60)
        used[minute] = used.get(minute, 0) + weight
    assert all(total <= 100 for total in used.values())


def test_what_others_at_this_address_have_used_counts_until_the_minute_is_over() -> None:
    clock = Clock()
    budget = WeightBudget(100, clock)
    assert budget.reserve(10) == 0
    budget.told(95, budget.minute())
    assert budget.used == 95
    clock.now += 20
    assert budget.reserve(10) == 40
    clock.now += 40
    assert (budget.reserve(10), budget.used) == (0, 10)


def test_an_answer_that_comes_after_its_minute_says_nothing_of_the_next() -> None:
    clock = Clock()
    budget = WeightBudget(100, clock)
    minute = budget.minute()
    clock.now += 60
    budget.told(100, minute)
    assert budget.reserve(100) == 0


def test_the_own_count_stands_where_the_exchange_says_less() -> None:
    budget = WeightBudget(100, Clock())
    budget.reserve(80)
    budget.told(5, budget.minute())
    assert budget.used == 80


def test_nobody_asks_while_it_is_shut() -> None:
    clock = Clock()
    budget = WeightBudget(100, clock)
    budget.shut(500)
    budget.shut(30)
    assert (budget.reserve(1), budget.shut_for()) == (500, 500)
    clock.now += 500
    assert (budget.reserve(1), budget.shut_for()) == (0, 0)


def test_a_request_heavier_than_the_limit_gets_a_minute_of_its_own_and_does_not_wait_for_ever() -> None:
    clock = Clock()
    budget = WeightBudget(100, clock)
    budget.reserve(1)
    assert budget.reserve(250) == 60
    clock.now += 60
    assert budget.reserve(250) == 0
    assert budget.reserve(1) == 60
