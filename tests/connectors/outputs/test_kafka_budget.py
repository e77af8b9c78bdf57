"""What a budget lets through depends on receive times alone."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from connectors.outputs.kafka_budget import Budget, BudgetSettings
from connectors.wire.kafka import Event
from scoring.duration import Duration
from scoring.errors import SettingError

SECOND_NS = 10**9
HOUR_NS = 3_600 * SECOND_NS
DAY_NS = 24 * HOUR_NS


def event(key: str = "BTCUSDT", number: int = 0, topic: str = "binance.trades") -> Event:
    return Event(topic, key.encode(), b"%d" % number)


def passed(budget: Budget, *arrivals: tuple[int, Event], reached_ns: int = 0) -> list[int]:
    return [int(each.value) for each in budget.update(arrivals, reached_ns)]


def test_as_it_stands_everything_is_produced() -> None:
    budget = Budget(BudgetSettings())
    assert passed(budget, *((at, event(number=at)) for at in range(50)), reached_ns=99) == list(range(50))
    assert budget.withheld == 0


@pytest.mark.parametrize(
    ("span", "hours"),
    [("08:00-10:00", {8, 9}), ("22:00-02:00", {22, 23, 0, 1}), ("23:00-24:00", {23}), ("00:00-01:00", {0})],
)
def test_only_in_its_hours(span: str, hours: set[int]) -> None:
    budget = Budget(BudgetSettings(hours=(span,)))
    found = passed(budget, *((3 * DAY_NS + hour * HOUR_NS, event(number=hour)) for hour in range(24)))
    assert set(found) == hours
    assert budget.withheld == 24 - len(hours)


@pytest.mark.parametrize("span", ["8-10", "08:00-08:00", "24:00-01:00", "00:00-24:30", "25:00-26:00", ""])
def test_an_hour_that_is_none_is_refused(span: str) -> None:
    with pytest.raises(SettingError, match="UTC spans such as"):
        Budget(BudgetSettings(hours=(span,)))


def test_the_newest_of_each_key_and_interval_when_it_has_passed() -> None:
    budget = Budget(BudgetSettings(interval=Duration.parse("1s")))
    at = 5 * SECOND_NS
    assert passed(budget, (at, event("A", 1)), (at + 1, event("B", 2)), (at + 2, event("A", 3))) == []
    assert passed(budget, reached_ns=at + SECOND_NS - 1) == []
    assert passed(budget, reached_ns=at + SECOND_NS) == [2, 3]
    assert passed(budget, (at + SECOND_NS, event("A", 4)), (at + 9 * SECOND_NS, event("A", 5))) == [4]
    assert budget.withheld == 1


def test_what_is_said_once_is_not_sampled() -> None:
    budget = Budget(BudgetSettings(interval=Duration.parse("1s")))
    assert passed(budget, (1, event(number=1, topic="live-social")), (2, event(number=2, topic="live-social"))) == [1, 2]


def test_a_day_has_so_many_messages() -> None:
    budget = Budget(BudgetSettings(messages_a_day=3))
    assert passed(budget, *((hour * HOUR_NS, event(number=hour)) for hour in range(50))) == [0, 1, 2, 24, 25, 26, 48, 49]
    assert budget.withheld == 42


MOMENTS = some.tuples(some.integers(0, 3 * DAY_NS), some.sampled_from("ABC"), some.sampled_from(["binance.trades", "live-social"]))


@settings(max_examples=60)
@given(
    some.lists(
        some.tuples(some.integers(0, 3 * DAY_NS), some.sampled_from("ABC"), some.sampled_from(["binance.trades", "live-social"])),
        max_size=40,
    ),
    some.sets(some.integers(0, 40)),
    some.sampled_from([0, 1, HOUR_NS, 7 * HOUR_NS]),
    some.sampled_from([0, 3]),
)
def test_cuts_pickles_and_looks_at_the_clock_change_nothing(
    drawn: list[tuple[int, str, str]], cuts: set[int], interval: int, limit: int
) -> None:
    arrivals = [(at, event(key, number, topic)) for number, (at, key, topic) in enumerate(sorted(drawn))]
    shape = BudgetSettings(hours=("06:00-22:00",), interval=Duration(interval), messages_a_day=limit)
    whole = Budget(shape)
    expected = passed(whole, *arrivals, reached_ns=9 * DAY_NS)
    budget, found = Budget(shape), list[int]()
    for number, arrival in enumerate(arrivals):
        if number in cuts:
            budget = pickle.loads(pickle.dumps(budget.copy()))
            found += passed(budget, reached_ns=arrival[0])
        found += passed(budget, arrival)
    found += passed(budget, reached_ns=9 * DAY_NS)
    assert found == expected
    assert budget.withheld == whole.withheld
    assert len(found) + budget.withheld == len(arrivals)


def test_a_copy_goes_on_by_itself() -> None:
    budget = Budget(BudgetSettings(interval=Duration.parse("1s")))
    budget.update([(1, event(number=1))])
    copied = budget.copy()
    assert passed(budget, (2, event(number=2)), reached_ns=SECOND_NS) == [2]
    assert passed(copied, reached_ns=SECOND_NS) == [1]
