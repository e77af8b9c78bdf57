"""What an exchange knows of one symbol by now: what has been played of it, read when it is asked for.

Playing only puts payloads aside, so that its pace does not depend on what they hold; they are parsed together, later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, Generic, TypeAlias, TypeVar

import msgspec

from connectors.outputs.exchange_book import BookCopy, Update
from connectors.outputs.exchange_candles import MINUTE_MS, Candles
from connectors.outputs.exchange_tape import REST
from connectors.outputs.exchange_trades import Aggregate, RestTrade, Trade, Trades, decode, to_microseconds

_MANY: Final = 2_000
"""Payloads of one kind that are parsed though nobody asks."""
_DEPTHS: Final = tuple(f"depth{levels}{speed}" for levels in (5, 10, 20) for speed in ("", "@100ms", "@1000ms"))

DataT = TypeVar("DataT")
Keep: TypeAlias = Callable[[bytes], None]


class Frame(msgspec.Struct, Generic[DataT], frozen=True):
    """A frame of a combined stream."""

    data: DataT


class KlineBody(msgspec.Struct, frozen=True, gc=False):
    """What a `kline` event says of its candle."""

    start: int = msgspec.field(name="t")
    end: int = msgspec.field(name="T")
    interval: str = msgspec.field(name="i")
    open: str = msgspec.field(name="o")
    high: str = msgspec.field(name="h")
    low: str = msgspec.field(name="l")
    close: str = msgspec.field(name="c")
    volume: str = msgspec.field(name="v")
    quote: str = msgspec.field(name="q")
    trades: int = msgspec.field(name="n")
    taker_base: str = msgspec.field(name="V")
    taker_quote: str = msgspec.field(name="Q")
    closed: bool = msgspec.field(name="x")


class KlineEvent(msgspec.Struct, frozen=True, gc=False):
    """A `kline` event."""

    candle: KlineBody = msgspec.field(name="k")


_TRADE: Final = msgspec.json.Decoder(Frame[Trade])
_AGGREGATE: Final = msgspec.json.Decoder(Frame[Aggregate])
_REST_TRADES: Final = msgspec.json.Decoder(Frame[list[RestTrade] | RestTrade])
_REST_AGGREGATES: Final = msgspec.json.Decoder(Frame[list[Aggregate] | Aggregate])
_KLINE: Final = msgspec.json.Decoder(Frame[KlineEvent])
_UPDATE: Final = msgspec.json.Decoder(Frame[Update])


class Market:
    """One symbol."""

    def __init__(self, symbol: str, streams: Iterable[str], kept: int) -> None:
        """Know which streams the tape has (`btcusdt@trade` …), and keep so many trades."""
        self.symbol = symbol
        self._prefix = f"{symbol.lower()}@"
        self.makes_aggregates = f"{self._prefix}aggTrade" not in set(streams)
        """Whether aggregates are made of trades, because the tape has none."""
        self.aggregate_stream = f"{self._prefix}aggTrade".encode()
        self.book = BookCopy()
        self.candles = Candles()
        """Made of trades."""
        self.trades = Trades(kept, not self.makes_aggregates, self.candles.add)
        self.told: dict[int, KlineBody] = {}
        """The closed minutes that the tape tells itself, by their first millisecond."""
        self._waiting: dict[str, list[bytes]] = {}
        self._takers: dict[str, Callable[[list[bytes]], None]] = {
            "trade": self._take_trades,
            f"trade{REST}": self._take_rest_trades,
            "aggTrade": self._take_aggregates,
            f"aggTrade{REST}": self._take_rest_aggregates,
            "kline_1m": self._take_klines,
            "depth": self._take_updates,
            **dict.fromkeys(_DEPTHS, self._take_tops),
        }

    def keeper(self, name: bytes) -> Keep | None:
        """Give what takes the payloads of a stream; None where there is nothing to keep of it."""
        kind = name.decode(errors="replace").removeprefix(self._prefix)
        if kind in ("depth@100ms", "depth@1000ms", f"depth{REST}"):
            kind = "depth"  # in one list, because their order matters
        if kind not in self._takers:
            return None
        waiting = self._waiting.setdefault(kind, [])
        if kind in _DEPTHS:
            return lambda payload: waiting.__setitem__(slice(None), [payload])
        return waiting.append

    def settle(self, at_least: int = 1) -> None:
        """Parse what has been put aside, where it is so much."""
        for kind, payloads in self._waiting.items():
            if len(payloads) >= at_least:
                self._takers[kind](payloads)
                payloads.clear()

    def settle_many(self) -> None:
        """Parse what has been put aside before it becomes too much."""
        self.settle(_MANY)

    def _take_trades(self, payloads: list[bytes]) -> None:
        for frame in decode(_TRADE, payloads):
            self.trades.add(frame.data)

    def _take_rest_trades(self, payloads: list[bytes]) -> None:
        for row in _rows(decode(_REST_TRADES, payloads)):
            self.trades.add(Trade(row.id, row.price, row.quantity, row.at, row.buyer_is_maker))

    def _take_aggregates(self, payloads: list[bytes]) -> None:
        for frame in decode(_AGGREGATE, payloads):
            self.trades.aggregates.add(frame.data)

    def _take_rest_aggregates(self, payloads: list[bytes]) -> None:
        for row in _rows(decode(_REST_AGGREGATES, payloads)):
            self.trades.aggregates.add(row)

    def _take_klines(self, payloads: list[bytes]) -> None:
        for frame in decode(_KLINE, payloads):
            candle = frame.data.candle
            if candle.closed and candle.interval == "1m":
                self.told[to_microseconds(candle.start) // 1000 // MINUTE_MS * MINUTE_MS] = candle

    def _take_updates(self, payloads: list[bytes]) -> None:
        for frame in decode(_UPDATE, payloads):
            self.book.apply(frame.data)

    def _take_tops(self, payloads: list[bytes]) -> None:
        for frame in decode(_UPDATE, payloads[-1:]):
            self.book.show_top(frame.data)

    def look_ahead(self, payloads: Iterable[tuple[bytes, bytes]]) -> None:
        """Know the first snapshot of the book among frames (name, payload) that will be played."""
        wanted = f"{self._prefix}depth{REST}".encode()
        snapshot = next((payload for name, payload in payloads if name == wanted), None)
        for frame in decode(_UPDATE, [snapshot] if snapshot else []):
            self.book.seed(frame.data)


def _rows(frames: list[Any]) -> list[Any]:
    """Give the rows of answers that hold one, or a list of them."""
    return [row for frame in frames for row in (frame.data if isinstance(frame.data, list) else [frame.data])]
