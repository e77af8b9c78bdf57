"""What pages may ask of the program."""

from __future__ import annotations

import asyncio

import pytest
from textual.app import App
from textual.widgets import Label

from tui import sample
from tui.app import Ghosttape
from tui.looks import DARK, LIGHT
from tui.shell import look_of, shell


def test_a_widget_of_the_program_finds_it_and_wears_its_theme() -> None:
    async def run() -> None:
        app = Ghosttape(sample.heard, wall=lambda: sample.AT)
        async with app.run_test() as pilot:
            await pilot.pause()
            assert shell(app.screen) is app
            assert look_of(app.screen) is DARK
            app.wear(LIGHT.name)
            assert look_of(app.screen) is LIGHT
            assert app.memory.theme == LIGHT.name

    asyncio.run(run())


def test_a_widget_that_is_shown_alone_is_drawn_in_the_palette_and_has_no_program_to_ask() -> None:
    async def run() -> None:
        app: App[None] = App()
        async with app.run_test():
            label = Label("alone")
            await app.screen.mount(label)
            assert look_of(label) is DARK
            with pytest.raises(TypeError, match="Label is shown in App, which is no Shell"):
                shell(label)

    asyncio.run(run())
