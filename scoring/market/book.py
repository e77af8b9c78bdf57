"""The local order book of one symbol, rebuilt from a snapshot and the updates around it.

The exchange's own recipe: hold updates back until there is a snapshot; drop those it includes already; the first one left must
follow it without a hole, and each one must follow the one before. Where one does not, updates were lost and the book is wrong:
it is thrown away, the time without it is a gap, and the next snapshot starts anew. No rows come from a book that may be wrong.

Source: https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams#how-to-manage-a-local-order-book-correctly
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from scoring.market.book_side import Levels, Side
from scoring.market.ladder import TOP_LEVELS, Floats
from scoring.records import Batch, BookUpdates, Depth, DepthDiffs, DepthSnapshot, Gap, Kind, MarketItem

Instants: TypeAlias = NDArray[np.int64]

_COLUMNS: Final = Depth.__struct_fields__


class Tops(msgspec.Struct, frozen=True):
    """Depth rows before they are laid out."""

    wholes: tuple[Instants, Instants, Instants]
    """received_ns, event_ns and update_id: int64[n]."""
    floats: Floats
    """float64[n, 20]: five prices and five quantities of bids, and of asks."""


class BookSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much of a book is kept."""

    largest: int = 5_000
    """Levels a side, the best ones; the exchange's largest snapshot."""
    pending: int = 600
    """Updates held back while there is no book, the newest ones: a minute at ten a second. A snapshot comes within seconds."""


class Book:
    """The book of one symbol: takes book updates, gives depth rows and gaps."""

    def __init__(self, symbol: str, source: str, settings: BookSettings = BookSettings()) -> None:  # noqa: B008 (frozen)
        """Start without a book; `source` is what its gaps are filed under."""
        self._symbol = symbol
        self._source = source
        self._settings = settings
        self._bids = Side(-1, settings.largest)
        self._asks = Side(1, settings.largest)
        self._pending: deque[DepthDiffs] = deque()
        self._last_id = -1  # no book
        self._followed = False  # whether an update has followed the snapshot, so that the book is known to be right
        self._good_ns = 0
        self._gap: Gap | None = None

    def update(self, items: Iterable[MarketItem]) -> list[Batch | Gap]:
        """Take items in tape order and give depth batches and gaps, also in order; what is not about depth is left out."""
        found: list[Batch | Gap] = []
        tops: list[Tops] = []
        for item in items:
            if isinstance(item, BookUpdates):
                for update in item.updates:
                    for result in self._apply(update):
                        if isinstance(result, Gap):
                            self._flush(tops, found)
                            found.append(result)
                        else:
                            tops.append(result)
            elif isinstance(item, Batch) and item.kind is Kind.DEPTH:
                self._flush(tops, found)
                found.append(item)
        self._flush(tops, found)
        return found

    def _apply(self, update: DepthDiffs | DepthSnapshot) -> list[Tops | Gap]:
        """Take updates and give the rows and gaps that follow from them."""
        if isinstance(update, DepthDiffs):
            return self._follow(update, update.received_ns)
        if not update.whole:
            return [_partial_top(update)]
        if update.last_id < self._last_id:
            return []
        self._last_id = update.last_id
        self._bids.replace(update.bids)
        self._asks.replace(update.asks)
        held, self._pending = self._pending, deque()
        return [result for diffs in held for result in self._follow(diffs, np.full(len(diffs), update.received_ns))]

    def _follow(self, diffs: DepthDiffs, known_ns: Instants) -> list[Tops | Gap]:
        """Apply updates, known since `known_ns`: those that were held back are known only since their snapshot."""
        if self._last_id < 0:
            self._hold(diffs)
            return []
        if _is_whole(diffs, self._last_id):
            return self._run(diffs, known_ns)
        reached = np.maximum.accumulate(np.concatenate(([self._last_id], diffs.last_id)))[:-1]
        is_new = diffs.last_id > reached
        has_hole = is_new & (diffs.first_id > reached + 1)
        stop = int(has_hole.argmax()) if has_hole.any() else len(diffs)
        found = [result for start, end in _stretches(is_new[:stop]) for result in self._run(diffs.slice(start, end), known_ns[start:end])]
        return found if stop == len(diffs) else found + self._break(diffs.slice(stop, len(diffs)))

    def _run(self, diffs: DepthDiffs, known_ns: Instants) -> list[Tops | Gap]:
        """Apply updates of which each one follows the one before."""
        self._last_id = int(diffs.last_id[-1])
        self._followed = True
        self._good_ns = int(diffs.event_ns[-1])
        bids, asks = self._bids.run(diffs.bids, diffs.bid_stops), self._asks.run(diffs.asks, diffs.ask_stops)
        tops = Tops((known_ns, diffs.event_ns, diffs.last_id), np.concatenate((bids, asks), axis=1))
        if self._gap is None:
            return [tops]
        healed = msgspec.structs.replace(self._gap, to_ns=int(diffs.event_ns[0]))
        self._gap = None
        return [healed, tops]

    def _hold(self, diffs: DepthDiffs) -> None:
        """Keep updates for the next snapshot, the newest ones."""
        self._pending.append(diffs)
        surplus = sum(map(len, self._pending)) - self._settings.pending
        while surplus > 0:
            oldest = self._pending.popleft()
            if surplus < len(oldest):
                self._pending.appendleft(oldest.slice(surplus, len(oldest)))
            surplus -= len(oldest)

    def _break(self, diffs: DepthDiffs) -> list[Tops | Gap]:
        """Throw the book away; only a book that was right leaves a gap behind."""
        self._last_id = -1
        self._hold(diffs)
        if not self._followed:
            return []
        self._followed = False
        self._gap = Gap(
            source=self._source,
            symbol=self._symbol,
            kind=Kind.DEPTH,
            from_ns=self._good_ns,
            to_ns=0,
            from_id=0,
            to_id=0,
            missing=0,
            repaired=0,
            reason="book break",
        )
        return [self._gap]

    def _flush(self, tops: list[Tops], found: list[Batch | Gap]) -> None:
        if tops:
            found.append(_to_batch(self._symbol, tops))
            tops.clear()


