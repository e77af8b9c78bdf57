"""The line in which something is typed."""

from __future__ import annotations

import asyncio

import pytest
from textual.app import App
from textual.widgets import Input, Label

from tui.widgets.prompt import Prompt


def given(*keys: str, value: str = "", offers: tuple[str, ...] = ()) -> tuple[list[str | None], list[str]]:
    """Press keys; give what came back, and what was heard on the way."""
    answers: list[str | None] = []
    heard: list[str] = []

    async def run() -> None:
        app: App[None] = App()
        async with app.run_test() as pilot:
            app.push_screen(Prompt("/", "[b]part of a name[/b]", value, offers, heard.append), answers.append)
            await pilot.pause()
            assert str(app.screen.query_one(Label).render()) == "/"
            assert app.screen.query_one(Input).has_focus
            for key in keys:
                await pilot.press(key)
                await pilot.pause()

    asyncio.run(run())
    return answers, heard


def test_what_is_typed_acts_at_once_and_is_given_with_enter() -> None:
    answers, heard = given("e", "t", "enter")
    assert answers == ["et"]
    assert heard[-2:] == ["e", "et"]


def test_escape_gives_nothing() -> None:
    assert given("e", "escape")[0] == [None]


def test_it_begins_with_what_was_there_and_goes_on_behind_it() -> None:
    assert given("h", "enter", value="et")[0] == ["eth"]
    assert given("backspace", "enter", value="et")[0] == ["e"]


@pytest.mark.parametrize("typed", ["d", "D"])
def test_the_right_arrow_completes_what_is_offered_in_any_case(typed: str) -> None:
    async def run() -> list[str | None]:
        answers: list[str | None] = []
        app: App[None] = App()
        async with app.run_test() as pilot:
            app.push_screen(Prompt(":", "symbol", "", ("BTCUSDT", "DOGEUSDT")), answers.append)
            await pilot.press(typed)
            while not app.screen.query_one(Input)._suggestion:
                await pilot.pause(0.01)
            await pilot.press("right", "enter")
        return answers

    assert asyncio.run(run()) == ["DOGEUSDT"]
