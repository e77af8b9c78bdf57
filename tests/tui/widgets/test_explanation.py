"""The blocks of an explanation."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from rich.cells import cell_len
from rich.text import Text

from tests.tui.alerts_heard import AT, alert, events, fall, risk
from tui.measures import Measures
from tui.state import State, reduce
from tui.widgets.explanation import WhatIf, crowd, numbers, reason, supposed, whole

POST = {
    "channel": "moon",
    "message_id": 1,
    "posted": "2026-08-01T12:00:00Z",
    "score": 0.9,
    "moved": 0.1,
    "copies": 2,
    "text": "going up " * 50,
}


def state() -> State:
    known = State()
    for event in events():
        known = reduce(known, event)
    return known


def blocks(width: int) -> list[Text]:
    measures = Measures()
    for row in fall():
        measures.take(row)
    known = alert(posts=json.dumps([POST]))
    wish = WhatIf(known)
    return [
        reason(known, width),
        numbers(known, width),
        crowd(known, width),
        whole(known, state(), width),
        supposed(known, wish, measures, width),
    ]


@pytest.mark.parametrize("width", [60, 76, 110])
def test_no_line_is_longer_than_its_place(width: int) -> None:
    longest = max(cell_len(line) for block in blocks(width) for line in block.plain.splitlines())
    assert longest <= width


def test_numbers_have_their_unit_and_their_quality() -> None:
    line = numbers(alert(), 100).plain.splitlines()[1]
    assert line.split() == ["risk_metrics.drawdown", "0.02", "(2", "%)", "12:09:40", "✓", "whole"]
    assert "nothing is stored" in numbers(alert(evidence="{}"), 100).plain


@pytest.mark.parametrize("width", [40, 56, 76])
def test_in_a_narrow_place_a_number_keeps_its_value_and_its_quality(width: int) -> None:
    line = numbers(alert(), width).plain.splitlines()[1]
    assert "drawdown" in line
    assert line.endswith("0.02 (2 %)  12:09:40  ✓ whole")


def test_a_post_says_when_where_how_it_sounds_what_it_did_and_how_often_it_was_copied() -> None:
    line = crowd(alert(posts=json.dumps([POST])), 80).plain.splitlines()[2]
    assert line.split()[:5] == ["12:00:00", "moon", "+0.90", "+0.1000", "2"]
    assert line.endswith("…")


def test_it_says_how_far_prices_reach_back() -> None:
    assert "prices are known from five minutes before it; the five minutes after it are not over yet" in whole(alert(), state(), 200).plain
    assert "no price of these ten minutes is left" in whole(alert(symbol="BTCUSDT"), state(), 200).plain
    assert "it is not known when" in whole(alert(started_at=None, fired_at=None), state(), 200).plain


def test_what_if_is_judged_again_only_where_something_is_another() -> None:
    seen, known = Measures(), alert()
    wish = WhatIf(known)
    for row in fall():
        seen.take(row)
    first = wish.answer(known, seen)
    assert first.fired
    assert wish.answer(known, seen) is first
    wish.change(30)
    other = wish.answer(known, seen)
    assert (other.fired, other.rows) == ((), 61)
    seen.take(risk(AT + timedelta(seconds=1), 0.5))
    assert wish.answer(known, seen).rows == 62
    wish.reset()
    assert wish.answer(known, seen).fired[0] == first.fired[0]


def test_a_rule_without_a_number_can_only_change_how_long() -> None:
    wish = WhatIf(alert(condition="risk_metrics.drawdown > risk_metrics.price"))
    wish.other()
    wish.change(1)
    assert (wish.threshold, wish.is_held, str(wish.held)) == (None, True, "10s")
    wish.reset()
    assert wish.is_as_it_was