def _is_whole(diffs: DepthDiffs, last_id: int) -> bool:
    """Tell whether each update follows the one before, the first one the update `last_id`: the usual case."""
    first, last = diffs.first_id, diffs.last_id
    if not first[0] <= last_id + 1 <= last[0]:
        return False
    return len(diffs) == 1 or bool(((first[1:] <= last[:-1] + 1) & (last[1:] > last[:-1])).all())


def _stretches(is_new: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Give start and stop of each stretch of updates that the book does not include already."""
    edges = np.flatnonzero(np.diff(is_new, prepend=False, append=False))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _partial_top(snapshot: DepthSnapshot) -> Tops:
    received_ns, event_ns, last_id = np.array([[snapshot.received_ns], [snapshot.event_ns], [snapshot.last_id]])
    return Tops((received_ns, event_ns, last_id), np.array([_best(-1, snapshot.bids) + _best(1, snapshot.asks)]))


def _best(sign: int, levels: Levels) -> list[float]:
    side = Side(sign, len(levels))
    side.replace(levels)
    prices, quantities = side.best(TOP_LEVELS)
    return prices + quantities


def _to_batch(symbol: str, tops: list[Tops]) -> Batch:
    wholes, floats = tops[0].wholes, tops[0].floats
    if len(tops) > 1:
        received_ns, event_ns, update_id = (np.concatenate(parts) for parts in zip(*(top.wholes for top in tops), strict=True))
        wholes, floats = (received_ns, event_ns, update_id), np.concatenate([top.floats for top in tops])
    return Batch(Kind.DEPTH, symbol, dict(zip(_COLUMNS, (*wholes, *floats.T.copy()), strict=True)))
