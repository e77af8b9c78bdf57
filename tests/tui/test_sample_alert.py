"""The alert of the made-up moment that can be explained."""

from __future__ import annotations

from functools import reduce as fold

from scoring.alerts.expression import compile_condition
from scoring.feed import AlertState, Snapshot
from scoring.records import TABLES, stored_name
from tui import sample, sample_alert, verdict, whatif, why
from tui.measures import Measures
from tui.silences import Said
from tui.standing import standings
from tui.state import State, reduce

[SNAPSHOT] = [event for event in sample.events() if isinstance(event, Snapshot)]
[ALERT] = [alert for alert in SNAPSHOT.alerts if alert.alert_id == sample.EXPLAINED]
ROWS = sample_alert.rows(ALERT, sample.AT)


def judged(alert: AlertState, threshold: float | None) -> str:
    seen = Measures()
    for row in ROWS:
        seen.take(row)
    answer = whatif.judge(alert, seen, threshold, whatif.HELD[0])
    return verdict.words(answer, alert, is_as_it_was=threshold is None)[0]


def test_it_says_nothing_that_a_flow_would_not_say() -> None:
    [table] = [table for name, table in TABLES.items() if name == ROWS[0].table]
    known = {stored_name(name) for name in table.row.__struct_fields__}
    assert all(set(row.columns) <= known and row in SNAPSHOT.rows for row in ROWS)


def test_what_entered_its_rule_is_stored_in_it_and_makes_it_fire() -> None:
    assert set(why.evidence(ALERT)) == {str(metric) for metric in compile_condition(ALERT.condition).metrics}
    assert why.evidence(ALERT)[ALERT.metric].value == ALERT.value
    assert len(why.avoided(ALERT)) == 2


def test_its_posts_moved_the_mood_before_it_fired_those_that_moved_it_furthest_first() -> None:
    posts = why.posts(ALERT)
    assert [abs(post.moved) for post in posts] == sorted((abs(post.moved) for post in posts), reverse=True)
    assert ALERT.fired_at is not None
    assert all(post.posted < ALERT.fired_at.isoformat() for post in posts)


def test_by_its_rows_it_fires_when_it_did_and_with_a_higher_threshold_not_at_all() -> None:
    assert judged(ALERT, None) == "as it was it fired at 12:16:28"
    assert judged(ALERT, 150.0) == "it would not have fired: decoupling_signals.hype_momentum reached 143.2"


def test_every_alert_has_its_rule_and_every_rule_an_alert() -> None:
    rules = {rule.name: rule for rule in sample_alert.RULES}
    assert {alert.rule for alert in SNAPSHOT.alerts} == set(rules)
    assert all(alert.condition == rules[alert.rule].condition for alert in SNAPSHOT.alerts)
    for rule in rules.values():
        assert compile_condition(rule.condition).text == rule.condition
        assert not rule.clear_when or compile_condition(rule.clear_when)


def test_every_state_of_an_alert_is_there_to_be_seen() -> None:
    state = fold(reduce, sample.events(), State())
    assert {standing.state for standing in standings(state, Said())} == {"firing", "no_data", "pending", "inhibited", "cooling", "resolved"}
