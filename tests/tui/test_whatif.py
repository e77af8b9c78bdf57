"""Another threshold, another `for`: what they may be, and when they would have fired. `test_verdict` says it in words."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from scoring.duration import Duration
from tests.tui.alerts_heard import AT, alert, fall
from tests.tui.test_phases import RULE
from tui.measures import Measures
from tui.whatif import HELD, changed, held_of, judge, longer, step_of, threshold_of


def test_each_time_it_would_have_fired_is_told_and_which_of_them_are_the_time_of_the_alert() -> None:
    seen = Measures()
    for row in fall():
        seen.take(row)
    known = alert()
    answer = judge(known, seen, 0.015, Duration(0))
    assert answer.mine == answer.fired != ()
    assert known.fired_at is not None
    assert answer.covers(known)
    earlier = alert(started_at=AT - timedelta(seconds=50), fired_at=AT - timedelta(seconds=45), resolved_at=AT - timedelta(seconds=40))
    assert judge(earlier, seen, 0.015, Duration(0)).mine == ()
    assert judge(alert(started_at=None), seen, 0.015, Duration(0)).mine == ()


def test_keys_move_a_threshold_by_its_second_digit_without_dust() -> None:
    assert threshold_of(alert()) == 0.01
    assert threshold_of(alert(condition="risk_metrics.drawdown > risk_metrics.price")) is None
    threshold = 0.01
    for _ in range(3):
        threshold = changed(threshold, -1, step_of(0.01))
    assert threshold == 0.007


@pytest.mark.parametrize(("held_s", "held"), [(0, "0s"), (5, "5s"), (7, "5s"), (60, "1m"), (90_000, "1h")])
def test_the_for_of_a_rule_is_at_most_what_was_waited(held_s: int, held: str) -> None:
    known = alert(started_at=AT, fired_at=AT + timedelta(seconds=held_s))
    assert held_of(known) == Duration.parse(held)
    assert held_of(alert(started_at=None)) == HELD[0]


@pytest.mark.parametrize(("for_s", "held"), [(45.0, "45s"), (0.0, "0s"), (-1.0, "1m"), (1e300, "1m")])
def test_the_for_of_a_rule_is_what_the_feed_says_where_it_says_it(for_s: float, held: str) -> None:
    known = alert(started_at=AT, fired_at=AT + timedelta(seconds=60))
    assert held_of(known, msgspec.structs.replace(RULE, for_s=for_s)) == Duration.parse(held)


@pytest.mark.parametrize(
    ("held", "steps", "then"),
    [("30s", 1, "1m"), ("30s", -1, "10s"), ("45s", 1, "1m"), ("45s", -1, "30s"), ("0s", -1, "0s"), ("1h", 9, "1h")],
)
def test_a_for_is_changed_from_place_to_place(held: str, steps: int, then: str) -> None:
    assert longer(Duration.parse(held), steps) == Duration.parse(then)
