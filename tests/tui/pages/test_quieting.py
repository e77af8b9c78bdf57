"""What somebody says of an alert where its explanation stands."""

from __future__ import annotations

from datetime import timedelta

import pytest
from textual.pilot import Pilot

from scoring.feed import Hello
from tests.tui.alerts_heard import AT, alert, source
from tests.tui.seen import SIZES, press, show
from tui.app import Ghosttape
from tui.state import reduce


@pytest.mark.parametrize("size", SIZES)
def test_whoever_has_read_why_can_say_so_at_once(size: tuple[int, int]) -> None:
    async def act(pilot: Pilot[None], app: Ghosttape) -> None:
        text = await press(pilot, app, "enter")
        assert "a Acknowledge  s Silence" in text.splitlines()[-1]
        assert "DRAWDOWN" in text.splitlines()[2]
        text = await press(pilot, app, "a")
        assert "Why · DRAWDOWN DOGEUSDT · * firing ✓" in text
        assert "DRAWDOWN" not in text.splitlines()[2]
        assert "* firing ✓" in await press(pilot, app, "escape")

    assert show(act, size=size).sayings.live.seen == ("a1",)


def test_a_silence_is_asked_for_and_taken_back_on_the_explanation() -> None:
    async def act(pilot: Pilot[None], app: Ghosttape) -> None:
        assert "u Unsilence" not in await press(pilot, app, "enter")
        assert "For how long: DRAWDOWN DOGEUSDT" in await press(pilot, app, "s")
        text = await press(pilot, app, "1")
        assert "Why · DRAWDOWN DOGEUSDT · ⊘ 12:20:00" in text
        assert "u Unsilence" in text.splitlines()[-1]
        text = await press(pilot, app, "u")
        assert "⊘" not in text
        assert "DRAWDOWN" in text.splitlines()[2]

    assert show(act).sayings.live.silences == ()


def test_where_the_time_on_the_tape_is_unknown_nothing_is_silenced_and_that_is_said() -> None:
    async def act(pilot: Pilot[None], app: Ghosttape) -> None:
        assert "For how long" not in await press(pilot, app, "s")
        assert [note.message for note in app._notifications] == ["nothing is known of the time on the tape yet"]

    show(act, [Hello("0.1.0", "example", "live", [], []), alert(fired_at=AT)])


def test_a_silence_ends_when_its_question_said_whatever_time_has_passed_since() -> None:
    async def act(pilot: Pilot[None], app: Ghosttape) -> None:
        await press(pilot, app, "s")
        app.state = reduce(app.state, source(AT + timedelta(minutes=5)))
        assert "⊘ 12:20:00" in await press(pilot, app, "1")

    show(act)
