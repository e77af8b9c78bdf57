"""The line that says why the numbers are not followed."""

from __future__ import annotations

from datetime import timedelta
from functools import reduce as fold

import pytest
from rich.cells import cell_len

from tui import sample
from tui.state import Lost, State, reduce
from tui.widgets.notice import notice

SAMPLE = fold(reduce, sample.events(), State())
LOST = Lost("nothing was heard for 5 s", sample.AT, 4.0)


def test_there_is_none_while_the_feed_is_followed() -> None:
    assert notice(SAMPLE, sample.AT, 200).plain == ""
    assert notice(State(), sample.AT, 200).plain == ""


def test_a_lost_feed_says_why_when_it_is_tried_again_and_of_when_the_numbers_are() -> None:
    lost = reduce(SAMPLE, LOST)
    expected = "○ Feed lost: nothing was heard for 5 s; next try in 3 s. Numbers are from 12:16:40."
    assert notice(lost, sample.AT + timedelta(seconds=1), 200).plain == expected
    assert "trying now" in notice(lost, sample.AT + timedelta(minutes=1), 200).plain


@pytest.mark.parametrize("known", [SAMPLE, State()], ids=["followed", "never followed"])
@pytest.mark.parametrize(
    "reason",
    ["nothing was heard for 5 s", "the connection broke", "no answer within 5 s", "nothing listens at 127.0.0.1:8765"],
)
def test_in_80_columns_it_is_one_line_with_when_why_and_the_next_try(known: State, reason: str) -> None:
    line = notice(reduce(known, Lost(reason, sample.AT, 8.0)), sample.AT, 77).plain
    assert cell_len(line) <= 77
    assert line.startswith("○ Lost at 12:16:40: " if known is SAMPLE else "○ No feed: ") or "Numbers are from 12:16:40" in line
    assert reason in line
    assert "in 8 s" in line


def test_where_there_never_was_a_feed_nothing_is_said_to_be_lost() -> None:
    assert notice(reduce(State(), LOST), sample.AT, 200).plain.startswith("○ No feed: ")


def test_the_end_of_a_tape_is_no_failure() -> None:
    ended = reduce(SAMPLE, Lost("the tape has ended", sample.AT, 0.5, ended=True))
    assert notice(ended, sample.AT, 77).plain.startswith("■ The tape has ended at 12:16:40:")


def test_a_hostile_reason_is_harmless() -> None:
    assert notice(reduce(SAMPLE, Lost("\x1b[2J\n[red]", sample.AT, 1.0)), sample.AT, 200).plain.isprintable()
