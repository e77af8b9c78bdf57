"""What the command palette offers."""

from __future__ import annotations

import asyncio

import pytest
from textual.command import CommandPalette

from tui import sample
from tui.app import Ghosttape
from tui.commands import Commands
from tui.looks import LOOKS
from tui.pages.catalog import CATALOG


def offered(query: str = "") -> list[str]:
    async def run() -> list[str]:
        app = Ghosttape(sample.heard, wall=lambda: sample.AT)
        async with app.run_test(size=(120, 40)) as pilot:
            await pilot.pause()
            commands = Commands(app.screen)
            found = [hit async for hit in (commands.search(query) if query else commands.discover())]
            return [str(hit.prompt if query else hit.display) for hit in found]  # type: ignore[union-attr]

    return asyncio.run(run())


def test_pages_actions_and_themes_are_offered_before_anything_is_typed() -> None:
    names = offered()
    assert {f"Page: {entry.title}" for entry in CATALOG} <= set(names)
    assert {f"Theme: {look.title}" for look in LOOKS.values()} <= set(names)
    assert any(name.startswith("Filter (") for name in names)
    assert not any(name.startswith(("Symbol:", "Down (")) for name in names)


@pytest.mark.parametrize(("query", "name"), [("doge", "Symbol: DOGEUSDT"), ("light", "Theme: Light"), ("sources", "Page: Sources")])
def test_symbols_themes_and_pages_are_found_by_what_is_typed(query: str, name: str) -> None:
    assert name in offered(query)


def test_it_opens_with_its_key_and_changes_the_theme() -> None:
    async def run() -> tuple[bool, str]:
        app = Ghosttape(sample.heard, wall=lambda: sample.AT)
        async with app.run_test(size=(120, 40)) as pilot:
            await pilot.pause()
            await pilot.press("ctrl+p")
            await pilot.pause()
            opened = isinstance(app.screen, CommandPalette)
            await pilot.press("escape")
            app.wear("ghosttape-light")
            await pilot.pause()
            return opened, app.theme

    assert asyncio.run(run()) == (True, "ghosttape-light")
