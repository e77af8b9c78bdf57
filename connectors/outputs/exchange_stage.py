"""Where a tape is played: the clients that listen, and the markets that know what has been played."""

from __future__ import annotations

import contextlib
import math
from collections import Counter
from collections.abc import Iterable
from typing import Final

import msgspec

from connectors.outputs.exchange_client import Client
from connectors.outputs.exchange_info import Sizes, sizes_of
from connectors.outputs.exchange_market import Keep, Market
from connectors.outputs.exchange_streams import Audience
from connectors.outputs.exchange_tape import MIDDLE, REST, ExchangeTape
from connectors.outputs.exchange_trades import Aggregate
from connectors.wire.binance_routes import OPENING

_SETTLED_ROWS: Final = 2_000
"""Frames after which it is looked whether much has been put aside."""


class ExchangeStage:
    """Shows what is played to everybody who should see it."""

    def __init__(self, tape: ExchangeTape, counts: Counter[str], kept: int, peek_rows: int, client_bytes: int, speed: float) -> None:
        """Look at the beginning of the tape, and wait for clients."""
        self.clients: dict[int, Client] = {}
        """By number, those that are connected."""
        self._counts, self._client_bytes, self._unbounded = counts, client_bytes, math.isinf(speed)
        self._audience = Audience()
        names, payloads = _peek(tape, peek_rows)
        self.streams: set[str] = {name.decode(errors="replace") for name in set(names) if name and not name.endswith(REST.encode())}
        """The streams at the beginning of the tape."""
        symbols = sorted(set(tape.symbols) | {name.partition("@")[0].upper() for name in self.streams if name[0] != "!"})
        self.markets: dict[str, Market] = {symbol: Market(symbol, self.streams, kept) for symbol in symbols}
        """By symbol."""
        self.scouts: dict[str, Market] = {symbol: _scout(symbol, self.streams, names, payloads) for symbol in symbols}
        """What the beginning of the tape says of each symbol."""
        self.sizes: dict[str, Sizes] = {symbol: _sizes(scout) for symbol, scout in self.scouts.items()}
        """Smallest steps, by symbol."""
        for market in self.markets.values():
            market.look_ahead(zip(names, payloads, strict=True))
        self._keepers: dict[bytes, Keep | None] = {}
        self._aggregating: list[Market] = []
        self._unsettled = 0

    def seat(self) -> None:
        """Note who listens to what now."""
        for market in self.markets.values():
            market.settle()
            market.trades.fresh.clear()
        self._audience.seat(self.clients.values())
        makers = (market for market in self.markets.values() if market.makes_aggregates)
        self._aggregating = [market for market in makers if self._audience.hears(market.aggregate_stream)]

    def show(self, names: list[bytes], payloads: list[bytes], at_ns: int) -> None:
        """Take frames that are due."""
        keepers = self._keepers
        for name, payload in zip(names, payloads, strict=True):
            try:
                keep = keepers[name]
            except KeyError:
                keep = keepers[name] = self._keeper(name)
            if keep is not None:
                keep(payload)
        self._audience.tell(names, payloads, at_ns)
        for market in self._aggregating:
            market.settle()
            self._tell_aggregates(market, at_ns)
        self._unsettled += len(names)
        if self._unsettled >= _SETTLED_ROWS:
            self._unsettled = 0
            for market in self.markets.values():
                market.settle_many()
                market.trades.fresh.clear()

    def release(self, now_ns: int) -> None:
        """Send what was held back until now, and cut off who is too slow."""
        for client in list(self.clients.values()):
            client.line.release(now_ns)
            if not self._unbounded and client.waiting_bytes > self._client_bytes:
                self._counts["clients that were too slow"] += 1
                client.reset()

    async def drained(self) -> None:
        """Wait until clients have taken what was sent."""
        for client in list(self.clients.values()):
            with contextlib.suppress(ConnectionError):
                await client.connection.drain()

    def end(self, at_ns: int) -> None:
        """Know that nothing more will be played."""
        for market in self.markets.values():
            market.settle()
            market.trades.close()
        for market in self._aggregating:
            self._tell_aggregates(market, at_ns)
        for client in self.clients.values():
            client.line.finish(at_ns)

    def _keeper(self, name: bytes) -> Keep | None:
        market = self.markets.get(name.decode(errors="replace").partition("@")[0].upper())
        return market.keeper(name) if market is not None else None

    def _tell_aggregates(self, market: Market, at_ns: int) -> None:
        name = market.aggregate_stream
        payloads = [_event(name, market.symbol, aggregate) for aggregate in market.trades.fresh]
        market.trades.fresh.clear()
        self._audience.tell([name] * len(payloads), payloads, at_ns)


def _event(name: bytes, symbol: str, row: Aggregate) -> bytes:
    """Write an `aggTrade` event as it comes in a combined stream."""
    event = {"e": "aggTrade", "E": row.at, "s": symbol, "a": row.id, "p": row.price, "q": row.quantity}
    event |= {"f": row.first_id, "l": row.last_id, "T": row.at, "m": row.buyer_is_maker, "M": True}
    return OPENING + name + MIDDLE + msgspec.json.encode(event) + b"}"


def _peek(tape: ExchangeTape, rows: int) -> tuple[list[bytes], list[bytes]]:
    """Give names and payloads of the first frames, a block more or less."""
    names: list[bytes] = []
    payloads: list[bytes] = []
    with contextlib.closing(tape.blocks()) as blocks:
        for block in blocks:
            names += block.names
            payloads += block.payloads
            if len(names) >= rows:
                break
    return names, payloads


def _scout(symbol: str, streams: set[str], names: list[bytes], payloads: list[bytes]) -> Market:
    """Read the trades of a symbol."""
    scout = Market(symbol, streams, len(names))
    for stream in (f"{symbol.lower()}@trade".encode(), scout.aggregate_stream):
        if (keep := scout.keeper(stream)) is not None:
            _feed(keep, (payload for name, payload in zip(names, payloads, strict=True) if name == stream))
    scout.settle()
    return scout


def _sizes(scout: Market) -> Sizes:
    return sizes_of([*scout.trades.ledger.rows, *scout.trades.aggregates.rows])


def _feed(keep: Keep, payloads: Iterable[bytes]) -> None:
    for payload in payloads:
        keep(payload)
