"""Themes on the whole screen: what asks or explains leaves the page to be seen, and a change is seen everywhere at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest

from tests.tui.seen import press, settle
from tui import sample
from tui.app import Ghosttape
from tui.looks import LIGHT, LOOKS
from tui.pages.catalog import CATALOG
from tui.picture import EXPLANATION, screens
from tui.sample_moments import MOMENTS
from tui.state import Event

ASKING = ((":", "symbol"), ("question_mark", "─ Help ─"), ("s", "For how long"), ("slash", "escape leaves it as it was"))


@pytest.mark.parametrize("look", LOOKS)
def test_the_page_stays_to_be_seen_behind_what_asks_or_explains(look: str) -> None:
    async def follow() -> AsyncGenerator[Event, None]:
        for event in sample.events():
            yield event

    async def run() -> None:
        app = Ghosttape(follow, wall=lambda: sample.AT + timedelta(seconds=1))
        async with app.run_test(size=(120, 40)) as pilot:
            await settle(pilot, app)
            app.wear(look)
            app.open_page("alerts")
            await settle(pilot, app)
            for key, shown in ASKING:
                seen = await press(pilot, app, key)
                assert shown in seen, key
                assert "Ghosttape" in seen, f"nothing of the page is left behind what {key} opens"
                await press(pilot, app, "escape")

    asyncio.run(run())


@pytest.mark.parametrize("page", [*(entry.name for entry in CATALOG), EXPLANATION])
def test_an_open_page_takes_another_theme_as_if_it_had_been_opened_in_it(page: str) -> None:
    async def run() -> None:
        seen: list[list[tuple[str, str]]] = []
        async for _, _, app in screens(MOMENTS["alert"](), [page, page], [(120, 40)]):
            seen.append(coloured(app))
            app.wear(LIGHT.name)
            await asyncio.sleep(0.1)
            seen.append(coloured(app))
        as_it_was, worn, opened_in_it, _ = seen
        assert as_it_was != worn == opened_in_it

    asyncio.run(run())


def coloured(app: Ghosttape) -> list[tuple[str, str]]:
    """Read what is on the screen, each piece with its colour."""
    return [
        (segment.text.strip(), str(segment.style.color))
        for strip in app.screen._compositor.render_strips()
        for segment in strip
        if segment.style and segment.text.strip()
    ]
