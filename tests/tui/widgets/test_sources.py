"""The list of sources."""

from __future__ import annotations

from functools import reduce as fold

import msgspec
import pytest
from rich.cells import cell_len

from scoring.feed import PaceState
from tui import palette, sample
from tui.state import Lost, State, reduce
from tui.widgets.sources import healths, line, listing

SAMPLE = fold(reduce, sample.events(), State())
BINANCE = SAMPLE.sources["binance"]


def test_each_source_says_what_it_gave_what_was_bad_and_how_long_it_is_silent() -> None:
    heading, *lines = listing(SAMPLE, 44).plain.splitlines()
    assert heading.split() == ["source", "messages", "rejects", "gaps", "silent"]
    assert [text.split() for text in lines] == [
        ["▶", "binance", "1.28M", "3", "1", "0.2s"],
        ["▶", "prices", "50", "0", "0", "19s"],
        ["▶", "telegram", "418", "0", "0", "7.0s"],
    ]


@pytest.mark.parametrize("width", [44, 60, 120])
def test_lines_stand_under_their_heading(width: int) -> None:
    lengths = {cell_len(text) for text in listing(SAMPLE, width).plain.splitlines()}
    assert len(lengths) == 1
    assert max(lengths) <= width


@pytest.mark.parametrize(("state", "mark"), [("live", "●"), ("replaying", "▶"), ("ended", "■"), ("odd", "○")])
def test_the_state_has_a_shape(state: str, mark: str) -> None:
    assert line(msgspec.structs.replace(BINANCE, state=state), SAMPLE, 9).plain[0] == mark


def test_a_tape_that_is_paused_does_not_run() -> None:
    state = reduce(SAMPLE, PaceState(60.0, True, None, ""))
    assert {text[0] for text in listing(state, 60).plain.splitlines()[1:]} == {"‖"}


def test_a_source_that_was_never_heard_has_no_age() -> None:
    assert line(msgspec.structs.replace(BINANCE, last_at=None), SAMPLE, 9).plain.endswith("–")


def test_rejects_and_gaps_stand_out() -> None:
    tints = [span.style.color.name for span in line(BINANCE, SAMPLE, 9).spans if not isinstance(span.style, str) and span.style.color]
    assert tints.count(palette.WARNING) == 2


LIVE = fold(reduce, sample.live_events(), State())


def test_trouble_comes_first_and_says_what_was_wrong_and_when_it_is_tried_again() -> None:
    heading, *lines = healths(LIVE, 140).plain.splitlines()
    assert heading.split()[:3] == ["input/output", "state", "rate/s"]
    assert [text[2:16].strip() for text in lines] == ["binance repair", "telegram", "binance", "kafka out", "this process"]
    assert "next try in 27 s: Connection reset by peer" in lines[1]
    assert "next try" not in lines[2]


def test_what_else_there_is_to_say_is_said_where_nothing_is_wrong() -> None:
    process = LIVE.healths["this process"]
    assert healths(LIVE, 160).plain.splitlines()[-1].split()[:6] == ["●", "this", "process", "live", "412", "MB"]
    wrong = msgspec.structs.replace(process, state="stale", last_error="the disk is nearly full")
    text = healths(msgspec.structs.replace(LIVE, healths={"this process": wrong}), 160).plain
    assert "the disk is nearly full" in text
    assert "412 MB" not in text


LOST = reduce(LIVE, Lost("nothing was heard for 5 s", sample.AT, 4.0))
ENDED = reduce(LIVE, Lost("the flow ended", sample.AT, 4.0, ended=True))


@pytest.mark.parametrize(("state", "mark", "word"), [(LOST, "?", "unknown"), (ENDED, "■", "ended")])
def test_nothing_is_live_that_is_heard_no_more(state: State, mark: str, word: str) -> None:
    assert {text[0] for text in listing(state, 60).plain.splitlines()[1:]} == {mark}
    heading, *lines = healths(state, 140).plain.splitlines()
    start = heading.index("state")
    assert {(text[0], text[start : start + 10].strip()) for text in lines} == {(mark, word)}
    assert any("down at 12:16:40: Connection reset by peer" in text for text in lines)
    assert any(text.rstrip().endswith("live at 12:16:40: 412 MB of memory, 79.6 GB free") for text in lines)
    assert "next try" not in "".join(lines)
    assert palette.UP not in str([span.style for text in (healths(state, 140), listing(state, 60)) for span in text.spans])


def test_a_rate_of_a_feed_that_was_lost_is_not_known_and_its_counts_are() -> None:
    _, *lines = healths(LOST, 140).plain.splitlines()
    [binance] = [text for text in lines if text[2:16].strip() == "binance"]
    assert binance.split()[1:] == ["binance", "unknown", "–", "–", "–", "–", "2", "0", "3", "3", "live", "at", "12:16:40"]
    assert [text.split()[-1] for text in listing(LOST, 60).plain.splitlines()[1:]] == ["–", "–", "–"]


@pytest.mark.parametrize("width", [40, 60, 76, 100, 140, 200])
def test_lines_of_health_have_one_width_and_keep_the_state(width: int) -> None:
    lines = healths(LIVE, width).plain.splitlines()
    assert len({cell_len(text) for text in lines}) == 1
    assert "down" in next(text for text in lines if "telegram" in text)


def test_what_is_wrong_has_a_line_of_its_own_where_a_narrow_one_would_cut_it() -> None:
    lines = healths(LIVE, 76).plain.splitlines()
    [at] = [place for place, text in enumerate(lines) if "telegram" in text]
    assert lines[at + 1].strip() == "next try in 27 s: Connection reset by peer"
    assert "next try" not in lines[at]


def test_hostile_errors_are_harmless() -> None:
    health = msgspec.structs.replace(LIVE.healths["telegram"], source="\x1b[2J\n" * 9, last_error="[bold]\x07\n\u202e" * 99, state="\x1b")
    text = healths(msgspec.structs.replace(LIVE, healths={"x": health}), 120).plain
    assert text.replace("\n", "").isprintable()
    assert len(text.splitlines()) == 3
