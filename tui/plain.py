"""The screen without a screen (`--print`): the same tables and alerts as plain lines, for pipes, logs and small terminals."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Final, TextIO

from scoring.feed import AlertState
from tui import figures
from tui.state import Event, Lost, State, reduce
from tui.widgets.alerts import line
from tui.widgets.crowd import moods
from tui.widgets.headline import headline
from tui.widgets.symbols import table

_WIDTH: Final = 120
_EVERY_S: Final = 1.0
"""Shortest time between two tables."""


async def print_feed(events: Callable[[], AsyncGenerator[Event, None]], out: TextIO, err: TextIO, every_s: float = _EVERY_S) -> int:
    """Print the table at most once in `every_s`, alerts as they come, and why there is no feed; stop at the end of the tape."""
    state, printed = State(), float("-inf")
    loop = asyncio.get_running_loop()
    async with aclosing(events()) as followed:
        async for event in followed:
            state = reduce(state, event)
            if isinstance(event, AlertState):
                print(line(event, _WIDTH).plain.rstrip(), file=out, flush=True)
            if isinstance(event, Lost):
                if event.ended:
                    print(page(state), file=out, flush=True)
                    return 0
                print(f"no feed: {figures.clean(event.reason)}; next try in {event.retry_s:g} s", file=err, flush=True)
            if state.symbols and state.tape_at and loop.time() - printed >= every_s:
                printed = loop.time()
                print(page(state), file=out, flush=True)
    return 0


def page(state: State) -> str:
    """Write the headline, the table and, where a crowd is heard, its moods, and a blank line."""
    heading, body = table(state, _WIDTH)
    lines = [headline(state, _WIDTH).plain, heading.plain, *body.plain.splitlines()]
    if state.crowd.stances:
        lines += moods(state, _WIDTH).plain.splitlines()
    return "\n".join(text.rstrip() for text in lines) + "\n"
