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
