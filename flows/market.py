"""The market stages: pure states put into Bytewax, and nothing more.

Every stage takes the parcels of one symbol. `Order` comes first: it turns book updates into depth rows and makes trades and
quotes aware of their gaps, so that what follows sees each trade once.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Generic, Protocol, TypeVar

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

Out_co = TypeVar("Out_co", covariant=True)
Out = TypeVar("Out")


class MarketState(Protocol[Out_co]):
    """A pure state of one symbol."""

    def update(self, items: Iterable[MarketItem]) -> Sequence[Out_co]:
        """Take items in tape order and give what follows from them."""


class RowsState(Protocol):
    """A pure state over result rows."""

    def update(self, items: Iterable[Rows]) -> Sequence[Rows]:
        """Take rows in order and give what follows from them."""


class MarketStage(StatefulBatchLogic[Parcel, Out, bytes], Generic[Out]):
    """Hosts one state of one symbol; a snapshot is its pickle, taken at once so that it cannot change afterwards."""

    def __init__(self, make: Callable[[str], MarketState[Out]], snapshot: bytes | None) -> None:
        """Take how a state is made for a symbol, or the snapshot of one."""
        self._make = make
        self._state: MarketState[Out] | None = None if snapshot is None else pickle.loads(snapshot)

    def on_batch(self, values: list[Parcel]) -> tuple[Iterable[Out], bool]:
        """Take parcels in tape order."""
        if self._state is None:
            self._state = self._make(values[0].symbol)
        update = self._state.update
        # One call per parcel, however many the engine hands over at once: what a call says must not depend on that.
        return [out for parcel in values for out in update(parcel.items)], False

    def on_eof(self) -> tuple[Iterable[Out], bool]:
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

    def update(self, items: Iterable[MarketItem]) -> list[Parcel]:
        """Give one parcel of what follows from one or more."""
        ordered = self._continuity.update(self._with_depth(items))
        return [Parcel(self._symbol, list(ordered))]

    def _with_depth(self, items: Iterable[MarketItem]) -> Iterator[MarketItem]:
        for item in items:
            if isinstance(item, BookUpdates):
                yield from self._book.update((item,))
            else:
                yield item


class Facts:
    """What is stored of a symbol as it came: the exchange's own candles, and gaps."""

    def __init__(self, symbol: str) -> None:
        """Start without any."""
        self._symbol = symbol
        self._candles = Candles(symbol)

    def update(self, items: Iterable[MarketItem]) -> list[Rows]:
        """Take items in tape order; a lost connection is stored where it was decoded."""
        items = list(items)
        gaps = [item for item in items if isinstance(item, Gap) and item.symbol != ALL_SYMBOLS]
        told = [Rows(Table.GAPS, self._symbol, to_columns(Gap, (gap,)), gap.from_ns) for gap in gaps]
        return self._candles.update(items) + told


def marks(keyed: tuple[str, Rows]) -> Iterator[tuple[str, Rows]]:
    """Send the final risk rows of every symbol to the one portfolio."""
    if not keyed[1].provisional:
        yield "portfolio", keyed[1]


def order(snapshot: bytes | None) -> MarketStage[Parcel]:
    """Build the stage that makes a symbol's items whole and ordered."""
    return MarketStage(Order, snapshot)


def facts(snapshot: bytes | None) -> MarketStage[Rows]:
    """Build the stage that hands on what is stored as it came."""
    return MarketStage(Facts, snapshot)


def bars(shaping: Shaping, provisional: bool) -> Callable[[bytes | None], MarketStage[Rows]]:
    """Give what builds the stage of tumbling trade windows."""
    return partial(MarketStage, lambda symbol: Bars(symbol, shaping.market.bars, provisional))


def spreads(shaping: Shaping, provisional: bool) -> Callable[[bytes | None], MarketStage[Rows]]:
    """Give what builds the stage of tumbling quote windows."""
    return partial(MarketStage, lambda symbol: Spreads(symbol, shaping.market.spread, provisional))


def risk(shaping: Shaping, provisional: bool) -> Callable[[bytes | None], MarketStage[Rows]]:
    """Give what builds the stage of rolling risk."""
    return partial(MarketStage, lambda symbol: Risk(symbol, shaping.market.risk, provisional))


def portfolio(shaping: Shaping) -> Callable[[bytes | None], RowsStage]:
    """Give what builds the stage of the whole portfolio."""
    return partial(RowsStage, lambda _: Holdings(shaping.portfolio))


def audits(shaping: Shaping) -> Callable[[bytes | None], RowsStage]:
    """Give what builds the stage that holds our minutes against the exchange's own candles."""
    return partial(RowsStage, lambda symbol: AuditTrail(symbol, shaping.market.audit))
