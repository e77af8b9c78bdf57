"""How one alert stands: its state in words and marks, and what that waits for."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from scoring.feed import AlertState, RuleText
from tests.tui.alerts_heard import AT, alert
from tui.phases import STATES, Standing, after, length, next_words, state_word, state_words

RULE = RuleText("DRAWDOWN", "critical", "risk_metrics.drawdown > 0.01", "", for_s=30, keep_firing_s=0, cooldown_s=600, on_gap="hold")


def ago(seconds: float) -> datetime:
    return AT - timedelta(seconds=seconds)


def pending(held_s: float, **fields: object) -> AlertState:
    return alert(state="pending", started_at=ago(held_s), fired_at=None, **fields)


def over(ended_s: float) -> AlertState:
    return alert(state="resolved", resolved_at=ago(ended_s))


@pytest.mark.parametrize(
    ("known", "rule", "words", "waits"),
    [
        (alert(), RULE, "* firing", ""),
        (pending(12), RULE, "◔ pending", "12 s of 30 s"),
        (pending(45), RULE, "◔ pending", "30 s of 30 s"),  # the tape is ahead of what is judged
        (pending(-3), RULE, "◔ pending", "0 s of 30 s"),
        (pending(200), None, "◔ pending", "3 m"),
        (alert(state="inhibited", completeness="open_gap(2)", fired_at=None), RULE, "‖ inhibited", "data 2 gap"),
        (alert(state="inhibited", completeness="no_data", fired_at=None), RULE, "‖ inhibited", "no data"),
        (alert(state="no_data"), RULE, "? no data", ""),
        (over(60), RULE, "▽ cooling", "until 12:19:00"),
        (over(600), RULE, "· over", ""),
        (over(60), None, "· over", ""),
        (alert(state="resolved", resolved_at=None), RULE, "· over", ""),
        (alert(state="odd_one"), RULE, "odd one", ""),
    ],
)
def test_a_state_has_a_word_a_mark_and_what_it_waits_for(known: AlertState, rule: RuleText | None, words: str, waits: str) -> None:
    standing = Standing(known, seen=False, silent_until=None, now=AT, rule=rule)
    assert state_words(standing) == words
    assert state_word(standing) in words
    assert next_words(standing) == waits


def test_before_the_tape_has_a_time_nothing_waits() -> None:
    for known in (pending(12), over(60)):
        assert next_words(Standing(known, seen=False, silent_until=None, now=None, rule=RULE)) == ""


def test_seen_and_silent_stand_beside_it() -> None:
    assert state_words(Standing(pending(1), seen=True, silent_until=None, now=AT)) == "◔ pending ✓"
    assert state_words(Standing(pending(1), seen=False, silent_until=AT, now=AT)) == "⊘ 12:10:00"
    assert state_words(Standing(over(60), seen=False, silent_until=AT, now=AT, rule=RULE)) == "▽ cooling"


def test_no_two_states_have_one_mark_or_word() -> None:
    assert len({mark for mark, _ in STATES.values()}) == len(STATES) - 1  # what has lapsed is as over as what was resolved
    assert len({word for _, word in STATES.values()}) == len(STATES)


@pytest.mark.parametrize("seconds", [float("inf"), float("nan"), 1e300, -1e300])
def test_a_cooldown_that_no_calendar_holds_is_not_known(seconds: float) -> None:
    assert after(AT, seconds) is None


def test_lengths_are_whole_units_that_are_over() -> None:
    assert [length(seconds) for seconds in (0.9, 119.9, 120, 7_199, 7_200)] == ["0 s", "119 s", "2 m", "119 m", "2 h"]
