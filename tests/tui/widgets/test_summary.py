"""The line of all sources."""

from __future__ import annotations

from functools import reduce as fold

import msgspec
import pytest
from rich.cells import cell_len

from scoring.feed import Hello
from tui import sample
from tui.state import Lost, State, reduce
from tui.widgets.summary import summary

SAMPLE = fold(reduce, sample.events(), State())
LIVE = fold(reduce, sample.live_events(), State())


def test_it_sums_up_what_was_said_what_was_bad_and_what_is_missing() -> None:
    assert summary(SAMPLE, 116).plain == "Sources 3 · 1.28M messages · ! 3 rejects · ! 1 gap · newest 0.2s ago"


def test_an_input_in_trouble_is_named() -> None:
    assert "! telegram down" in summary(LIVE, 116).plain


@pytest.mark.parametrize("is_ended", [False, True])
def test_what_is_heard_no_more_is_told_with_its_instant(is_ended: bool) -> None:
    state = reduce(LIVE, Lost("gone", sample.AT, 4.0, ended=is_ended))
    text = summary(state, 140).plain
    assert "as of 12:16:40" in text
    assert "ago" not in text
    assert "! telegram was down" in text


@pytest.mark.parametrize("width", [1, 20, 40, 60, 78, 116])
def test_it_never_breaks(width: int) -> None:
    hostile = msgspec.structs.replace(LIVE.healths["telegram"], source="\x1b[2J\n" * 40)
    for state in (SAMPLE, LIVE, msgspec.structs.replace(LIVE, healths={"x": hostile})):
        assert cell_len(summary(state, width).plain) <= width
        assert summary(state, width).plain.isprintable()


def test_where_nothing_has_reported_it_says_so() -> None:
    assert summary(State(), 80).plain == ""
    assert summary(reduce(State(), Hello("0", "s", "live", [], [])), 80).plain == "No source has reported."
