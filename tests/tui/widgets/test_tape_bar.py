"""The line of a tape that is replayed, and of a screen that is frozen."""

from __future__ import annotations

from datetime import timedelta

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot

from scoring.feed import PaceState
from tests.tui.alerts_heard import AT, events, source
from tests.tui.seen import press, show
from tui.app import Ghosttape
from tui.rewind import Frozen, Kept
from tui.state import Lost, State, reduce
from tui.widgets.tape_bar import bar, still


def state(pace: PaceState | None) -> State:
    known = State()
    for event in events(pace):
        known = reduce(known, event)
    return known


@pytest.mark.parametrize(
    ("pace", "words"),
    [
        (PaceState(10.0, False, None, ""), ["▶ plays ×10", "12:10:00", "12:20:00", "space pauses"]),
        (PaceState(None, True, None, ""), ["‖ paused ×max", "space plays"]),
        (PaceState(0.5, False, None, "alert"), ["▶ plays ×0.5", "to the next alert"]),
        (PaceState(1.0, False, AT + timedelta(minutes=2), ""), ["until 12:12:00"]),
    ],
)
def test_it_says_where_the_tape_is_and_how_it_runs(pace: PaceState, words: list[str]) -> None:
    text = bar(state(pace), 160)[0].plain
    assert [word for word in words if word not in text] == []


def test_the_mark_stands_at_the_share_of_the_tape() -> None:
    text, start, length = bar(state(PaceState(1.0, False, None, "")), 120)
    assert text.plain.index("◆") - start == round(0.5 * (length - 1))


@pytest.mark.parametrize("width", [20, 40, 80, 120, 200])
def test_it_is_never_wider_than_its_place(width: int) -> None:
    known = state(PaceState(10.0, False, None, "alert" * 100))
    assert cell_len(bar(known, width)[0].plain) <= width
    frozen = Frozen(AT, (Kept(AT, known), Kept(AT + timedelta(seconds=9), known)), 0, known)
    assert cell_len(still(frozen, width).plain) <= width


def test_live_there_is_no_tape_and_one_of_unknown_length_has_no_line() -> None:
    assert bar(state(None), 120)[0].plain == ""
    unknown = reduce(State(), events(PaceState(2.0, True, None, ""))[0])
    unknown = reduce(unknown, PaceState(2.0, True, None, ""))
    assert bar(unknown, 120) == (bar(unknown, 120)[0], 0, 0)
    assert bar(unknown, 120)[0].plain == "‖ paused ×2"


def test_a_tape_that_has_ended_neither_plays_nor_pauses() -> None:
    over = reduce(reduce(state(PaceState(2.0, False, None, "")), source()), Lost("the tape has ended", AT, 1.0, ended=True))
    assert bar(over, 120)[0].plain.startswith("■ over")


def test_a_frozen_screen_says_since_when_and_what_it_shows() -> None:
    known = state(None)
    frozen = Frozen(AT + timedelta(seconds=9), (Kept(AT, known), Kept(AT + timedelta(seconds=9), known)), 0, known)
    text = still(frozen, 120).plain
    for words in ("❙❙ frozen since 12:10:09", "shows 12:10:00, 9.0s back", "f returns to now", "1 of 2"):
        assert words in text


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize("pace", [PaceState(10.0, False, None, ""), None])
def test_how_far_the_tape_is_is_drawn_once(pace: PaceState | None, size: tuple[int, int]) -> None:
    async def act(pilot: Pilot[None], app: Ghosttape) -> None:
        text = await press(pilot, app, "1")
        assert sum("━━" in line for line in text.splitlines()) == 1
        assert ("◆─" in text) == (pace is not None)

    show(act, events(pace), size=size)


def test_after_a_lost_feed_nobody_knows_how_the_tape_runs() -> None:
    lost = reduce(state(PaceState(2.0, False, None, "")), Lost("nothing listens", AT, 1.0))
    text = bar(lost, 160)[0].plain
    assert text.startswith("? unknown ×2")
    assert "pauses" not in text
