"""The last line says the keys of the page, presses those that are clicked, and leaves nothing behind when pages change."""

from __future__ import annotations

import asyncio
import gc

import pytest
from textual.pilot import Pilot
from textual.widget import Widget

from tests.tui.alerts_heard import alert, events
from tests.tui.seen import settle as seen_settle
from tests.tui.seen import show, text_of
from tests.tui.test_app import screen, settle
from tui import sample
from tui.app import Ghosttape
from tui.sample_moments import paused
from tui.state import reduce
from tui.widgets.help import Help
from tui.widgets.key_line import KeyLine, fitting

KEYS = [("a", "a", "First"), ("b", "b", "Second"), ("c", "c", "Help"), ("q", "q", "Quit")]
PAGES = 12


@pytest.mark.parametrize(("width", "shown"), [(200, "abcq"), (28, "acq"), (17, "cq"), (1, "cq")])
def test_help_and_quit_stay_where_there_is_no_room_for_all(width: int, shown: str) -> None:
    assert "".join(name for _, name, _ in fitting(KEYS[:2], KEYS[2:], width)) == shown


@pytest.mark.parametrize("width", [80, 120, 200])
def test_the_line_is_as_wide_as_the_screen_at_most_and_ends_with_help_and_quit(width: int) -> None:
    last = screen(sample.events(), size=(width, 40)).splitlines()[-1]
    assert len(last) <= width
    assert last.rstrip().endswith("? Help  q Quit")


def test_a_tape_that_plays_can_be_paused_on_every_page_of_a_narrow_terminal() -> None:
    async def act(pilot: Pilot[None], app: Ghosttape) -> None:
        for page in ("overview", "asset", "alerts", "sources"):
            app.open_page(page)
            await seen_settle(pilot, app)
            line = app.screen.query_one(KeyLine)
            async with asyncio.timeout(30):
                while "Play/pause" not in str(line.render()):
                    await pilot.pause(0.05)
            assert text_of(app).splitlines()[-1].rstrip().endswith("Play/pause  ? Help  q Quit")

    show(act, paused(), size=(80, 24))


def test_a_click_presses_the_key() -> None:
    async def click(pilot: Pilot[None]) -> None:
        line = pilot.app.screen.query_one(KeyLine)
        at = str(line.render()).index("Help")
        await pilot.click(line, offset=(at, 0))
        await settle(pilot)
        assert isinstance(pilot.app.screen, Help)
        await pilot.press("escape")
        await settle(pilot)
        await pilot.click(pilot.app.screen.query_one(KeyLine), offset=(110, 0))
        assert not isinstance(pilot.app.screen, Help)

    screen(sample.events(), click)


def test_going_from_page_to_page_leaves_no_widget_behind() -> None:
    async def wander(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, Ghosttape)

        async def rounds(count: int) -> int:
            for _ in range(count):
                for key in "1234":
                    await pilot.press(key)
                    await settle(pilot)
            gc.collect()
            return sum(isinstance(thing, Widget) for thing in gc.get_objects())

        first = await rounds(2)
        assert await rounds(PAGES // 4) <= first + 2

    screen(sample.events(), wander)


def test_the_first_alert_brings_its_keys() -> None:
    async def act(pilot: Pilot[None], app: Ghosttape) -> None:
        assert "Acknowledge" not in text_of(app)
        app.state = reduce(app.state, alert())
        async with asyncio.timeout(30):
            while "Acknowledge" not in text_of(app):
                await pilot.pause(0.05)

    show(act, events(alerts=()))


def test_a_look_while_the_program_ends_finds_no_page_and_leaves_it_at_that() -> None:
    async def act(_: Pilot[None], app: Ghosttape) -> None:
        line, page = app.screen.query_one(KeyLine), app.screen
        pages = app._screen_stack[:]
        app._screen_stack.clear()
        try:
            line._follow(page)
        finally:
            app._screen_stack.extend(pages)

    show(act)
