"""How often the screen is drawn."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator

import pytest

from scoring.feed import Heartbeat
from tui.app import Ghosttape
from tui.pacing import FRAME_S, Pacing, settle
from tui.state import Event


class Load:
    """A second of a program whose drawings and messages take so much of it."""

    def __init__(self, drawing_s: float, messages: float) -> None:
        self.now = self.used = 0.0
        self._drawing_s, self._messages = drawing_s, messages

    def drawings(self) -> int:
        pacing, drawn = Pacing(lambda: self.now, lambda: self.used), 0
        for _ in range(30):
            if pacing.is_due():
                drawn += 1
                self.used += self._drawing_s
            self.now += FRAME_S
            self.used += self._messages * FRAME_S
        return drawn


@pytest.mark.parametrize(
    ("drawing_s", "messages", "drawn"),
    [
        (0.0, 0.0, 30),
        (0.015, 0.0, 30),
        (0.015, 0.1, 15),
        (0.015, 0.9, 10),
        (0.5, 0.0, 10),
    ],
)
def test_a_flood_drops_frames_but_never_all_of_them(drawing_s: float, messages: float, drawn: int) -> None:
    assert Load(drawing_s, messages).drawings() == drawn


def test_a_page_under_a_prompt_is_drawn_less_often() -> None:
    instants = iter((0.0, 0.1, 0.2, 0.31, 0.41, 0.51))
    pacing = Pacing(lambda: next(instants), lambda: 0.0)
    assert [pacing.is_due(is_covered=True) for _ in range(5)] == [True, False, False, True, False]
    assert pacing.is_due()


def test_what_a_start_has_made_is_not_walked_through_again() -> None:
    before = len(gc.get_objects())
    try:
        settle()
        assert len(gc.get_objects()) < before / 10
    finally:
        gc.unfreeze()


def test_whatever_waits_comes_in_between_the_events_of_a_burst() -> None:
    async def turns() -> list[int]:
        began, told = asyncio.Event(), 0

        async def heard() -> AsyncGenerator[Event, None]:
            nonlocal told
            await began.wait()
            for number in range(1_000):
                told = number + 1
                yield Heartbeat(1.0)

        app, seen = Ghosttape(heard), list[int]()
        async with app.run_test():
            began.set()
            while told < 1_000:
                await asyncio.sleep(0)
                seen.append(told)
        return seen

    assert len(asyncio.run(turns())) > 20
