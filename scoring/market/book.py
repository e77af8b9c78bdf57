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

from scoring.market.book_side import Levels, Side
from scoring.records import Batch, BookUpdates, Depth, DepthDiff, DepthSnapshot, Gap, Kind, MarketItem

Top: TypeAlias = tuple[tuple[int, int, int], list[float]]
"""One depth row: (received_ns, event_ns, update_id), and its 20 prices and quantities as `records.Depth` orders them."""

_TOP_LEVELS: Final = 5
_COLUMNS: Final = Depth.__struct_fields__


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
        self._pending: deque[DepthDiff] = deque(maxlen=settings.pending)
        self._last_id = -1  # no book
        self._followed = False  # whether an update has followed the snapshot, so that the book is known to be right
        self._good_ns = 0
        self._gap: Gap | None = None

    def update(self, items: Iterable[MarketItem]) -> list[Batch | Gap]:
        """Take items in tape order and give depth batches and gaps, also in order; what is not about depth is left out."""
        found: list[Batch | Gap] = []
        tops: list[Top] = []
        for item in items:
            if isinstance(item, BookUpdates):
                for update in item.updates:
                    for result in self.apply(update):
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

    def apply(self, update: DepthDiff | DepthSnapshot) -> list[Top | Gap]:
        """Take one update and give the rows and gaps that follow from it."""
        if isinstance(update, DepthDiff):
            return self._follow(update, update.received_ns)
        if not update.whole:
            return [_partial_top(update)]
        if update.last_id < self._last_id:
            return []
        self._last_id = update.last_id
        self._bids.replace(update.bids)
        self._asks.replace(update.asks)
        held, self._pending = self._pending, deque(maxlen=self._settings.pending)
        return [result for diff in held for result in self._follow(diff, update.received_ns)]

    def _follow(self, diff: DepthDiff, known_ns: int) -> list[Top | Gap]:
        """Apply an update, known since `known_ns`: one that was held back is known only since its snapshot."""
        if self._last_id < 0:
            self._pending.append(diff)
            return []
        if diff.last_id <= self._last_id:
            return []
        if diff.first_id > self._last_id + 1:
            return self._break(diff)
        self._last_id = diff.last_id
        self._followed = True
        self._good_ns = diff.event_ns
        self._bids.apply(diff.bids)
        self._asks.apply(diff.asks)
        top: Top = ((known_ns, diff.event_ns, diff.last_id), _floats(self._bids, self._asks))
        if self._gap is None:
            return [top]
        healed = msgspec.structs.replace(self._gap, to_ns=diff.event_ns)
        self._gap = None
        return [healed, top]

    def _break(self, diff: DepthDiff) -> list[Top | Gap]:
        """Throw the book away; only a book that was right leaves a gap behind."""
        self._last_id = -1
        self._pending.append(diff)
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

    def _flush(self, tops: list[Top], found: list[Batch | Gap]) -> None:
        if tops:
            found.append(_to_batch(self._symbol, tops))
            tops.clear()


def _floats(bids: Side, asks: Side) -> list[float]:
    bid_prices, bid_quantities = bids.best(_TOP_LEVELS)
    ask_prices, ask_quantities = asks.best(_TOP_LEVELS)
    return [*bid_prices, *bid_quantities, *ask_prices, *ask_quantities]


def _partial_top(snapshot: DepthSnapshot) -> Top:
    return (snapshot.received_ns, snapshot.event_ns, snapshot.last_id), _floats(_side(-1, snapshot.bids), _side(1, snapshot.asks))


def _side(sign: int, levels: Levels) -> Side:
    side = Side(sign, len(levels))
    side.replace(levels)
    return side


def _to_batch(symbol: str, tops: list[Top]) -> Batch:
    wholes = np.array([whole for whole, _ in tops], np.int64).T
    floats = np.array([numbers for _, numbers in tops], np.float64).T
    columns = {name: np.ascontiguousarray(column) for name, column in zip(_COLUMNS, (*wholes, *floats), strict=True)}
    return Batch(Kind.DEPTH, symbol, columns)
