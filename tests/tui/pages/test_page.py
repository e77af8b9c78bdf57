"""What every page has: keys that do what the help says, tabs, and a help of its own."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.actions import ActionParseResult
from textual.pilot import Pilot

from tui import sample
from tui.app import Ghosttape
from tui.memory import Memory, Store
from tui.pages.catalog import CATALOG
from tui.pages.page import Page
from tui.settings import ScreenSettings
from tui.state import State
from tui.widgets.help import Help, visible_bindings


async def settle(pilot: Pilot[None]) -> None:
    for _ in range(2):
        await pilot.pause()
        assert isinstance(pilot.app, Ghosttape)
        pilot.app.draw()
    await pilot.pause()


@pytest.mark.parametrize("name", [entry.name for entry in CATALOG])
def test_every_key_the_help_names_does_what_it_says(name: str) -> None:
    """Each from the page as it starts; that the screen is left is noted and not done."""

    async def walk() -> int:
        app = Ghosttape(sample.heard, wall=lambda: sample.AT, settings=ScreenSettings())
        done: list[str] = []
        async with app.run_test(size=(120, 40)) as pilot:
            await settle(pilot)
            run = app.run_action

            async def noted(asked: str | ActionParseResult, *arguments: Any, **more: Any) -> bool:
                action = asked if isinstance(asked, str) else asked[1]
                done.append(action)
                return True if "quit" in action else await run(asked, *arguments, **more)

            app.run_action = noted  # type: ignore[method-assign, assignment]
            pressed = 0
            for key, action in await told(app, pilot):
                await start(app, pilot)
                done.clear()
                await pilot.press(key)
                await pilot.pause()
                assert any(action in asked for asked in done), (key, action, done)
                pressed += 1
        return pressed

    async def start(app: Ghosttape, pilot: Pilot[None]) -> None:
        app.remember(Memory(page=app.memory.page, sort="last", filter="USDT", hidden=("vwap",)))
        app.open_page(name)
        await settle(pilot)
        if app.page is not None:
            app.page.refresh_bindings()

    async def told(app: Ghosttape, pilot: Pilot[None]) -> list[tuple[str, str]]:
        await start(app, pilot)
        actions = {binding.action for _, binding in visible_bindings(app.screen)}
        return [(key, active.binding.action) for key, active in app.screen.active_bindings.items() if active.binding.action in actions]

    assert asyncio.run(walk()) >= 10


@pytest.mark.parametrize("name", [entry.name for entry in CATALOG])
def test_the_help_of_a_page_names_its_keys(name: str) -> None:
    async def run() -> None:
        app = Ghosttape(sample.heard, wall=lambda: sample.AT)
        async with app.run_test(size=(140, 90)) as pilot:
            await settle(pilot)
            app.open_page(name)
            await settle(pilot)
            bindings = [binding for _, binding in visible_bindings(app.screen)]
            await pilot.press("question_mark")
            await settle(pilot)
            assert isinstance(app.screen, Help)
            text = "\n".join(strip.text for strip in app.screen._compositor.render_strips())
            for binding in bindings:
                assert binding.tooltip[:40] in text, binding

    asyncio.run(run())


def test_number_keys_and_clicks_on_the_tabs_change_the_page() -> None:
    async def run() -> None:
        app = Ghosttape(sample.heard, wall=lambda: sample.AT)
        async with app.run_test(size=(120, 40)) as pilot:
            await settle(pilot)
            for number, entry in enumerate(CATALOG, start=1):
                await pilot.press(str(number))
                await settle(pilot)
                assert isinstance(app.page, Page)
                assert app.page.NAME == app.memory.page == entry.name
            await pilot.click("Tabs", offset=(4, 0))
            await settle(pilot)
            assert app.memory.page == "overview"
            await pilot.click("Tabs", offset=(110, 0))
            await settle(pilot)
            assert app.memory.page == "overview"

    asyncio.run(run())


def test_a_page_that_is_not_shown_is_not_drawn() -> None:
    async def run() -> None:
        app = Ghosttape(sample.heard, wall=lambda: sample.AT)
        async with app.run_test(size=(120, 40)) as pilot:
            await settle(pilot)
            overview = app.page
            assert overview is not None
            app.open_page("sources")
            await settle(pilot)
            shown: list[State] = []
            overview.show = shown.append  # type: ignore[method-assign, assignment]
            app.state = msgspec.structs.replace(app.state)
            await settle(pilot)
            assert not shown
            app.open_page("overview")
            await settle(pilot)
            assert shown

    asyncio.run(run())


def test_keys_can_be_chosen() -> None:
    async def run() -> None:
        app = Ghosttape(sample.heard, wall=lambda: sample.AT, settings=ScreenSettings(keys={"screen.sources": "f2"}))
        async with app.run_test(size=(120, 40)) as pilot:
            await settle(pilot)
            await pilot.press("f2")
            await settle(pilot)
            assert app.memory.page == "sources"

    asyncio.run(run())


def test_what_was_shown_is_shown_at_the_next_start(tmp_path: Path) -> None:
    store = Store(tmp_path / "screen.json")

    async def first() -> None:
        app = Ghosttape(sample.heard, wall=lambda: sample.AT, store=store)
        async with app.run_test(size=(120, 40)) as pilot:
            await settle(pilot)
            await pilot.press("j", "s", "b", "T", "g")
            app.open_page("sources")
            await settle(pilot)

    async def second() -> Memory:
        app = Ghosttape(sample.heard, wall=lambda: sample.AT, store=Store(tmp_path / "screen.json"))
        async with app.run_test(size=(120, 40)) as pilot:
            await settle(pilot)
            assert app.page is not None
            assert app.page.NAME == "sources"
            assert app.look.name == app.theme == "ghosttape-light"
            return app.memory

    asyncio.run(first())
    memory = asyncio.run(second())
    assert (memory.symbol, memory.sort, memory.hide_balances, memory.group) == ("ETHUSDT", "symbol", True, "by asset")


def test_a_broken_memory_is_told_on_the_screen_and_forgotten(tmp_path: Path) -> None:
    (tmp_path / "screen.json").write_text('{"page": 3}', encoding="utf-8")

    async def run() -> list[str]:
        app = Ghosttape(sample.heard, wall=lambda: sample.AT, store=Store(tmp_path / "screen.json"))
        async with app.run_test(size=(120, 40)) as pilot:
            await settle(pilot)
            return [notice.message for notice in app._notifications]

    (notice,) = asyncio.run(run())
    assert "ignored" in notice


def test_a_remembered_page_that_is_no_more_gives_the_first(tmp_path: Path) -> None:
    (tmp_path / "screen.json").write_text('{"page": "gone"}', encoding="utf-8")

    async def run() -> str:
        app = Ghosttape(sample.heard, wall=lambda: sample.AT, store=Store(tmp_path / "screen.json"))
        async with app.run_test(size=(120, 40)) as pilot:
            await settle(pilot)
            return app.memory.page

    assert asyncio.run(run()) == "overview"
