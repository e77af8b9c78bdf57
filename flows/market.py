"""The market stage: pure states put into Bytewax, and nothing more.

One stage of the engine holds everything that is made of one symbol. Live a chunk brings a few frames, and what the engine asks for
each stage and symbol then is more than what the states do with them: five stages in a row took a third of the time to the feed.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Protocol

from bytewax.operators import StatefulBatchLogic

from flows.decode import Parcel
from flows.settings import Shaping
from scoring.market.audit import AuditTrail
from scoring.market.bars import Bars
from scoring.market.book import Book
from scoring.market.candles import Candles
from scoring.market.continuity import Continuity
from scoring.market.portfolio import Holdings
from scoring.market.risk import Risk
from scoring.market.spread import Spreads
from scoring.records import ALL_SYMBOLS, BookUpdates, Gap, MarketItem, Rows, Table, to_columns


class MarketState(Protocol):
    """A pure state of one symbol."""

    def update(self, items: Sequence[MarketItem]) -> Sequence[Rows]:
        """Take items in tape order and give what follows from them."""


class RowsState(Protocol):
    """A pure state over result rows."""

    def update(self, items: Iterable[Rows]) -> Sequence[Rows]:
        """Take rows in order and give what follows from them."""


class MarketStage(StatefulBatchLogic[Parcel, Rows, bytes]):
    """Hosts the state of one symbol; a snapshot is its pickle, taken at once so that it cannot change afterwards."""

    def __init__(self, make: Callable[[str], MarketState], snapshot: bytes | None) -> None:
        """Take how a state is made for a symbol, or the snapshot of one."""
        self._make = make
        self._state: MarketState | None = None if snapshot is None else pickle.loads(snapshot)

    def on_batch(self, values: list[Parcel]) -> tuple[Iterable[Rows], bool]:
        """Take parcels in tape order."""
        if self._state is None:
            self._state = self._make(values[0].symbol)
        update = self._state.update
        # One call per parcel, however many the engine hands over at once: what a call says must not depend on that.
        return [rows for parcel in values for rows in update(parcel.items)], False

    def on_eof(self) -> tuple[Iterable[Rows], bool]:
        """Keep the state: a flow may stop and go on later. The end of a tape is an item of its own."""
        return (), False

    def snapshot(self) -> bytes:
        """Give the state as it is now."""
        return pickle.dumps(self._state, protocol=pickle.HIGHEST_PROTOCOL)


class RowsStage(StatefulBatchLogic[Rows, Rows, bytes]):
    """Hosts one state over result rows."""

    def __init__(self, make: Callable[[str], RowsState], snapshot: bytes | None) -> None:
        """Take how a state is made for a subject, or the snapshot of one."""
        self._make = make
        self._state: RowsState | None = None if snapshot is None else pickle.loads(snapshot)

    def on_batch(self, values: list[Rows]) -> tuple[Iterable[Rows], bool]:
        """Take rows in order."""
        if self._state is None:
            self._state = self._make(values[0].symbol)
        return self._state.update(values), False

    def on_eof(self) -> tuple[Iterable[Rows], bool]:
        """Keep the state, as every stage does."""
        return (), False

    def snapshot(self) -> bytes:
        """Give the state as it is now."""
        return pickle.dumps(self._state, protocol=pickle.HIGHEST_PROTOCOL)


class Order:
    """Book updates become depth rows, trade ids become gaps: what leaves is whole, in order, and once."""

    def __init__(self, symbol: str) -> None:
        """Start without a book and without a last trade."""
        self._symbol = symbol
        self._book = Book(symbol, source=symbol)
        self._continuity = Continuity(source=symbol)

    def pass_on(self, items: Sequence[MarketItem]) -> list[MarketItem]:
        """Give what follows from items in tape order."""
        return self._continuity.update(self._with_depth(items))

    def gaps(self, ordered: Sequence[MarketItem]) -> list[Rows]:
        """Give the gaps of the symbol as rows; a lost connection is stored where it was decoded."""
        gaps = [item for item in ordered if isinstance(item, Gap) and item.symbol != ALL_SYMBOLS]
        return [Rows(Table.GAPS, self._symbol, to_columns(Gap, (gap,)), gap.from_ns) for gap in gaps]

    def _with_depth(self, items: Sequence[MarketItem]) -> Iterator[MarketItem]:
        for item in items:
            if isinstance(item, BookUpdates):
                yield from self._book.update((item,))
            else:
                yield item


class Market:
    """One symbol: what comes is made whole and ordered, everything is measured on that, and our minutes are held against the exchange's."""

    def __init__(self, symbol: str, shaping: Shaping, provisional: bool) -> None:
        """Start without data; `provisional` also shows windows that are not closed yet."""
        market = shaping.market
        self._order = Order(symbol)
        self._measures = (
            Bars(symbol, market.bars, provisional),
            Spreads(symbol, market.spread, provisional),
            Risk(symbol, market.risk, provisional),
            Candles(symbol),
        )
        self._audits = AuditTrail(symbol, market.audit)

    def update(self, items: Sequence[MarketItem]) -> list[Rows]:
        """Take items in tape order; give rows of trade, spread and risk metrics, candles, gaps and audits."""
        ordered = self._order.pass_on(items)
        told = [rows for measure in self._measures for rows in measure.update(ordered)]
        return [*told, *self._order.gaps(ordered), *self._audits.update(told)]


class Missing:
    """One symbol: what is missing of it, and nothing else."""

    def __init__(self, symbol: str) -> None:
        """Start without data."""
        self._order = Order(symbol)

    def update(self, items: Sequence[MarketItem]) -> list[Rows]:
        """Take items in tape order; give rows of gaps."""
        return self._order.gaps(self._order.pass_on(items))


def is_risk(rows: Rows) -> bool:
    """Pick the final risk rows: prices to mark positions and to hold the crowd against."""
    return rows.table is Table.RISK_METRICS and not rows.provisional


def mark(keyed: tuple[str, Rows]) -> tuple[str, Rows]:
    """Send them to the one portfolio."""
    return "portfolio", keyed[1]


def measured(shaping: Shaping, provisional: bool) -> Callable[[bytes | None], MarketStage]:
    """Give what builds the stage of everything that is made of a symbol."""
    return partial(MarketStage, lambda symbol: Market(symbol, shaping, provisional))


def missing(snapshot: bytes | None) -> MarketStage:
    """Build the stage that only finds what is missing."""
    return MarketStage(Missing, snapshot)


def portfolio(shaping: Shaping) -> Callable[[bytes | None], RowsStage]:
    """Give what builds the stage of the whole portfolio."""
    return partial(RowsStage, lambda _: Holdings(shaping.portfolio))
