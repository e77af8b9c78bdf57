"""What can be set about the live connection to Binance; limits are the exchange's own, and endpoints can be any other.

Source: https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams
"""

from __future__ import annotations

from typing import Literal

import msgspec

from scoring.duration import Duration


class BinanceSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How market data of Binance is received."""

    hosts: tuple[str, ...] = ("wss://data-stream.binance.vision", "wss://stream.binance.com:9443")
    """Base addresses, tried in this order; the first one serves market data without a key."""
    kinds: tuple[str, ...] = ("trade", "bookTicker", "depth@100ms", "kline_1m")
    """Streams of every symbol, named as after `btcusdt@`."""
    time_unit: Literal["millisecond", "microsecond"] = "microsecond"
    """Of the instants in the messages."""
    streams_per_connection: int = 1024
    """The exchange allows 1,024."""
    longest_address: int = 4000
    """Characters; streams that do not fit into the address are subscribed to by messages afterwards. Servers commonly refuse
    request lines of more than 8,192 bytes."""
    streams_per_message: int = 200
    """Streams in one message that subscribes."""
    messages_per_second: float = 4.0
    """How many such messages a connection sends. The exchange disconnects above 5, and our pongs count."""
    connections: int = 300
    """Attempts to connect within `connections_within`, those that failed too. The exchange allows 300 in 5 minutes to an address,
    which other programs of yours may share."""
    connections_within: Duration = Duration.parse("5m")
    """See `connections`."""
    open_timeout: Duration = Duration.parse("10s")
    """How long one step of connecting may take: TCP, TLS, the handshake."""
    stale: Duration = Duration.parse("5s")
    """A connection without a message for this long is shown as stale."""
    silence: Duration = Duration.parse("15s")
    """A connection without a message for this long is given up; pings do not count. Longer where only quiet symbols are followed."""
    rotate_after: Duration = Duration.parse("1430m")
    """A connection is replaced at this age, without loss: the exchange ends it after 24 hours."""
    overlap: Duration = Duration.parse("3s")
    """How long the old and the new connection are both read when one replaces the other; twice as long where the old one lags."""
    backoff_first: Duration = Duration.parse("1s")
    """Longest wait after the first failure; each failure doubles it."""
    backoff_most: Duration = Duration.parse("60s")
    """Longest wait of all."""
    longest_message: int = 16 << 20
    """Bytes; a connection that brings a longer one is given up."""
