"""Weights, refusals and bans."""

from __future__ import annotations

import json

import pytest

from connectors.outputs.exchange_door import Attempts, Budget, RefusedError, respond


class Time:
    """A clock that is turned by hand."""

    def __init__(self) -> None:
        self.seconds = 1_000.0 * 60

    def __call__(self) -> float:
        return self.seconds


def refused(budget: Budget | Attempts, weight: int = 1) -> RefusedError:
    with pytest.raises(RefusedError) as found:
        budget.spend(weight) if isinstance(budget, Budget) else budget.spend()
    return found.value


def test_weights_are_counted_by_the_minute() -> None:
    time = Time()
    budget = Budget(10, 5, 120, time)
    budget.spend(4)
    budget.spend(6)
    assert budget.used == 10
    time.seconds += 20
    error = refused(budget)
    assert (error.status, error.code, error.retry_after_s) == (429, -1003, 41)
    time.seconds += 41
    budget.spend(1)
    assert budget.used == 1


def test_who_goes_on_is_banned_for_a_while() -> None:
    time = Time()
    budget = Budget(1, 2, 120, time)
    budget.spend(1)
    assert [refused(budget).status for _ in range(5)] == [429, 429, 429, 418, 418]
    assert refused(budget).retry_after_s == 121
    time.seconds += 121
    budget.spend(1)


def test_connections_are_counted_over_five_minutes() -> None:
    time = Time()
    attempts = Attempts(2, time)
    attempts.spend()
    time.seconds += 100
    attempts.spend()
    assert (refused(attempts).status, refused(attempts).retry_after_s) == (429, 201)
    time.seconds += 200
    attempts.spend()
    refused(attempts)


def test_answers_are_whole_and_say_so() -> None:
    response = respond({"a": 1}, {"X-Test": "1"})
    assert (response.status_code, json.loads(response.body)) == (200, {"a": 1})
    assert response.headers["Content-Length"] == str(len(response.body))
    assert response.headers["X-Test"] == "1"


@pytest.mark.parametrize("status", [400, 403, 418, 429, 451, 503])
def test_errors_are_in_the_words_of_the_exchange(status: int) -> None:
    response = RefusedError(-1121, "Invalid symbol.", status, 7).response({})
    assert (response.status_code, json.loads(response.body)) == (status, {"code": -1121, "msg": "Invalid symbol."})
    assert response.headers["Retry-After"] == "7"
    assert response.reason_phrase
