"""What asks or explains stands on the page, which stays to be seen behind it, in every theme."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest

from tests.tui.seen import press, settle
from tui import sample
from tui.app import Ghosttape
from tui.looks import LOOKS
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
            for key, shown in (
                (":", "symbol"),
                ("question_mark", "─ Help ─"),
                ("s", "For how long"),
                ("slash", "escape leaves it as it was"),
            ):
                seen = await press(pilot, app, key)
                assert shown in seen, key
                assert "Ghosttape" in seen, f"nothing of the page is left behind what {key} opens"
                await press(pilot, app, "escape")

    asyncio.run(run())
