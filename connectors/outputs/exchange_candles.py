"""Candles of one symbol, made of its trades in whole units of 1e-8, so that no sum is rounded before it is written."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from connectors.outputs.exchange_trades import UNIT, Trade, instant_of, to_text, to_units

MINUTE_MS: Final = 60_000
INTERVALS_MS: Final = {
    "1s": 1_000,
    **{f"{minutes}m": minutes * MINUTE_MS for minutes in (1, 3, 5, 15, 30)},
    **{f"{hours}h": hours * 60 * MINUTE_MS for hours in (1, 2, 4, 6, 8, 12)},
    **{f"{days}d": days * 24 * 60 * MINUTE_MS for days in (1, 3)},
    "1w": 7 * 24 * 60 * MINUTE_MS,
}
"""Lengths of candles. A month has none, and is not offered."""
_MONDAY_MS: Final = 4 * 24 * 60 * MINUTE_MS
"""The first Monday of 1970: weeks begin with one."""


class Candle:
    """One candle, or several in one: it does not matter in which order trades come."""

    __slots__ = ("close", "first_id", "high", "last_id", "low", "open", "quote", "taker_base", "taker_quote", "trades", "volume")

    def __init__(self) -> None:
        """Start without a trade."""
        self.open = self.high = self.close = 0
        self.low = 0
        self.volume = self.taker_base = self.trades = 0
        self.quote = self.taker_quote = 0
        self.first_id = self.last_id = -1

    def add(self, trade: Trade) -> None:
        """Take a trade."""
        price, quantity = to_units(trade.price), to_units(trade.quantity)
        self._extend(trade.id, trade.id, price, price, price, price)
        self.volume += quantity
        self.quote += price * quantity
        self.trades += 1
        if not trade.buyer_is_maker:
            self.taker_base += quantity
            self.taker_quote += price * quantity

    def join(self, other: Candle) -> None:
        """Take the trades of another candle."""
        self._extend(other.first_id, other.last_id, other.open, other.high, other.low, other.close)
        self.volume += other.volume
        self.quote += other.quote
        self.trades += other.trades
        self.taker_base += other.taker_base
        self.taker_quote += other.taker_quote

    def _extend(self, first_id: int, last_id: int, opened: int, high: int, low: int, close: int) -> None:
        if self.first_id < 0 or first_id < self.first_id:
            self.first_id, self.open = first_id, opened
        if last_id > self.last_id:
            self.last_id, self.close = last_id, close
        self.high = max(self.high, high)
        self.low = min(self.low or low, low)

    def row(self, start_ms: int, length_ms: int, factor: int) -> list[object]:
        """Write it as a row of `/api/v3/klines`; instants are milliseconds times `factor`."""
        prices = [to_text(price) for price in (self.open, self.high, self.low, self.close)]
        close_at = (start_ms + length_ms) * factor - 1
        taken = [to_text(self.taker_base), to_text(_rounded(self.taker_quote))]
        return [start_ms * factor, *prices, to_text(self.volume), close_at, to_text(_rounded(self.quote)), self.trades, *taken, "0"]


def _rounded(units: int) -> int:
    """Round a product of two amounts to eight decimals."""
    return (units + UNIT // 2) // UNIT


class Candles:
    """The minutes of a symbol."""

    def __init__(self) -> None:
        """Start without one."""
        self.minutes: dict[int, Candle] = {}
        """By their first millisecond."""

    def add(self, trade: Trade) -> None:
        """Take a trade."""
        start_ms = instant_of(trade) // 1000 // MINUTE_MS * MINUTE_MS
        candle = self.minutes.get(start_ms)
        if candle is None:
            candle = self.minutes[start_ms] = Candle()
        candle.add(trade)

    def joined(self, length_ms: int, start_ms: float, end_ms: float) -> dict[int, Candle]:
        """Give candles of whole minutes that begin within a span, by their first millisecond, in order."""
        found: dict[int, Candle] = {}
        for minute_ms in sorted(self.minutes):
            begin_ms = beginning(minute_ms, length_ms)
            if start_ms <= begin_ms <= end_ms:
                found.setdefault(begin_ms, Candle()).join(self.minutes[minute_ms])
        return found


def made_of(trades: Iterable[Trade], length_ms: int) -> dict[int, Candle]:
    """Make candles of trades, by their first millisecond."""
    found: dict[int, Candle] = {}
    for trade in trades:
        found.setdefault(beginning(instant_of(trade) // 1000, length_ms), Candle()).add(trade)
    return found


def beginning(instant_ms: int, length_ms: int) -> int:
    """Give the first millisecond of the candle that holds an instant."""
    shift = _MONDAY_MS if length_ms == INTERVALS_MS["1w"] else 0
    return (instant_ms - shift) // length_ms * length_ms + shift
