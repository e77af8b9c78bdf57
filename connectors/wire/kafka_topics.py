"""Which topic a frame of the tape goes to, and under which key; and which feed a topic holds when a message does not say.

The key is what must stay in order: the symbol, the channel, or the feed where one answer speaks of many things. The name of a
stream tells both, and it stands at the beginning of a frame, so a frame is not parsed.
"""

from __future__ import annotations

from typing import Final

import msgspec

from connectors.wire.gap import GAP_FEED
from connectors.wire.kafka import Event, event_id, stamp
from connectors.wire.kafka_marks import KAFKA_FEED
from connectors.wire.news import CHANNEL_PREFIX, NEWS_FEED
from connectors.wire.prices import PRICES_FEED
from connectors.wire.telegram import TELEGRAM_FEED
from scoring.records import CLOCK_FEED

_STREAM: Final = b'{"stream":"'
_LONGEST_NAME: Final = 64
_TRADES: Final = frozenset({"trade", "trade@rest", "aggTrade", "aggTrade@rest"})
_QUOTES: Final = "bookTicker"
_STAYS: Final = frozenset({CLOCK_FEED, KAFKA_FEED})
"""Marks of the tape itself: who reads the topics has a tape and a clock of their own."""


class TopicNames(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `[kafka.topics]` of the settings: topics of raw events."""

    trades: str = "binance.trades"
    """Single and aggregate trades; key: symbol."""
    book_ticker: str = "binance.book_ticker"
    """Best bid and ask; key: symbol."""
    binance: str = "binance.other"
    """Everything else of the exchange: depth, candles, what the connection says; key: symbol."""
    prices: str = "live-prices"
    """What is polled: prices of aggregators, trending, chains, moods; key: feed."""
    social: str = "live-social"
    """Posts and headlines; key: channel."""
    gaps: str = "live-gaps"
    """Where data is missing; key: symbol."""

    def names(self) -> tuple[str, ...]:
        """List the topics."""
        return tuple(dict.fromkeys((self.trades, self.book_ticker, self.binance, self.prices, self.social, self.gaps)))

    def feed_of(self, topic: str) -> str:
        """Name the feed of a message that does not say: another program wrote it."""
        feeds = {self.gaps: GAP_FEED, self.prices: PRICES_FEED, self.social: TELEGRAM_FEED}
        return feeds.get(topic, "binance")


class _Named(msgspec.Struct):
    """What may say whose a payload is."""

    channel: str = ""
    source: str = ""
    symbol: str = ""
    stream: str = ""
    e: str = ""
    s: str = ""
    u: int = 0


_NAMED: Final = msgspec.json.Decoder(_Named)
_NAMELESS: Final = _Named()


class Routes:
    """Makes events of the frames of one tape."""

    def __init__(self, topics: TopicNames, producer: str) -> None:
        """Take the topics, and a name of the tape that no other tape has ever had."""
        self._topics, self._producer = topics, producer
        self._streams: dict[bytes, tuple[str, bytes]] = {}

    def event(self, feed: str, payload: bytes, received_ns: int, row: int) -> Event | None:
        """Make the event of a frame; None for the tape's own marks."""
        if feed in _STAYS:
            return None
        topic, key = self._place(feed, payload)
        return Event(topic, key, stamp(payload, received_ns), feed, event_id(self._producer, row))

    def _place(self, feed: str, payload: bytes) -> tuple[str, bytes]:
        if feed == "binance":
            return self._place_stream(payload)
        if feed == GAP_FEED:
            return self._topics.gaps, _named(payload).symbol.encode(errors="replace") or b"*"
        if feed == TELEGRAM_FEED:
            return self._topics.social, _named(payload).channel.encode(errors="replace") or feed.encode(errors="replace")
        if feed == NEWS_FEED:
            return self._topics.social, f"{CHANNEL_PREFIX}{_named(payload).source}".encode(errors="replace")
        return self._topics.prices, feed.encode(errors="replace")

    def _place_stream(self, payload: bytes) -> tuple[str, bytes]:
        """Place a frame of the exchange: by the name of its stream, which is looked up once, or by what it says itself."""
        end = payload.find(b'"', len(_STREAM), len(_STREAM) + _LONGEST_NAME)
        if end < 0 or not payload.startswith(_STREAM):
            return self._place_raw(_named(payload))
        name = payload[len(_STREAM) : end]
        place = self._streams.get(name)
        if place is None:
            place = self._of_stream(name.decode(errors="replace"))
            if len(self._streams) < 1 << 16:  # names are the other side's: memory is ours
                self._streams[name] = place
        return place

    def _place_raw(self, named: _Named) -> tuple[str, bytes]:
        if named.stream:
            return self._of_stream(named.stream)
        event = named.e or (_QUOTES if named.s and named.u else "")
        return self._of_kind(event), named.s.encode(errors="replace") or b"binance"

    def _of_stream(self, name: str) -> tuple[str, bytes]:
        symbol, _, kind = name.partition("@")
        return self._of_kind(kind), (symbol.upper() if kind else "binance").encode(errors="replace")

    def _of_kind(self, kind: str) -> str:
        if kind in _TRADES:
            return self._topics.trades
        return self._topics.book_ticker if kind == _QUOTES else self._topics.binance


def _named(payload: bytes) -> _Named:
    try:
        return _NAMED.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _NAMELESS
