"""The most traded symbols, from canned answers in the exchange's own shape."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.inputs.binance_rest import BinanceRest, NotServed, RestSettings
from connectors.inputs.symbols import Listing, Ticker, TopSymbolSettings, choose, top_symbols
from scoring.errors import ResourceError
from tests.connectors.inputs.canned_exchange import Answer, CannedExchange

VOLUMES = {"BTCUSDT": "9.5", "ETHUSDT": "7", "DOGEUSDT": "7.0", "USDCUSDT": "8", "LUNAUSDT": "99", "BTCEUR": "50", "币安人生USDT": "60"}
TICKERS = json.dumps([{"symbol": name, "volume": "1", "quoteVolume": volume} for name, volume in VOLUMES.items()]).encode()
LISTED = [
    {"symbol": name, "status": "BREAK" if name == "LUNAUSDT" else "TRADING", "quoteAsset": "EUR" if name == "BTCEUR" else "USDT"}
    for name in VOLUMES
]
INFO = json.dumps({"timezone": "UTC", "rateLimits": [], "symbols": LISTED}).encode()
TICKER_PATH, INFO_PATH = "/api/v3/ticker/24hr", "/api/v3/exchangeInfo"


@pytest.fixture
def exchange() -> Iterator[CannedExchange]:
    with CannedExchange() as server:
        server.absent = {TICKER_PATH: Answer(200, TICKERS), INFO_PATH: Answer(200, INFO)}
        yield server


def ask(exchange: CannedExchange, settings: TopSymbolSettings) -> tuple[str, ...]:
    rest = BinanceRest(RestSettings((exchange.host,)))
    try:
        return top_symbols(rest, settings)
    finally:
        rest.close()


def test_the_most_traded_come_first_and_the_name_decides_between_equals(exchange: CannedExchange) -> None:
    assert ask(exchange, TopSymbolSettings(count=10)) == ("BTCUSDT", "USDCUSDT", "DOGEUSDT", "ETHUSDT")
    assert ask(exchange, TopSymbolSettings(count=2, exclude=("USDCUSDT",))) == ("BTCUSDT", "DOGEUSDT")
    assert ask(exchange, TopSymbolSettings(count=2, quote_asset="EUR")) == ("BTCEUR",)


def test_none_are_asked_for_where_none_are_wanted(exchange: CannedExchange) -> None:
    assert ask(exchange, TopSymbolSettings()) == ()
    assert exchange.asked == []


def test_an_exchange_that_does_not_know_the_short_form_is_asked_for_the_long_one(exchange: CannedExchange) -> None:
    del exchange.absent[INFO_PATH]
    exchange.script = [Answer(400, b'{"code":-1101,"msg":"Too many parameters."}'), Answer(200, INFO)]
    assert ask(exchange, TopSymbolSettings(count=1)) == ("BTCUSDT",)
    assert [query for path, query in exchange.asked if path == INFO_PATH] == [
        {"symbolStatus": "TRADING", "showPermissionSets": "false"},
        {},
    ]


def test_a_quote_asset_nothing_is_traded_against_says_what_to_set(exchange: CannedExchange) -> None:
    with pytest.raises(ResourceError, match="nothing against 'XYZ': set quote_asset"):
        ask(exchange, TopSymbolSettings(count=1, quote_asset="XYZ"))


def test_what_is_no_answer_of_the_exchange_is_said_in_one_line(exchange: CannedExchange) -> None:
    exchange.absent[TICKER_PATH] = Answer(200, b"<html>")
    with pytest.raises(ResourceError, match="not an answer of the exchange"):
        ask(exchange, TopSymbolSettings(count=1))
    exchange.absent[TICKER_PATH] = Answer(451)
    with pytest.raises(NotServed, match="451"):
        ask(exchange, TopSymbolSettings(count=1))


@given(st.permutations([*VOLUMES]), st.permutations([*VOLUMES]), st.integers(0, 8))
def test_the_order_of_the_answers_changes_nothing(some: list[str], others: list[str], count: int) -> None:
    tickers = [Ticker(name, float(VOLUMES[name])) for name in some]
    listings = [Listing(name, "TRADING", "USDT") for name in others]
    expected = ("LUNAUSDT", "BTCEUR", "BTCUSDT", "USDCUSDT", "DOGEUSDT", "ETHUSDT")[:count]
    assert choose(tickers, listings, TopSymbolSettings(count=count)) == expected


def test_a_number_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="count"):
        TopSymbolSettings(count=-1)
