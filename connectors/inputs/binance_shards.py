"""Streams to connections, within the limits of the exchange.

A connection carries so many streams, takes so many messages a second, and an address may connect so often. All streams of a symbol
stay on one connection, so that a lost connection concerns whole symbols.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from connectors.inputs.binance_settings import BinanceSettings

_SEPARATOR: Final = "/"


def streams_of(symbols: Sequence[str], kinds: Sequence[str]) -> tuple[str, ...]:
    """Name the streams of these kinds of these symbols.

    >>> streams_of(["BTCUSDT"], ["trade", "depth@100ms"])
    ('btcusdt@trade', 'btcusdt@depth@100ms')
    """
    return tuple(f"{symbol.lower()}@{kind}" for symbol in symbols for kind in kinds)


def symbol_of(stream: str) -> str:
    """Give the symbol of a stream as the exchange writes it elsewhere.

    >>> symbol_of("btcusdt@depth@100ms")
    'BTCUSDT'
    """
    return stream.partition("@")[0].upper()


def shards(streams: Sequence[str], most: int) -> tuple[tuple[str, ...], ...]:
    """Split streams into as few connections of at most `most` streams as keep symbols whole, evenly filled.

    A symbol of more than `most` streams is split all the same.

    >>> shards(["a@trade", "b@trade", "a@kline_1m"], 2)
    (('a@trade', 'a@kline_1m'), ('b@trade',))
    """
    by_symbol: dict[str, list[str]] = {}
    for stream in dict.fromkeys(streams):
        by_symbol.setdefault(symbol_of(stream), []).append(stream)
    pieces = [own[at : at + most] for own in by_symbol.values() for at in range(0, len(own), most)]
    connections: list[list[str]] = [[] for _ in range(-(-sum(map(len, pieces)) // most))]
    for piece in sorted(pieces, key=len, reverse=True):  # stable: equal symbols keep their order
        emptiest = min(connections, key=len)
        if len(emptiest) + len(piece) > most:
            emptiest = []
            connections.append(emptiest)
        emptiest += piece
    return tuple(map(tuple, connections))


class Subscription(msgspec.Struct, frozen=True):
    """How the streams of one connection are asked for."""

    path: str
    """Of the address, with those that fit."""
    messages: tuple[bytes, ...]
    """For the others, numbered from 1."""


def subscription(streams: Sequence[str], settings: BinanceSettings) -> Subscription:
    """Ask for as many streams as fit into the address, and for the rest by messages."""
    fitting, length = 0, 0
    for stream in streams:
        length += len(stream) + len(_SEPARATOR)
        if length > settings.longest_address:
            break
        fitting += 1
    named = f"streams={_SEPARATOR.join(streams[:fitting])}&" if fitting else ""
    size = settings.streams_per_message
    rest = [list(streams[at : at + size]) for at in range(fitting, len(streams), size)]
    return Subscription(
        f"/stream?{named}timeUnit={settings.time_unit}",
        tuple(msgspec.json.encode({"method": "SUBSCRIBE", "params": some, "id": number}) for number, some in enumerate(rest, 1)),
    )


class ConnectionBudget:
    """How often all connections together may be tried."""

    def __init__(self, most: int, within_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Allow `most` attempts in any `within_s` seconds."""
        self._within_s, self._clock = within_s, clock
        self._attempts: deque[float] = deque(maxlen=most)
        self._lock = threading.Lock()

    @classmethod
    def of(cls, settings: BinanceSettings) -> ConnectionBudget:
        """Take the limits from the settings."""
        return cls(settings.connections, settings.connections_within.seconds)

    def reserve(self) -> float:
        """Take the next attempt that is free, and give how many seconds to wait for it."""
        with self._lock:
            now = self._clock()
            full = len(self._attempts) == self._attempts.maxlen
            at = max(now, self._attempts[0] + self._within_s) if full else now
            self._attempts.append(at)
            return at - now
