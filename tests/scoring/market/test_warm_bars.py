"""Candles of the minutes before the first trade say what volume is usual, whichever is handed on first."""

from __future__ import annotations

import itertools
import math

import pytest

from scoring.duration import Duration
from scoring.market.bar_settings import BarSettings
from scoring.market.bars import Bars
from scoring.records import Batch, Candle, End, Kind, MarketItem, Trade, to_columns

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
START = 1_723_161_240 * SECOND


def candles(*minutes: int, received_s: float = 5.0, volume: float = 2.0) -> Batch:
    """Give candles of minutes after the start."""
    rows = [Candle(START + int(received_s * SECOND), START, START + at * MINUTE, 1.0, 1.0, 1.0, 1.0, volume, 1.0, 1, 1.0) for at in minutes]
    return Batch(Kind.CANDLE, "BTCUSDT", to_columns(Candle, rows))


def trades(*seconds: float) -> Batch:
    rows = [
        Trade(START + int(at * SECOND), START + int(at * SECOND), int(at) + 1, 1.0, 6.0, False, int(at) + 1, int(at) + 1, False)
        for at in seconds
    ]
    return Batch(Kind.TRADE, "BTCUSDT", to_columns(Trade, rows))


def spikes(*items: MarketItem, width: str = "1m") -> list[float]:
    bars = Bars("BTCUSDT", BarSettings(widths=(Duration.parse(width),)))
    return [spike for item in items for rows in bars.update([item]) for spike in rows.columns["volume_spike"].tolist()]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_first_window_knows_what_is_usual(order: tuple[int, ...]) -> None:
    items = (trades(1), candles(-3, -2), candles(-1, volume=5.0, received_s=59.9))
    assert spikes(*(items[place] for place in order), End()) == [2.0]


def test_its_own_minutes_and_what_comes_too_late_are_not_taken() -> None:
    late = candles(-1, received_s=60)
    own = candles(0, 1)
    for items in ((late, own, trades(1, 61)), (trades(1, 61), late, own), (trades(1), own, late, trades(61))):
        first, second = spikes(*items, End())
        assert math.isnan(first)
        assert second == 1.0


def test_a_minute_without_volume_says_nothing() -> None:
    (spike,) = spikes(candles(-1, volume=0.0), trades(1), End())
    assert math.isnan(spike)


def test_no_more_is_kept_than_agreed() -> None:
    assert spikes(candles(*range(-2_500, -400)), candles(-1, volume=100.0), trades(1), End()) == [3.0]


def test_windows_of_another_width_have_no_candles() -> None:
    (spike,) = spikes(candles(-1), trades(1), trades(), End(), width="5m")
    assert math.isnan(spike)
