"""Why an alert fired, in words, also where the other side says nonsense."""

from __future__ import annotations

import json

import pytest

from scoring.alerts.explanation import explain
from scoring.feed import AlertState
from tests.tui.alerts_heard import AT, RISK, alert
from tui.why import avoided, evidence, posts, row_of, told

POST = {"channel": "moon", "message_id": 1, "posted": "2026-08-01T12:00:00Z", "score": 0.9, "moved": 0.1, "copies": 2, "text": "up"}


def test_it_speaks_in_the_words_of_the_rules() -> None:
    lines = told(alert())
    assert lines == explain(row_of(alert(evidence="{}")))
    assert lines[0] == "CRITICAL DRAWDOWN DOGEUSDT: firing since 2026-08-01T12:09:40Z"
    assert "because risk_metrics.drawdown > 0.01, held for 5s since 2026-08-01T12:09:35Z" in lines


def test_it_says_what_would_have_kept_it_from_firing() -> None:
    assert avoided(alert())[0].startswith("a threshold beyond 0.03 (3 %) instead of 0.01 (1 %)")
    assert avoided(alert(resolved_at=AT))[-1] == "or a `for` longer than 25s, the time from its start to its end"


def test_evidence_and_posts_are_read() -> None:
    assert [(name, found.value) for name, found in evidence(alert()).items()] == [(RISK, 0.02)]
    assert [(post.channel, post.copies) for post in posts(alert(posts=json.dumps([POST])))] == [("moon", 2)]
    assert len(posts(alert(posts=json.dumps([POST] * 1_000)))) == 20


@pytest.mark.parametrize(
    "known",
    [
        alert(evidence="nonsense", posts="nonsense"),
        alert(evidence="[]", posts="{}"),
        alert(evidence='{"a": {"value": "x"}}', posts='[{"channel": 1}]'),
        alert(evidence='{"a": {"value": 1, "instant": "", "completeness": ""}}', condition="a > 1 and b > 2"),
        alert(condition="risk_metrics.drawdown > 0.01 and trade_metrics.volume_spike > 3"),
        alert(condition="__import__('os').system('x')"),
        alert(condition="(" * 10_000),
        alert(condition="x" * 1_000_000),
        alert(condition="risk_metrics.drawdown > 0.01 or risk_metrics.price > 1"),
        alert(evidence="[" * 100_000, posts="[" * 100_000),
        alert(state="strange", severity="strange", completeness="strange"),
        alert(value=None, peak_value=None, threshold=None),
        alert(started_at=None, fired_at=None),
        alert(rule="\x1b[2J" * 1_000, symbol="\u202e" * 1_000, metric="[b]" * 1_000),
        alert(rule="\ud800", evidence="\ud800", posts="\ud800"),
    ],
)
def test_whatever_the_other_side_says_it_is_a_few_harmless_lines(known: AlertState) -> None:
    lines = [*told(known), *avoided(known)]
    assert 0 < len(lines) < 10
    assert all(line.isprintable() and len(line) < 2_000 for line in lines)
    assert isinstance(evidence(known), dict)
    assert isinstance(posts(known), list)


def test_a_state_this_screen_does_not_know_is_named_as_it_came() -> None:
    assert told(alert(state="pending"))[0] == "CRITICAL DRAWDOWN DOGEUSDT: pending"
