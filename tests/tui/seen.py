"""The program as a person sees and presses it, without a terminal: what the tests of pages over alerts and tapes share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta

from textual.pilot import Pilot

from tests.tui.alerts_heard import AT, events
from tui.app import Ghosttape
from tui.feed import Requests
from tui.memory import Memory
from tui.settings import ScreenSettings
from tui.state import Event

SIZES = [(80, 24), (120, 40), (200, 60)]
Act = Callable[[Pilot[None], Ghosttape], Awaitable[None]]


def text_of(app: Ghosttape) -> str:
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


async def settle(pilot: Pilot[None], app: Ghosttape) -> None:
    for _ in range(3):
        await pilot.pause()
        app.draw()
    await pilot.pause()


def show(
    act: Act,
    heard: Sequence[Event] = (),
    size: tuple[int, int] = (120, 40),
    requests: Requests | None = None,
    memory: Memory | None = None,
    keys: Mapping[str, str] | None = None,
) -> Memory:
    """Open the page of alerts, let somebody act, and give what is remembered, on top of `memory`."""

    async def follow() -> AsyncGenerator[Event, None]:
        for event in heard or events():
            yield event

    ticks = iter(range(1_000_000))

    def clock() -> datetime:
        """A second passes from one drawing to the next."""
        return AT + timedelta(seconds=next(ticks))

    async def run() -> Memory:
        app = Ghosttape(follow, wall=clock, requests=requests, settings=ScreenSettings(keys=dict(keys or {})))
        app.memory = memory or app.memory
        async with app.run_test(size=size) as pilot:
            await settle(pilot, app)
            app.open_page("alerts")
            await settle(pilot, app)
            await act(pilot, app)
            return app.memory

    return asyncio.run(run())


async def press(pilot: Pilot[None], app: Ghosttape, *keys: str) -> str:
    await pilot.press(*keys)
    await settle(pilot, app)
    return text_of(app)
