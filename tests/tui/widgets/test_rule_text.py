"""What a rule asks for, and what one that has not fired waits for, in lines."""

from __future__ import annotations

import msgspec
import pytest
from rich.cells import cell_len

from scoring.feed import AlertState, RuleText
from tests.tui.alerts_heard import AT, alert
from tests.tui.test_phases import RULE, over, pending
from tui.phases import Standing
from tui.widgets.rule_text import asked, waited

SLOW = msgspec.structs.replace(RULE, clear_when="risk_metrics.drawdown < 0.005", keep_firing_s=60, on_gap="judge", summary="It fell fast.")
QUICK = msgspec.structs.replace(RULE, for_s=0, cooldown_s=0)


def standing(known: AlertState, rule: RuleText | None = RULE) -> Standing:
    return Standing(known, seen=False, silent_until=None, now=AT, rule=rule)


def lines(known: AlertState, rule: RuleText | None) -> list[str]:
    return [" ".join(line.split()) for line in asked(standing(known, rule), 80).plain.splitlines()]


def test_every_term_of_a_rule_is_said() -> None:
    assert lines(alert(), SLOW) == [
        "what the rule asks for",
        "It fell fast.",
        "when risk_metrics.drawdown > 0.01",
        "for 30 s",
        "clear when risk_metrics.drawdown < 0.005",
        "clear for 60 s",
        "cooldown 10 m",
        "on a gap it judges all the same",
    ]
    assert lines(alert(), QUICK)[2:] == [
        "for 0 s: it fires at once",
        "clear when it no longer holds",
        "cooldown 0 s: it may fire again at once",
        "on a gap it does not judge until the windows are whole",
    ]
    assert lines(alert(), None) == ["what the rule asks for", "the feed does not say"]


def test_how_far_it_is_stands_beside_what_it_waits_for() -> None:
    assert "for 30 s: pending 12 s of 30 s" in lines(pending(12), RULE)
    assert "cooldown 10 m: cooling until 12:19:00" in lines(over(60), RULE)


@pytest.mark.parametrize(
    ("known", "rule", "words"),
    [
        (
            pending(12),
            RULE,
            "CRITICAL DRAWDOWN DOGEUSDT: pending 12 s of 30 s, since 12:09:48 no alert yet: it fires when its condition has held for 30 s",
        ),
        (pending(12), None, "held for long enough without a break; risk_metrics.drawdown was 0.02 (0.01 is the limit) when that began"),
        (
            alert(state="inhibited", completeness="open_gap(1)"),
            RULE,
            "inhibited data 1 gap, since 12:09:35 data is missing from its windows",
        ),
        (alert(state="inhibited", completeness="no_data"), RULE, "its condition held when the data stopped"),
        (
            alert(state="lapsed", severity="warning"),
            RULE,
            "WARNING DRAWDOWN DOGEUSDT: lapsed, since 12:09:35 it waits no more, and has not fired",
        ),
    ],
)
def test_what_has_not_fired_says_what_it_waits_for(known: AlertState, rule: RuleText | None, words: str) -> None:
    assert words in " ".join(waited(standing(known, rule), 60).plain.split())


@pytest.mark.parametrize("width", [0, 16, 34, 80])
def test_hostile_texts_stay_in_their_place(width: int) -> None:
    evil = "[b]\x1b[2J\n\u202e" * 99
    rule = msgspec.structs.replace(SLOW, condition=evil, clear_when=evil, summary=evil, on_gap=evil)
    known = pending(12, rule=evil, symbol=evil, severity=evil, metric=evil)
    for text in (asked(standing(known, rule), width), waited(standing(known, rule), width)):
        assert all(line.isprintable() for line in text.plain.splitlines())
        assert max(cell_len(line) for line in text.plain.splitlines()) <= max(width, 28)
