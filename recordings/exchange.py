"""The exchange of the bundled session: three symbols that walk at random, quote, trade, and close candles, each from its own seed.

Cut from the session that is made of it, because this knows nothing of tapes: it says what happened, not what was received.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random
from typing import Final

import msgspec

from scoring.records import NANOSECONDS_PER_SECOND

START_NS: Final = int(datetime(2026, 3, 14, 12, 0, tzinfo=UTC).timestamp()) * NANOSECONDS_PER_SECOND
MINUTES: Final = 20
SECONDS: Final = MINUTES * 60


class Coin(msgspec.Struct, frozen=True):
    """How one symbol trades when nothing happens."""

    symbol: str
    price: float
    """At the start, quote currency."""
    tick: float
    """Smallest step of a price."""
    lot: float
    """Median trade, base units."""
    volatility_bps: float
    """Standard deviation of one second's return."""
    trades_per_second: float
    quotes_per_second: float
    decimals: int
    """Of a price."""
    pumped: bool = False
    """The coin of the story."""


COINS: Final = (
    Coin("BTCUSDT", 61_840.0, 0.01, 0.004, 0.8, 7.5, 26, 2),
    Coin("ETHUSDT", 2_690.0, 0.01, 0.09, 1.0, 6.5, 24, 2),
    Coin("DOGEUSDT", 0.102, 0.00001, 900.0, 1.6, 6.5, 23, 5, pumped=True),
)


class Mood(msgspec.Struct, frozen=True):
    """What a phase of the story does to the pumped coin."""

    until: int
    """Second at which the phase ends."""
    drift_bps: float
    """Per second."""
    activity: float
    """Times the usual number of trades."""
    size: float
    """Times the usual size."""
    volatility: float
    """Times the usual volatility."""


STORY: Final = (
    Mood(360, 0.0, 1.0, 1.0, 1.0),  # calm
    Mood(600, 0.05, 1.1, 1.0, 0.9),  # the crowd talks, the price stands
    Mood(750, 4.6, 5.5, 3.0, 2.2),  # the pump: seven per cent in two and a half minutes
    Mood(960, -2.1, 3.0, 1.6, 2.0),  # the fade
    Mood(SECONDS, 0.0, 1.0, 1.0, 1.1),  # calm again, with the lost connection in it
)


