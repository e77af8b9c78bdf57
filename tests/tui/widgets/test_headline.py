"""The top of the screen."""

from __future__ import annotations

from functools import reduce as fold

import msgspec
import pytest
from rich.cells import cell_len

from scoring.feed import Hello, PaceState
from tui import sample
from tui.state import Lost, State, reduce
from tui.widgets.headline import headline, progress

SAMPLE = fold(reduce, sample.events(), State())


def test_it_names_session_speed_tape_clock_progress_and_link() -> None:
    text = headline(SAMPLE, 120).plain
    for words in ("Ghosttape", "example", "▶ replay ×60", "2026-08-01 12:16:40 UTC", "83%", "● connected"):
        assert words in text


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_it_takes_its_width_and_keeps_clock_and_link_to_the_last(width: int) -> None:
    text = headline(SAMPLE, width).plain
    assert cell_len(text) == width
    assert "12:16:40" in text
    assert text.endswith("connected")


def test_a_replay_draws_how_far_it_is_and_a_live_tape_a_line_at_rest() -> None:
    assert progress(SAMPLE.progress, 60).plain == "━" * 50 + "─" * 10
    assert progress(None, 10).plain == "─" * 10


def test_before_anything_is_heard_it_says_that_it_tries() -> None:
    assert headline(State(), 80).plain.split() == ["Ghosttape", "◌", "connecting"]
    assert headline(reduce(State(), Lost("x", sample.AT, 1.0)), 80).plain.endswith("○ no feed")


def test_a_live_flow_has_a_mode_and_no_speed() -> None:
    live = reduce(State(), Hello("0.1", "today", "live", [], []))
    assert "live" in headline(live, 80).plain
    assert "×" not in headline(live, 80).plain


@pytest.mark.parametrize(
    ("pace", "words"),
    [
        (PaceState(60.0, False, None, ""), "▶ replay ×60"),
        (PaceState(50.0, True, None, ""), "‖ replay ×50"),
        (PaceState(None, False, None, "alert"), "▶ replay ×max"),
    ],
)
def test_a_tape_that_was_paused_or_runs_at_another_speed_is_shown_so(pace: PaceState, words: str) -> None:
    driven = reduce(SAMPLE, pace)
    assert words in headline(driven, 120).plain
    lost = headline(reduce(driven, Lost("reset", sample.AT, 1.0)), 120).plain
    assert f"? {words[2:]}" in lost
    over = headline(reduce(driven, Lost("the tape has ended", sample.AT, 0.0, ended=True)), 120).plain
    assert "■ replay" in over
    assert "▶" not in over


def test_a_hostile_session_name_is_cut_and_cleaned() -> None:
    hello = Hello("0.1", "\x1b[2J" + "x" * 100, "replay\n", [], [])
    text = headline(msgspec.structs.replace(SAMPLE, hello=hello), 200).plain
    assert text.isprintable()
    assert "x" * 30 not in text
