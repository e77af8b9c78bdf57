"""A part of a page that scrolls."""

from __future__ import annotations

import asyncio

import pytest
from textual.app import App, ComposeResult
from textual.widgets import Static

from tui.widgets.pane import Pane


class Shown(App[None]):
    """A pane of a hundred lines, shown alone."""

    def compose(self) -> ComposeResult:
        """Lay it out."""
        with Pane(id="pane"):
            yield Static("\n".join(map(str, range(100))))


async def scrolled(keys: list[str]) -> float:
    app = Shown()
    async with app.run_test(size=(40, 20)) as pilot:
        pane = app.query_one(Pane)
        pane.focus()
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
            pane.scroll_to(y=pane.scroll_target_y, animate=False, immediate=True)
        return pane.scroll_y


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (["j", "j"], 2),
        (["down", "k"], 0),
        (["k"], 0),
        (["pagedown"], 20),
        (["ctrl+f", "ctrl+b"], 0),
        (["G"], 80),
        (["end", "up"], 79),
        (["G", "home"], 0),
    ],
)
def test_arrows_and_the_keys_of_vim_scroll_it(keys: list[str], line: int) -> None:
    assert asyncio.run(scrolled(keys)) == line
