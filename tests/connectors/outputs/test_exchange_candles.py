"""Candles: equal to sums in decimals, whatever order trades come in."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from random import Random

import pytest

from connectors.outputs.exchange_candles import INTERVALS_MS, MINUTE_MS, Candle, Candles, beginning, made_of
from connectors.outputs.exchange_trades import Trade

START_MS = 1_767_225_600_000


def some_trades(seed: int, count: int = 400) -> list[Trade]:
    random = Random(seed)
    return [
        Trade(number, f"{random.uniform(99, 101):.8f}", f"{random.uniform(0.001, 3):.8f}", START_MS + number * 977, random.random() < 0.5)
        for number in range(count)
    ]


def oracle(trades: list[Trade], start_ms: int, length_ms: int) -> list[object]:
    inside = [trade for trade in trades if start_ms <= trade.at < start_ms + length_ms]
    prices = [Decimal(trade.price) for trade in inside]
    taken = [trade for trade in inside if not trade.buyer_is_maker]
    base, taker_base = (sum(Decimal(trade.quantity) for trade in part) for part in (inside, taken))
    quotes = (sum(Decimal(trade.price) * Decimal(trade.quantity) for trade in part) for part in (inside, taken))
    quote, taker_quote = (Decimal(amount).quantize(Decimal("1e-8"), ROUND_HALF_UP) for amount in quotes)
    figures = [prices[0], max(prices), min(prices), prices[-1], base]
    texts = [f"{figure:.8f}" for figure in figures]
    end_ms = start_ms + length_ms - 1
    return [start_ms, *texts, end_ms, f"{quote:.8f}", len(inside), f"{taker_base:.8f}", f"{taker_quote:.8f}", "0"]


@pytest.mark.parametrize("seed", [1, 2])
def test_minutes_are_what_decimals_say_in_any_order(seed: int) -> None:
    trades = some_trades(seed)
    candles = Candles()
    for trade in Random(seed).sample(trades, len(trades)):
        candles.add(trade)
    assert len(candles.minutes) == 7
    for start_ms, candle in candles.minutes.items():
        assert candle.row(start_ms, MINUTE_MS, 1) == oracle(trades, start_ms, MINUTE_MS)


@pytest.mark.parametrize("interval", ["3m", "5m", "1h"])
def test_longer_candles_are_made_of_minutes(interval: str) -> None:
    trades, length_ms = some_trades(3), INTERVALS_MS[interval]
    candles = Candles()
    for trade in trades:
        candles.add(trade)
    joined = candles.joined(length_ms, 0, START_MS * 2)
    assert joined
    for start_ms, candle in joined.items():
        assert candle.row(start_ms, length_ms, 1) == oracle(trades, start_ms, length_ms)


def test_seconds_are_made_of_trades() -> None:
    trades = some_trades(4, 30)
    made = made_of(trades, 1_000)
    assert [made[at].row(at, 1_000, 1) for at in sorted(made)] == [oracle(trades, at, 1_000) for at in sorted(made)]


def test_a_span_is_of_the_beginnings_of_candles() -> None:
    candles = Candles()
    for trade in some_trades(5):
        candles.add(trade)
    assert list(candles.joined(MINUTE_MS, START_MS + 1, START_MS + 2 * MINUTE_MS)) == [START_MS + MINUTE_MS, START_MS + 2 * MINUTE_MS]


def test_microseconds_are_written_where_they_are_asked_for() -> None:
    candle = Candle()
    candle.add(some_trades(6, 1)[0])
    row = candle.row(START_MS, MINUTE_MS, 1_000)
    assert (row[0], row[6]) == (START_MS * 1_000, (START_MS + MINUTE_MS) * 1_000 - 1)


def test_weeks_begin_on_a_monday() -> None:
    monday_ms = 1_767_571_200_000  # 2026-01-05
    week_ms = INTERVALS_MS["1w"]
    assert beginning(monday_ms, week_ms) == beginning(monday_ms + week_ms - 1, week_ms) == monday_ms
