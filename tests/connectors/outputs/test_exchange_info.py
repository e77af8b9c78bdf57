"""What a session says of its symbols."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.outputs.exchange_info import Sizes, answer, assets_of, product, sizes_of, ticker
from connectors.outputs.exchange_market import Market
from connectors.outputs.exchange_trades import Trade

NOW_MS = 1_767_225_600_000


def test_steps_are_the_smallest_that_were_used() -> None:
    trades = [Trade(1, "61840.50000000", "0.10000000", 0, True), Trade(2, "61840.00000000", "0.00120000", 0, True)]
    assert sizes_of(trades) == Sizes("0.10000000", "0.00010000")
    assert sizes_of([Trade(1, "5", "7.000", 0, True)]) == Sizes("1.00000000", "1.00000000")
    assert sizes_of([]) == Sizes("0.00000001", "0.00000001")


@pytest.mark.parametrize(
    ("symbol", "assets"),
    [("BTCUSDT", ("BTC", "USDT")), ("ETHBTC", ("ETH", "BTC")), ("BTCUSD", ("BTC", "USD")), ("ABCDWXYZ", ("ABCD", "WXYZ"))],
)
def test_a_symbol_is_two_assets(symbol: str, assets: tuple[str, str]) -> None:
    assert assets_of(symbol) == assets


def test_every_symbol_is_described() -> None:
    found: Any = answer({"BTCUSDT": Sizes("0.01000000", "0.00010000")}, NOW_MS)
    [symbol] = found["symbols"]
    filters = {row["filterType"]: row for row in symbol["filters"]}
    assert (found["serverTime"], symbol["symbol"], symbol["status"]) == (NOW_MS, "BTCUSDT", "TRADING")
    assert filters["PRICE_FILTER"]["tickSize"] == "0.01000000"
    assert filters["LOT_SIZE"]["stepSize"] == "0.00010000"


def test_a_day_is_summed_and_what_is_older_is_not() -> None:
    market = Market("BTCUSDT", (), 100)
    day_ms = 24 * 3_600_000
    for number, (at, price, quantity) in enumerate(
        [(NOW_MS - day_ms - 120_000, "1", "1"), (NOW_MS - 3_600_000, "200", "1"), (NOW_MS - 60_000, "100", "3"), (NOW_MS, "150", "1")]
    ):
        market.trades.add(Trade(number, price, quantity, at, True))
    found = ticker(market, NOW_MS, 1)
    wanted = {
        "openPrice": "200.00000000",
        "highPrice": "200.00000000",
        "lowPrice": "100.00000000",
        "lastPrice": "150.00000000",
        "priceChange": "-50.00000000",
        "priceChangePercent": "-25.000",
        "weightedAvgPrice": "130.00000000",
        "volume": "5.00000000",
        "quoteVolume": "650.00000000",
        "count": 3,
        "firstId": 1,
        "lastId": 3,
    }
    assert {name: found[name] for name in wanted} == wanted


def test_a_day_without_trades_is_zero() -> None:
    found = ticker(Market("BTCUSDT", (), 100), NOW_MS, 1_000)
    assert (found["quoteVolume"], found["count"], found["closeTime"], found["bidPrice"]) == ("0.00000000", 0, NOW_MS * 1_000, "0.00000000")


def test_products_are_rounded_to_eight_decimals() -> None:
    assert product(15 * 10**7) == "0.00000002"
    assert product(14 * 10**7) == "0.00000001"