class Market:
    """One symbol at the exchange: a random walk that quotes, trades, and closes candles."""

    def __init__(self, coin: Coin, random: Random) -> None:
        """Start at the coin's price."""
        self._coin, self._random = coin, random
        self._logarithm = math.log(coin.price)
        self._second = 0.0
        self._trade_id = 3_735_000_000 + random.randrange(1_000_000)
        self._update_id = 50_093_000_000 + random.randrange(1_000_000)
        self._candle: list[float] = []
        self._candle_trades = 0
        self._first_id = self._trade_id + 1
        self._bid, self._ask = self._touch()

    def events(self) -> Iterator[tuple[float, str, dict[str, object]]]:
        """Give (second, stream, data) in order."""
        coin, random = self._coin, self._random
        name = coin.symbol.lower()
        next_quote, next_trade, next_depth, next_close = 0.0, 0.05, 0.5, 60.0
        while True:
            second = min(next_quote, next_trade, next_depth, next_close)
            if second >= SECONDS:
                return
            mood = self._mood(second)
            if second == next_close:
                yield second, f"{name}@kline_1m", self._close_candle(second)
                next_close += 60.0
            elif second == next_trade:
                yield second, f"{name}@trade", self._trade(second, mood)
                # Trades come in bursts: a third of them within a few milliseconds of the last one.
                wait = 0.004 if random.random() < 0.33 else 1.5 / (coin.trades_per_second * mood.activity)
                next_trade = second + exponential(random, wait)
            elif second == next_quote:
                self._walk(second, mood)
                yield second, f"{name}@bookTicker", self._quote()
                next_quote = second + exponential(random, 1 / (coin.quotes_per_second * math.sqrt(mood.activity)))
            else:
                yield second, f"{name}@depth5", self._depth()
                next_depth += 1.0

    def _mood(self, second: float) -> Mood:
        if not self._coin.pumped:
            return STORY[0]
        return next(mood for mood in STORY if second < mood.until)

    def _walk(self, second: float, mood: Mood) -> None:
        passed, self._second = second - self._second, second
        shock = _normal(self._random) * self._coin.volatility_bps * mood.volatility * math.sqrt(passed)
        self._logarithm += (shock + mood.drift_bps * passed) / 10_000
        self._bid, self._ask = self._touch()

    def _touch(self) -> tuple[float, float]:
        ticks = 1 if self._random.random() < 0.9 else 2 + int(exponential(self._random, 3))
        bid = round(math.exp(self._logarithm) / self._coin.tick) * self._coin.tick
        return bid, bid + ticks * self._coin.tick

    def _quote(self) -> dict[str, object]:
        self._update_id += 1 + int(exponential(self._random, 6))
        return {
            "u": self._update_id,
            "s": self._coin.symbol,
            "b": f"{self._bid:.8f}",
            "B": self._size(8),
            "a": f"{self._ask:.8f}",
            "A": self._size(8),
        }

    def _trade(self, second: float, mood: Mood) -> dict[str, object]:
        self._trade_id += 1
        rising = mood.drift_bps > 1
        seller_took = self._random.random() < (0.32 if rising else 0.62 if mood.drift_bps < -1 else 0.5)
        price = self._bid if seller_took else self._ask
        quantity = self._size(mood.size)
        at = _milliseconds(second)
        self._remember(float(f"{price:.8f}"), float(quantity), not seller_took)
        return {
            "e": "trade",
            "E": at + (self._random.random() < 0.3),
            "s": self._coin.symbol,
            "t": self._trade_id,
            "p": f"{price:.8f}",
            "q": quantity,
            "T": at,
            "m": seller_took,
            "M": True,
        }

    def _size(self, factor: float) -> str:
        return f"{max(self._coin.lot * factor * math.exp(1.6 * _normal(self._random)), 1e-5):.5f}000"

    def _depth(self) -> dict[str, object]:
        step = self._coin.tick
        return {
            "lastUpdateId": self._update_id,
            "bids": [[f"{self._bid - level * step:.8f}", self._size(8)] for level in range(5)],
            "asks": [[f"{self._ask + level * step:.8f}", self._size(8)] for level in range(5)],
        }

    def _remember(self, price: float, quantity: float, taker_bought: bool) -> None:
        if not self._candle:
            self._candle = [price, price, price, price, 0.0, 0.0, 0.0]
        candle = self._candle
        candle[1], candle[2], candle[3] = max(candle[1], price), min(candle[2], price), price
        candle[4] += quantity
        candle[5] += price * quantity
        candle[6] += quantity * taker_bought
        self._candle_trades += 1

    def _close_candle(self, second: float) -> dict[str, object]:
        opened, high, low, close, base, quote, taker = self._candle
        start, count, first_id = _milliseconds(second - 60), self._candle_trades, self._first_id
        self._candle, self._candle_trades, self._first_id = [], 0, self._trade_id + 1
        return {
            "e": "kline",
            "E": _milliseconds(second),
            "s": self._coin.symbol,
            "k": {
                "t": start,
                "T": start + 59_999,
                "s": self._coin.symbol,
                "i": "1m",
                "f": first_id,
                "L": self._trade_id,
                "o": f"{opened:.8f}",
                "c": f"{close:.8f}",
                "h": f"{high:.8f}",
                "l": f"{low:.8f}",
                "v": f"{base:.8f}",
                "n": count,
                "x": True,
                "q": f"{quote:.8f}",
                "V": f"{taker:.8f}",
                "Q": "0",
                "B": "0",
            },
        }


def _milliseconds(second: float) -> int:
    return START_NS // 1_000_000 + int(second * 1000)


def exponential(random: Random, mean: float) -> float:
    """Draw a waiting time, or a size, of this mean."""
    return -math.log(1.0 - random.random()) * mean


def _normal(random: Random) -> float:
    # Twelve uniforms are near enough to a bell, and the same on every machine.
    return sum(random.random() for _ in range(12)) - 6.0
