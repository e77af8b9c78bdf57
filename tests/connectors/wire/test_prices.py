"""Answers of the price aggregator."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings

from connectors.wire.decoded import Decoded
from connectors.wire.prices import decode, decode_trending
from scoring.records import Kind
from tests.connectors.wire.body_laws import START_NS, assert_every_frame_has_one_fate, hostile, read, rows

BITCOIN = (
    b'{"bitcoin":{"usd":67187.33,"usd_market_cap":1317802988326.25,"usd_24h_vol":31260929299.52,'
    b'"usd_24h_change":-3.5,"last_updated_at":1711356300}}'
)
TWO = b'{"bitcoin":{"usd":67187.33,"usd_market_cap":1.0,"last_updated_at":1711356300},"aave":{"usd":98,"last_updated_at":1711356301}}'
TRENDING = (
    b'{"coins":[{"item":{"id":"bonk","coin_id":28600,"symbol":"bonk","market_cap_rank":103,"score":0,"price_btc":3e-10,'
    b'"data":{"price":2.5e-05,"price_change_percentage_24h":{"btc":1.0,"usd":25.0},"market_cap":"$521,967,819"}}},'
    b'{"item":{"id":"new","symbol":"NEW","market_cap_rank":null,"score":1,"data":null}},'
    b'{"item":{"id":"old","symbol":"OLD","score":2,"data":{"price":"$0.01","price_change_percentage_24h":null}}}],'
    b'"nfts":[],"categories":[]}'
)


def prices(*payloads: bytes) -> Decoded:
    return read(decode, *payloads)


def test_a_price_has_its_cap_its_volume_and_its_change_as_a_fraction() -> None:
    (row,) = rows(prices(BITCOIN), Kind.PRICE)
    assert row == (
        START_NS,
        1_711_356_300_000_000_000,
        "bitcoin",
        "coingecko",
        67187.33,
        1317802988326.25,
        31260929299.52,
        -0.035,
    )


def test_each_asset_gets_a_row_of_each_answer() -> None:
    found = prices(TWO, TWO)
    assert [(batch.kind, batch.symbol, len(batch)) for batch in found.batches] == [(Kind.PRICE, "aave", 2), (Kind.PRICE, "bitcoin", 2)]
    assert found.batches[0]["event_ns"].tolist() == [1_711_356_301_000_000_000] * 2


def test_what_the_aggregator_does_not_say_is_not_known() -> None:
    (row,) = rows(prices(b'{"aave":{"usd":98,"usd_market_cap":null,"usd_24h_change":null,"last_updated_at":1711356301}}'), Kind.PRICE)
    assert all(isinstance(value, float) and math.isnan(value) for value in row[5:])


def test_a_price_updated_ahead_of_our_clock_is_as_old_as_its_receipt() -> None:
    ahead = START_NS // 1_000_000_000 + 30
    (row,) = rows(prices(b'{"aave":{"usd":98,"last_updated_at":%d}}' % ahead), Kind.PRICE)
    assert row[:2] == (START_NS, START_NS)


@pytest.mark.parametrize(
    "dead", [b"{}", b'{"usd":null,"last_updated_at":null}', b'{"usd":0,"last_updated_at":1}', b'{"usd":1,"last_updated_at":0}']
)
def test_an_asset_without_a_price_costs_the_others_nothing(dead: bytes) -> None:
    found = prices(b'{"dead":' + dead + b',"aave":{"usd":98,"last_updated_at":1}}')
    assert [batch.symbol for batch in found.batches] == ["aave"]
    alone = prices(b'{"dead":' + dead + b"}")
    assert (alone.batches, alone.rejects, alone.ignored) == ([], [], 1)


def test_an_empty_answer_is_ignored() -> None:
    assert (prices(b"{}").ignored, prices(b"{}").frames()) == (1, 1)
    assert read(decode_trending, b'{"coins":[]}').ignored == 1


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "truncated"),
        (b"[]", "Expected `object`"),
        (b'{"\xff":1}', "utf-8"),
        (b'{"bitcoin":{"x":' + b"[" * 100_000, "recursion"),
        (b'{"":{"usd":1,"last_updated_at":1}}', "length >= 1"),
        (b'{"bitcoin":{"usd":"1","last_updated_at":1}}', "got `str`"),
        (b'{"bitcoin":{"usd":-1,"last_updated_at":1}}', ">= 0.0"),
        (b'{"bitcoin":{"usd":1e999,"last_updated_at":1}}', "out of range"),
        (b'{"bitcoin":{"usd":1}}', "last_updated_at"),
        (b'{"bitcoin":{"usd":1,"last_updated_at":1e30}}', "last_updated_at"),
        (b'{"status":{"error_code":429,"error_message":"limit"}}', "usd"),
    ],
)
def test_what_is_no_answer_is_refused_as_a_whole(body: bytes, reason: str) -> None:
    found = prices(b'{"bitcoin":{"usd":1,"last_updated_at":1}}', body)
    (refusal,) = found.rejects
    assert (refusal.index, refusal.position) == (1, 901)
    assert reason in refusal.reason
    assert len(found.batches[0]) == 1


def test_places_are_ranked_as_listed_and_dated_by_their_receipt() -> None:
    (batch,) = read(decode_trending, TRENDING).batches
    assert (batch.kind, batch.symbol) == (Kind.TRENDING, "coingecko")
    columns = {name: column.tolist() for name, column in batch.columns.items()}
    assert columns["event_ns"] == columns["received_ns"] == [START_NS] * 3
    assert columns["rank"] == [1, 2, 3]
    assert columns["asset"] == ["bonk", "new", "old"]
    assert columns["symbol"] == ["BONK", "NEW", "OLD"]
    assert columns["market_cap_rank"] == [103, 0, 0]
    assert repr(columns["price_usd"]) == "[2.5e-05, nan, nan]"
    assert repr(columns["change_24h"]) == "[0.25, nan, nan]"


def test_a_list_without_coins_is_refused() -> None:
    (refusal,) = read(decode_trending, TRENDING, b'{"nfts":[]}').rejects
    assert (refusal.index, "coins" in refusal.reason) == (1, True)


@settings(max_examples=60, deadline=None)
@given(hostile([BITCOIN, TWO, b"{}"]))
def test_every_answer_has_one_fate(payloads: list[bytes]) -> None:
    assert_every_frame_has_one_fate(decode, payloads)


@settings(max_examples=60, deadline=None)
@given(hostile([TRENDING, b'{"coins":[]}']))
def test_every_list_has_one_fate(payloads: list[bytes]) -> None:
    assert_every_frame_has_one_fate(decode_trending, payloads)
