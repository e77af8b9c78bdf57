"""Keys that drive a replayed tape, and keys that stop the screen."""

from __future__ import annotations

from datetime import timedelta

import pytest
from textual.pilot import Pilot

from scoring.feed import Control, PaceState, Request
from tests.tui.alerts_heard import AT, events
from tests.tui.seen import press, show, text_of
from tui.app import Ghosttape
from tui.feed import Requests
from tui.state import Lost

PACE = PaceState(10.0, False, None, "")


class Asked(Requests):
    """Requests that are looked at where they wait."""

    @property
    def all(self) -> list[Request]:
        return list(self._waiting)


def said(app: Ghosttape) -> list[str]:
    """Give what was complained of."""
    return [notification.message for notification in app._notifications]


@pytest.mark.parametrize(
    ("keys", "control"),
    [
        (["space"], Control(paused=True)),
        (["full_stop"], Control(step_s=1.0)),
        (["greater_than_sign"], Control(speed=50.0)),
        (["less_than_sign"], Control(speed=5.0)),
        (["n"], Control(until_next="alert")),
        (["N"], Control(until_next="gap")),
        (["t", *"12:15", "enter"], Control(until=AT + timedelta(minutes=5))),
        (["t", *"75%", "enter"], Control(until=AT + timedelta(minutes=5))),
    ],
)
@pytest.mark.parametrize("page", ["1", "3", "4"])
def test_every_key_of_the_tape_asks_for_what_the_help_says_on_every_page(keys: list[str], control: Control, page: str) -> None:
    requests = Asked()
    requests.open()

    async def act(pilot: Pilot[None], app: Ghosttape) -> None:
        await press(pilot, app, page)
        await press(pilot, app, *keys)

    show(act, events(PACE), requests=requests)
    assert requests.all == [control]


def test_a_click_on_the_line_sends_the_tape_there_if_it_lies_ahead() -> None:
    requests = Asked()
    requests.open()

    async def act(pilot: Pilot[None], app: Ghosttape) -> None:
        line = text_of(app).splitlines()[-2]
        await pilot.click("#tape-bar", offset=(line.rindex("─"), 0))
        await pilot.click("#tape-bar", offset=(line.index("━"), 0))
        await press(pilot, app)
        assert said(app) == ["the tape is past 12:00:00: it stands at 12:10:00, and a flow never goes back"]

    show(act, events(PACE), requests=requests)
    assert requests.all == [Control(until=AT + timedelta(minutes=10))]


def test_what_cannot_be_asked_is_said() -> None:
    async def act(pilot: Pilot[None], app: Ghosttape) -> None:
        await press(pilot, app, "space")
        assert said(app) == ["there is no feed: nothing was asked"]

    show(act, events(PACE), requests=Asked())


def test_nothing_is_offered_of_a_tape_that_is_over() -> None:
    requests = Asked()
    requests.open()

    async def act(pilot: Pilot[None], app: Ghosttape) -> None:
        text = await press(pilot, app, "space", "full_stop", "n", "t")
        assert "over ×10" in text
        assert "Play/pause" not in text
        assert said(app) == []

    show(act, [*events(PACE), Lost("the tape has ended", AT, 0.0, ended=True)], requests=requests)
    assert requests.all == []


def test_live_there_is_no_tape_to_drive() -> None:
    requests = Asked()
    requests.open()

    async def act(pilot: Pilot[None], app: Ghosttape) -> None:
        text = await press(pilot, app, "space", "full_stop", "n", "N", "t", "greater_than_sign")
        assert "plays" not in text

    show(act, requests=requests)
    assert requests.all == []


def test_a_frozen_screen_stands_still_and_is_scrolled_back() -> None:
    async def act(pilot: Pilot[None], app: Ghosttape) -> None:
        await press(pilot, app)
        assert "❙❙ frozen since 12:10:00" in await press(pilot, app, "f")
        there = app.rewind.frozen
        assert there is not None
        await press(pilot, app, "left", "left")
        assert app.rewind.frozen is not None
        assert app.rewind.frozen.place == there.place - 2
        await press(pilot, app, "right", "shift+left", "shift+right")
        assert app.rewind.frozen.place == there.place
        assert "frozen" not in await press(pilot, app, "f")

    show(act)


def test_under_a_question_no_key_drives_the_tape() -> None:
    requests = Asked()
    requests.open()

    async def act(pilot: Pilot[None], app: Ghosttape) -> None:
        await press(pilot, app, "slash", *"a b.n<", "enter")
        assert app.memory.alert_filter == "a b.n<"

    show(act, events(PACE), requests=requests)
    assert requests.all == []
