"""What Binance sends, field for field.

Every rule that a single field must keep stands here, in its type, so that the parser itself refuses what breaks it and says
where: prices are above 0, ids and instants are whole and fit a float64. Numbers come as strings (`"0.001"`) and are read as
numbers. Instants are milliseconds or microseconds since the epoch; which of them, their size tells.

Streams: https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams
REST answers: https://developers.binance.com/docs/binance-spot-api-docs/rest-api/market-data-endpoints
"""

from __future__ import annotations

import sys
from typing import Annotated, Final, Generic, TypeAlias, TypeVar

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType, field

_WHOLE_MAX: Final = (1 << 53) - 1
Whole: TypeAlias = Annotated[int, Meta(ge=0, le=_WHOLE_MAX)]
"""An id, a count or an instant."""
Positive: TypeAlias = Annotated[float, Meta(gt=0, le=sys.float_info.max)]
"""A price, or the quantity of a trade."""
Amount: TypeAlias = Annotated[float, Meta(ge=0, le=sys.float_info.max)]
"""A quantity that may be 0."""


class Level(msgspec.Struct, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True):
    """One level of an update of the book: half as dear as a tuple, and nothing for the garbage collector to look at."""

    price: Positive
    quantity: Amount


class TradeEvent(msgspec.Struct, frozen=True, gc=False):
    """`<symbol>@trade`."""

    trade_id: Whole = field(name="t")
    price: Positive = field(name="p")
    quantity: Positive = field(name="q")
    happened_at: Whole = field(name="T")
    buyer_is_maker: bool = field(name="m")


class RestTrade(msgspec.Struct, frozen=True, gc=False):
    """One row of `/api/v3/trades` and `/api/v3/historicalTrades`."""

    trade_id: Whole = field(name="id")
    price: Positive
    quantity: Positive = field(name="qty")
    happened_at: Whole = field(name="time")
    buyer_is_maker: bool = field(name="isBuyerMaker")


class AggregateEvent(msgspec.Struct, frozen=True, gc=False):
    """`<symbol>@aggTrade`, and one row of `/api/v3/aggTrades`."""

    trade_id: Whole = field(name="a")
    price: Positive = field(name="p")
    quantity: Positive = field(name="q")
    first_id: Whole = field(name="f")
    last_id: Whole = field(name="l")
    happened_at: Whole = field(name="T")
    buyer_is_maker: bool = field(name="m")


class QuoteEvent(msgspec.Struct, frozen=True, gc=False):
    """`<symbol>@bookTicker`: it has neither an event name nor a time."""

    update_id: Whole = field(name="u")
    bid_price: Positive = field(name="b")
    bid_quantity: Amount = field(name="B")
    ask_price: Positive = field(name="a")
    ask_quantity: Amount = field(name="A")


class DiffEvent(msgspec.Struct, frozen=True, gc=False):
    """`<symbol>@depth` and `@depth@100ms`."""

    happened_at: Whole = field(name="E")
    first_id: Whole = field(name="U")
    last_id: Whole = field(name="u")
    bids: list[Level] = field(name="b")
    asks: list[Level] = field(name="a")


class BookEvent(msgspec.Struct, frozen=True, gc=False):
    """`<symbol>@depth5|10|20`, and the answer of `/api/v3/depth`: no symbol, no time."""

    last_id: Whole = field(name="lastUpdateId")
    bids: list[tuple[Positive, Amount]]
    asks: list[tuple[Positive, Amount]]


class Kline(msgspec.Struct, frozen=True, gc=False):
    """The candle inside a `kline` event."""

    open_at: Whole = field(name="t")
    interval: str = field(name="i")
    open: Positive = field(name="o")
    high: Positive = field(name="h")
    low: Positive = field(name="l")
    close: Positive = field(name="c")
    volume_base: Amount = field(name="v")
    volume_quote: Amount = field(name="q")
    trade_count: Whole = field(name="n")
    taker_buy_base: Amount = field(name="V")
    closed: bool = field(name="x")


class KlineEvent(msgspec.Struct, frozen=True, gc=False):
    """`<symbol>@kline_1m`."""

    happened_at: Whole = field(name="E")
    kline: Kline = field(name="k")


class RestKline(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One row of `/api/v3/klines`; what follows in the row is left out."""

    open_at: Whole
    open: Positive
    high: Positive
    low: Positive
    close: Positive
    volume_base: Amount
    happened_at: Whole
    volume_quote: Amount
    trade_count: Whole
    taker_buy_base: Amount


EventT = TypeVar("EventT")


class Wrapped(msgspec.Struct, Generic[EventT], frozen=True, gc=False):
    """A frame of a combined stream, whose name is known already."""

    data: EventT


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """The fields that tell what a frame of unknown kind is."""

    stream: str | UnsetType = UNSET
    """Combined streams name it."""
    event: str | UnsetType = field(name="e", default=UNSET)
    """All events but `bookTicker` name themselves."""
    symbol: str | UnsetType = field(name="s", default=UNSET)
    update_id: Raw | UnsetType = field(name="u", default=UNSET)
    """`bookTicker`."""
    last_id: Raw | UnsetType = field(name="lastUpdateId", default=UNSET)
    """The answer of `/api/v3/depth`."""
    result: Raw | UnsetType = UNSET
    """Replies to a subscription."""
    error: Raw | UnsetType = UNSET
    """Errors of the websocket."""
    code: int | UnsetType = UNSET
    """Errors of the REST interface."""
    msg: str | UnsetType = UNSET
