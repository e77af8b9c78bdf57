"""The order book of one symbol as the tape tells it, in the exchange's own words: prices and quantities stay text.

Updates are held back until there is a snapshot, as the exchange asks its clients to do; where one is missing on the tape the book
is not known until the next snapshot, and the answer says so rather than guess. Before the first snapshot of the tape that one is
the answer, because clients ask for it in the first second. Where a tape has only the top of the book, its newest one is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import field

Level = tuple[str, str]


class Update(msgspec.Struct, frozen=True):
    """A `depthUpdate`, or a snapshot: the other's fields are absent."""

    first_id: int = field(name="U", default=-1)
    last_id: int = field(name="u", default=-1)
    bid_changes: list[Level] = field(name="b", default_factory=list)
    ask_changes: list[Level] = field(name="a", default_factory=list)
    snapshot_id: int = field(name="lastUpdateId", default=-1)
    bids: list[Level] = field(default_factory=list)
    asks: list[Level] = field(default_factory=list)


class Book(msgspec.Struct, frozen=True):
    """The answer of `/api/v3/depth`."""

    last_id: int = field(name="lastUpdateId")
    bids: Sequence[Level]
    asks: Sequence[Level]


_HELD: Final = 6_000
"""Most updates held back for a snapshot: ten minutes at ten a second."""


class BookCopy:
    """The book of a symbol."""

    def __init__(self) -> None:
        """Start without a book."""
        self._bids: dict[str, str] = {}
        self._asks: dict[str, str] = {}
        self._last_id = -1
        self._held: list[Update] = []
        self._top: Update | None = None
        self._seed: Update | None = None

    def seed(self, snapshot: Update) -> None:
        """Know the tape's first snapshot in advance."""
        self._seed = self._seed or snapshot

    def show_top(self, top: Update) -> None:
        """Take the best levels of the book."""
        self._top = top

    def apply(self, update: Update) -> None:
        """Take an update or a snapshot, in tape order."""
        if update.snapshot_id >= 0:
            self._replace(update)
        elif self._last_id < 0:
            self._held = [*self._held[-_HELD:], update] if len(self._held) >= 2 * _HELD else self._held
            self._held.append(update)
        elif update.last_id > self._last_id:
            self._follow(update)

    def answer(self, limit: int) -> Book | None:
        """Give the best levels of each side as `/api/v3/depth` does; None where the book is not known."""
        if self._last_id >= 0:
            bids = sorted(self._bids.items(), key=_price, reverse=True)
            return _written(self._last_id, bids, sorted(self._asks.items(), key=_price), limit)
        known = self._top or self._seed
        return None if known is None else _written(known.snapshot_id, known.bids, known.asks, limit)

    def _replace(self, snapshot: Update) -> None:
        self._seed = None
        if snapshot.snapshot_id < self._last_id:
            return
        self._last_id = snapshot.snapshot_id
        self._bids, self._asks = dict(snapshot.bids), dict(snapshot.asks)
        held, self._held = self._held, []
        for update in held:
            self.apply(update)

    def _follow(self, update: Update) -> None:
        if update.first_id > self._last_id + 1:
            self._last_id = -1
            self._held = [update]
            return
        self._last_id = update.last_id
        for side, changes in ((self._bids, update.bid_changes), (self._asks, update.ask_changes)):
            for price, quantity in changes:
                if float(quantity):
                    side[price] = quantity
                else:
                    side.pop(price, None)


def _price(level: Level) -> float:
    return float(level[0])


def _written(last_id: int, bids: Sequence[Level], asks: Sequence[Level], limit: int) -> Book:
    return Book(last_id, bids[:limit], asks[:limit])
