"""A screen as a person sees it, without a terminal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Protocol

import pytest
from textual.pilot import Pilot

from tui import sample
from tui.app import Ghosttape
from tui.memory import Store
from tui.settings import ScreenSettings
from tui.state import Event


class Shown(Protocol):
    """Show events, press keys or act, and read the screen."""

    def __call__(
        self,
        events: Sequence[Event] | None = None,
        *keys: str,
        size: tuple[int, int] = (120, 36),
        act: Callable[[Pilot[None]], Awaitable[None]] | None = None,
        settings: ScreenSettings | None = None,
        store: Store | None = None,
    ) -> str: ...


async def settle(pilot: Pilot[None]) -> None:
    """Let what was said be drawn and laid out."""
    app = pilot.app
    assert isinstance(app, Ghosttape)
    for _ in range(3):
        await pilot.pause()
        app.draw()
    await pilot.pause()


@pytest.fixture
def shown() -> Shown:
    """Show the sample, unless told otherwise."""

    def show(
        events: Sequence[Event] | None = None,
        *keys: str,
        size: tuple[int, int] = (120, 36),
        act: Callable[[Pilot[None]], Awaitable[None]] | None = None,
        settings: ScreenSettings | None = None,
        store: Store | None = None,
    ) -> str:
        async def heard() -> AsyncGenerator[Event, None]:
            for event in sample.events() if events is None else events:
                yield event

        async def run() -> str:
            app = Ghosttape(heard, wall=lambda: sample.AT + timedelta(seconds=1), settings=settings, store=store)
            async with app.run_test(size=size) as pilot:
                await settle(pilot)
                for key in keys:
                    await pilot.press(key)
                    await settle(pilot)
                if act:
                    await act(pilot)
                    await settle(pilot)
                return "\n".join(strip.text for strip in app.screen._compositor.render_strips())

        return asyncio.run(run())

    return show
