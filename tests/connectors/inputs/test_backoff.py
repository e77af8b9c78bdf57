"""Waits grow, stay below the longest, and are drawn evenly."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connectors.inputs.backoff import Backoff


def test_the_longest_wait_doubles_up_to_the_most() -> None:
    always_longest = Backoff(1.0, 60.0, random=lambda: 1.0)
    assert [always_longest.next() for _ in range(8)] == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]


def test_success_begins_again_with_the_first_wait() -> None:
    always_longest = Backoff(1.0, 60.0, random=lambda: 1.0)
    for _ in range(5):
        always_longest.next()
    always_longest.reset()
    assert always_longest.next() == 1.0


def test_waits_differ_between_two_that_failed_together() -> None:
    one, other = Backoff(), Backoff()
    assert [one.next() for _ in range(10)] != [other.next() for _ in range(10)]


@given(
    first_s=st.floats(0.001, 100), most_s=st.floats(0.001, 100), draws=st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=20)
)
def test_no_wait_is_negative_or_longer_than_the_most(first_s: float, most_s: float, draws: list[float]) -> None:
    given_draws = iter(draws)
    backoff = Backoff(first_s, most_s, random=lambda: next(given_draws))
    assert all(0 <= backoff.next() <= most_s for _ in draws)


def test_many_failures_never_overflow() -> None:
    backoff = Backoff(1.0, 60.0)
    assert all(backoff.next() <= 60.0 for _ in range(5000))
