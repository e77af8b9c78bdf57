"""Which frame is what: told from its first bytes, for thousands of frames at a time.

A combined stream begins every frame with its name, so the first 40 bytes of `{"stream":"btcusdt@trade","data":{"e":"trade",…`
are the same in every frame of a stream. Forty bytes are five machine words; comparing words is a hundred times cheaper than
parsing. What begins in another way (other spacing, another order of keys, a raw stream) is not lost: it takes the longer way
through `by_stream` and `by_event`, and a short name that leaves fewer than 40 fixed bytes always does.

REST answers have no stream name. The recorder wraps them as if they had, in the names that end in `@rest`.
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Sequence
from typing import Any, Final, Literal, TypeAlias

import msgspec
import numpy as np
from msgspec.json import Decoder
from numpy.typing import NDArray

from connectors.wire import binance_streams as streams
from scoring.duration import Duration

Primary: TypeAlias = Literal["trade", "aggTrade"]
"""The trade stream that counts."""
OPENING: Final = b'{"stream":"'
"""How every frame of a combined stream begins; the name of the stream follows."""


class BinanceWireSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a Binance tape may hold."""

    symbols: tuple[str, ...]
    """Symbols as the exchange writes them, e.g. `BTCUSDT`; a frame of another one is rejected."""
    source: str = "binance"
    """Tape partition."""
    primary: dict[str, Primary] = {}
    """Which of its two trade streams counts, per symbol; `trade` where not named. The other one is ignored."""
    max_ahead_ns: Duration = Duration.parse("1m")
    """A row whose event time is further ahead of its receive time is rejected: one such row would close every window. Clocks that
    are kept by NTP differ by less than a second; the public recordings have 1.3 s."""


class Event(enum.Enum):
    """What a frame says."""

    TRADE = enum.auto()
    REPAIRED_TRADE = enum.auto()
    AGGREGATE = enum.auto()
    REPAIRED_AGGREGATE = enum.auto()
    QUOTE = enum.auto()
    DIFF = enum.auto()
    PARTIAL = enum.auto()
    SNAPSHOT = enum.auto()
    KLINE = enum.auto()
    PAST_KLINE = enum.auto()


class Route(msgspec.Struct, frozen=True, eq=False):
    """Where the frames of one stream go."""

    symbol: str
    event: Event
    primary: bool
    """False for the trade stream that does not count."""


_NAMES: Final = {
    "trade": Event.TRADE,
    "trade@rest": Event.REPAIRED_TRADE,
    "aggTrade": Event.AGGREGATE,
    "aggTrade@rest": Event.REPAIRED_AGGREGATE,
    "bookTicker": Event.QUOTE,
    "depth": Event.DIFF,
    "depth@100ms": Event.DIFF,
    **{f"depth{levels}{speed}": Event.PARTIAL for levels in (5, 10, 20) for speed in ("", "@100ms")},
    "depth@rest": Event.SNAPSHOT,
    "kline_1m": Event.KLINE,
    "kline_1m@rest": Event.PAST_KLINE,
}
"""The streams of a symbol, named as after `btcusdt@`."""

_TRADES: Final[dict[Event, Primary]] = {
    Event.TRADE: "trade",
    Event.REPAIRED_TRADE: "trade",
    Event.AGGREGATE: "aggTrade",
    Event.REPAIRED_AGGREGATE: "aggTrade",
}
EVENTS: Final = {
    "trade": Event.TRADE,
    "aggTrade": Event.AGGREGATE,
    "depthUpdate": Event.DIFF,
    "kline": Event.KLINE,
    "bookTicker": Event.QUOTE,
}
"""What an event calls itself; the last one does not, and is called so by its stream."""

_OPENINGS: Final = {
    Event.TRADE: '{"e":"trade","E":',
    Event.AGGREGATE: '{"e":"aggTrade","E":',
    Event.QUOTE: '{"u":',
    Event.DIFF: '{"e":"depthUpdate","E":',
    Event.PARTIAL: '{"lastUpdateId":',
    Event.KLINE: '{"e":"kline","E":',
}
"""How the data of the frequent events begin as the exchange writes them."""

_STRUCTS: Final[dict[Event, Any]] = {
    Event.TRADE: streams.TradeEvent,
    Event.REPAIRED_TRADE: streams.RestTrade,
    Event.AGGREGATE: streams.AggregateEvent,
    Event.REPAIRED_AGGREGATE: streams.AggregateEvent,
    Event.QUOTE: streams.QuoteEvent,
    Event.DIFF: streams.DiffEvent,
    Event.PARTIAL: streams.BookEvent,
    Event.SNAPSHOT: streams.BookEvent,
    Event.KLINE: streams.KlineEvent,
    Event.PAST_KLINE: streams.RestKline,
}


def _wrapped(struct: Any) -> Any:
    """Name the type of a frame around this Struct: known at run time only."""
    return streams.Wrapped[struct]


