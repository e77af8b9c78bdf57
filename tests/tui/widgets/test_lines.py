"""Lines are drawn when they change."""

from __future__ import annotations

import asyncio

from rich.text import Text
from textual.app import App, ComposeResult

from tui.widgets.lines import Lines


class Page(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.lines = Lines()
        self.lines.styles.height = "auto"

    def compose(self) -> ComposeResult:
        yield self.lines


def test_more_lines_take_more_room_and_markup_is_text() -> None:
    async def run() -> list[int]:
        app, heights = Page(), []
        async with app.run_test() as pilot:
            for text in ("one", "one\ntwo", "[red]", ""):
                app.lines.write(Text(text))
                app.lines.write(Text(text))
                await pilot.pause()
                heights.append(app.lines.size.height)
                assert str(app.lines.render()) == text
        return heights

    assert asyncio.run(run())[:3] == [1, 2, 1]


def test_what_is_written_between_a_wish_for_another_layout_and_its_fulfilment_takes_its_room() -> None:
    async def run() -> int:
        app = Page()
        async with app.run_test() as pilot:
            app.lines.write(Text("one"))
            await pilot.pause()
            app.lines.refresh(layout=True)
            app.screen._clear_arrangement_cache()  # another widget has asked too, and the layout comes
            app.screen._refresh_layout()
            app.lines.write(Text("one\ntwo"))
            await pilot.pause()
            return app.lines.size.height

    assert asyncio.run(run()) == 2
