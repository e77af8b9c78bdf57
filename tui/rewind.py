"""The last ten minutes of what was shown: a screen that is frozen stands still, and can be scrolled back, while the flow goes on.

One state a second is kept, fewer where the symbols are many, so that memory has a bound. States share what did not change between
them; the lines of prices, which change all the time, are left out of the kept ones and cut from the newest when one is looked at.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import msgspec

from tui.state import State, SymbolState

SPAN: Final = timedelta(minutes=10)
"""How far back one can scroll, of the time of day."""
_STEP: Final = timedelta(seconds=1)
_BUDGET: Final = 12_000
"""Symbols times states kept: about 70 MB."""


class Kept(NamedTuple):
    """What was known at a time of day."""

    wall: datetime
    state: State


class Frozen(msgspec.Struct, frozen=True):
    """A screen that stands still."""

    since: datetime | None
    """Time on the tape when it was frozen."""
    kept: tuple[Kept, ...]
    place: int
    state: State
    """What is shown."""

    @property
    def back_s(self) -> float:
        """How long before the freezing what is shown was, of the time of day."""
        return (self.kept[-1].wall - self.kept[self.place].wall).total_seconds()


class Rewind:
    """It."""

    def __init__(self) -> None:
        """Start with nothing kept."""
        self._kept: deque[Kept] = deque()
        self.frozen: Frozen | None = None

    def keep(self, state: State, wall: datetime) -> None:
        """Take the newest state, if it is time for one."""
        if state.hello is None or (self._kept and timedelta(0) <= wall - self._kept[-1].wall < step(len(state.symbols))):
            return
        self._kept.append(Kept(wall, _thin(state)))
        while wall - self._kept[0].wall > SPAN or len(self._kept) > SPAN // _STEP:
            self._kept.popleft()

    def freeze(self, state: State, wall: datetime) -> None:
        """Let the screen stand still."""
        kept = (*self._kept, Kept(wall, state))
        self.frozen = Frozen(state.tape_at, kept, len(kept) - 1, state)

    def thaw(self) -> None:
        """Return to what is known now."""
        self.frozen = None

    def move(self, steps: int) -> None:
        """Go back (below 0) or forth among what is kept."""
        if self.frozen is not None:
            place = min(max(self.frozen.place + steps, 0), len(self.frozen.kept) - 1)
            newest = self.frozen.kept[-1].state
            state = newest if place == len(self.frozen.kept) - 1 else _filled(self.frozen.kept[place].state, newest)
            self.frozen = msgspec.structs.replace(self.frozen, place=place, state=state)

    def shown(self, newest: State) -> State:
        """Give the state to show; how the feed stands is told as it is now, also on a screen that stands still."""
        if self.frozen is None:
            return newest
        shown = self.frozen.state
        if (shown.link, shown.loss) != (newest.link, newest.loss):
            shown = msgspec.structs.replace(shown, link=newest.link, loss=newest.loss)
            self.frozen = msgspec.structs.replace(self.frozen, state=shown)
        return shown


def step(symbols: int) -> timedelta:
    """Say how long after each other states of so many symbols are kept.

    >>> step(5).total_seconds(), step(500).total_seconds()
    (1.0, 25.0)
    """
    return max(_STEP, SPAN * symbols / _BUDGET)


def _thin(state: State) -> State:
    symbols = {name: msgspec.structs.replace(symbol, points={}, past=(), recent=()) for name, symbol in state.symbols.items()}
    return msgspec.structs.replace(state, symbols=symbols)


def _filled(state: State, newest: State) -> State:
    """Cut the lines of the newest state where a kept one stood."""
    at = state.tape_at
    if at is None:
        return state
    symbols = {name: _cut(symbol, newest.symbols[name], at) for name, symbol in state.symbols.items() if name in newest.symbols}
    return msgspec.structs.replace(state, symbols={**state.symbols, **symbols})


def _cut(symbol: SymbolState, newest: SymbolState, at: datetime) -> SymbolState:
    limit = (at.timestamp(), float("inf"))
    return msgspec.structs.replace(
        symbol,
        points={when: price for when, price in newest.points.items() if when <= at},
        past=newest.past[: bisect_right(newest.past, limit)],
        recent=newest.recent[: bisect_right(newest.recent, limit)],
    )