BARE: Final[dict[Event, Decoder[Any]]] = {event: Decoder(struct, strict=False) for event, struct in _STRUCTS.items()}
"""Parsers of raw frames."""
WRAPPED: Final[dict[Event, Decoder[Any]]] = {event: Decoder(_wrapped(struct), strict=False) for event, struct in _STRUCTS.items()}
"""Parsers of frames of combined streams."""

PREFIX_BYTES: Final = 40
"""How much of a frame is looked at: five words reach past the name of any stream of a symbol of 4 to 16 characters."""
_PREFIX: Final = f"S{PREFIX_BYTES}"
_WORDS: Final = PREFIX_BYTES // 8
_MIXERS: Final = np.array([3, 5, 7, 11, 13], np.uint64) * np.uint64(0x9E3779B97F4A7C15)
"""Odd numbers that spread the words of a prefix over one word."""


class Routes:
    """All streams of the configured symbols."""

    def __init__(self, symbols: tuple[str, ...], primary: dict[str, Primary]) -> None:
        """Lay out the tables for these symbols."""
        self.symbols = symbols
        self.by_stream: dict[str, Route] = {}
        self.by_event: dict[tuple[Event | None, str], Route] = {}
        for symbol in symbols:
            chosen = primary.get(symbol, "trade")
            by_event = {event: Route(symbol, event, _TRADES.get(event, chosen) == chosen) for event in Event}
            self.by_stream |= {f"{symbol.lower()}@{name}": by_event[event] for name, event in _NAMES.items()}
            self.by_event |= {(event, symbol): route for event, route in by_event.items()}
        self.prefixes = dict(sorted(prefix for name, route in self.by_stream.items() for prefix in _prefixes(name, route)))
        self._routes: list[Route] = list(self.prefixes.values())
        self._words: NDArray[np.uint64] = _words(list(self.prefixes))
        mixed = _mix(self._words)
        self._order = np.argsort(mixed)
        self._mixed = mixed[self._order]

    def classify(self, payloads: Sequence[bytes]) -> tuple[list[tuple[Route, NDArray[np.int64]]], list[int]]:
        """Split frames by stream: (route, indices in order) per stream seen, and the indices of those not told by their prefix."""
        if not self._routes:
            return [], list(range(len(payloads)))
        words = _words(payloads)
        mixed = _mix(words)
        nearest = self._order.take(np.searchsorted(self._mixed, mixed), mode="clip")
        told = np.ones(len(payloads), np.bool_)
        for column in range(_WORDS):
            told &= self._words[:, column].take(nearest) == words[:, column]
        return self._groups(np.where(told, nearest, len(self._routes)))

    def _groups(self, found: NDArray[np.int64]) -> tuple[list[tuple[Route, NDArray[np.int64]]], list[int]]:
        """Gather the indices of each route; those of no route are numbered one higher than the last."""
        order = np.argsort(found.astype(np.uint16), kind="stable")  # 16 bits: a radix sort
        counts = np.bincount(found, minlength=len(self._routes) + 1)
        ends = np.cumsum(counts)
        parts = {number: order[ends[number] - counts[number] : ends[number]] for number in np.flatnonzero(counts).tolist()}
        others = parts.pop(len(self._routes), order[:0])
        return [(self._routes[number], indices) for number, indices in parts.items()], others.tolist()


@functools.lru_cache(maxsize=64)
def _routes_for(symbols: tuple[str, ...], primary: tuple[tuple[str, Primary], ...]) -> Routes:
    return Routes(symbols, dict(primary))


def routes_for(settings: BinanceWireSettings) -> Routes:
    """Give the routes of these settings, made once."""
    return _routes_for(settings.symbols, tuple(settings.primary.items()))


def _prefixes(name: str, route: Route) -> list[tuple[bytes, Route]]:
    """Give the fixed beginning of the frames of a stream; none where it is too short, or too long to end inside it."""
    opening = OPENING + f'{name}",'.encode()
    prefix = opening + b'"data":' + _OPENINGS.get(route.event, "").encode()
    return [(prefix[:PREFIX_BYTES], route)] if len(opening) <= PREFIX_BYTES <= len(prefix) else []


def _words(payloads: Sequence[bytes]) -> NDArray[np.uint64]:
    """Give the first bytes of each frame as uint64[n, 5]; shorter frames are filled up with zeros, which no prefix has."""
    words: NDArray[np.uint64] = np.fromiter(payloads, _PREFIX, len(payloads)).view(np.uint64).reshape(-1, _WORDS)
    return words


def _mix(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Give one word (uint64[n]) for the five of each prefix; equal ones for equal prefixes."""
    mixed: NDArray[np.uint64] = words[:, 0] * _MIXERS[0]
    for column in range(1, _WORDS):
        mixed = (mixed ^ (words[:, column] * _MIXERS[column])) + (mixed >> np.uint64(29))
    return mixed
