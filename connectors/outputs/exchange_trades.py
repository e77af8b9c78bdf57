"""The trades of one symbol that an exchange knows by now, and the aggregates of them.

Prices and quantities stay the text they came as. Where the tape has no aggregates of its own, trades that follow one another at
one instant, one price and one side are one, numbered from 1: the same on every run, because the tape alone decides.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final, Generic, TypeVar

import msgspec
from msgspec import field

UNIT: Final = 10**8
"""Prices and quantities have eight decimals."""


class Trade(msgspec.Struct, frozen=True, gc=False):
    """What a `trade` event says."""

    id: int = field(name="t")
    price: str = field(name="p")
    quantity: str = field(name="q")
    at: int = field(name="T")
    """Milliseconds or microseconds."""
    buyer_is_maker: bool = field(name="m")


class RestTrade(msgspec.Struct, frozen=True, gc=False):
    """What a row of `/api/v3/trades` says."""

    id: int
    price: str
    quantity: str = field(name="qty")
    at: int = field(name="time")
    buyer_is_maker: bool = field(name="isBuyerMaker")


class Aggregate(msgspec.Struct, frozen=True, gc=False):
    """What an `aggTrade` event and a row of `/api/v3/aggTrades` say."""

    id: int = field(name="a")
    price: str = field(name="p")
    quantity: str = field(name="q")
    first_id: int = field(name="f")
    last_id: int = field(name="l")
    at: int = field(name="T")
    buyer_is_maker: bool = field(name="m")


RowT = TypeVar("RowT", Trade, Aggregate)


class Ledger(Generic[RowT]):
    """Rows in the order of their ids, each once, the newest ones."""

    def __init__(self, kept: int) -> None:
        """Keep so many rows, and up to a quarter more."""
        self._kept = kept
        self.ids: list[int] = []
        self.rows: list[RowT] = []

    def add(self, row: RowT) -> bool:
        """Take a row, and tell whether it is new."""
        if not self.ids or row.id > self.ids[-1]:
            self.ids.append(row.id)
            self.rows.append(row)
        else:
            place = bisect_left(self.ids, row.id)
            if self.ids[place] == row.id:
                return False
            self.ids.insert(place, row.id)
            self.rows.insert(place, row)
        if len(self.ids) > self._kept + self._kept // 4:
            del self.ids[: -self._kept], self.rows[: -self._kept]
        return True

    def since(self, first_id: int, limit: int) -> Sequence[RowT]:
        """Give the oldest rows from an id on."""
        start = bisect_left(self.ids, first_id)
        return self.rows[start : start + limit]

    def newest(self, limit: int) -> Sequence[RowT]:
        """Give the newest rows, the oldest of them first."""
        return self.rows[-limit:]

    def between(self, start: float, end: float, limit: int) -> Sequence[RowT]:
        """Give the oldest rows from an instant to another, both included, in microseconds."""
        first = bisect_left(self.rows, start, key=instant_of)
        found = []
        for row in self.rows[first : first + limit]:
            if instant_of(row) > end:
                break
            found.append(row)
        return found


class Trades:
    """The trades of a symbol."""

    def __init__(self, kept: int, aggregated: bool, noted: Callable[[Trade], None]) -> None:
        """Keep so many; `aggregated`: the tape has aggregates; `noted` is told every new trade."""
        self.ledger: Ledger[Trade] = Ledger(kept)
        self.aggregates: Ledger[Aggregate] = Ledger(kept)
        self.fresh: list[Aggregate] = []
        """Aggregates made of trades and not taken yet."""
        self._noted = noted
        self._aggregated = aggregated
        self._open: list[Trade] = []
        self._made = 0

    def add(self, trade: Trade) -> None:
        """Take a trade in tape order."""
        newest = self.ledger.ids[-1] if self.ledger.ids else -1
        if not self.ledger.add(trade):
            return
        self._noted(trade)
        if not self._aggregated and trade.id > newest:
            if self._open and not _same_order(self._open[-1], trade):
                self.close()
            self._open.append(trade)

    def close(self) -> None:
        """Close the aggregate that is open."""
        if self._open:
            self._made += 1
            made = _aggregate(self._made, self._open)
            self.aggregates.add(made)
            self.fresh.append(made)
            self._open = []


def _same_order(one: Trade, other: Trade) -> bool:
    return (one.at, one.price, one.buyer_is_maker, one.id + 1) == (other.at, other.price, other.buyer_is_maker, other.id)


def _aggregate(number: int, trades: Sequence[Trade]) -> Aggregate:
    first, last = trades[0], trades[-1]
    quantity = first.quantity if len(trades) == 1 else to_text(sum(to_units(trade.quantity) for trade in trades))
    return Aggregate(number, first.price, quantity, first.id, last.id, first.at, first.buyer_is_maker)


def instant_of(row: Trade | Aggregate) -> int:
    """Give when it happened, in microseconds."""
    return to_microseconds(row.at)


def to_microseconds(instant: int) -> int:
    """Read an instant in milliseconds or microseconds.

    >>> to_microseconds(1723161255208) == to_microseconds(1723161255208000)
    True
    """
    return instant * 1000 if instant < 9_000_000_000_000 else instant


def to_units(text: str) -> int:
    """Read a decimal as a whole number of 1e-8.

    >>> to_units("61840.86000000"), to_units("0.5")
    (6184086000000, 50000000)
    """
    whole, _, fraction = text.partition(".")
    if len(fraction) == 8:
        return int(whole + fraction)
    return int((Decimal(text) * UNIT).to_integral_value())


def to_text(units: int) -> str:
    """Write a whole number of 1e-8 as the exchange writes decimals.

    >>> to_text(6184086000000)
    '61840.86000000'
    """
    return f"{units // UNIT}.{units % UNIT:08d}"


def decode(decoder: msgspec.json.Decoder[Any], payloads: Sequence[bytes]) -> list[Any]:
    """Parse payloads, leaving out what is no such thing: bad frames are on tapes too."""
    try:
        found: list[Any] = decoder.decode_lines(b"\n".join(payloads))
    except _UNREADABLE:
        return [row for payload in payloads for row in _one(decoder, payload)]
    return found


_UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def _one(decoder: msgspec.json.Decoder[Any], payload: bytes) -> list[Any]:
    try:
        return [decoder.decode(payload)]
    except _UNREADABLE:
        return []
