"""Lists of protocols and days of chains."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from connectors.wire.defi import decode_protocols, decode_tvl
from scoring.records import Kind
from tests.connectors.wire.body_laws import START_NS, Decoder, assert_every_frame_has_one_fate, hostile, read

PROTOCOLS = (
    b'[{"id":"2269","name":"Binance CEX","symbol":"-","category":"CEX","chains":["Bitcoin"],"tvl":1.5e11,'
    b'"chainTvls":{"Bitcoin":1},"change_1h":null,"change_1d":null,"change_7d":1.0},'
    b'{"name":"Aave","symbol":"AAVE","category":"Lending","tvl":5.2e9,"change_1d":50,"change_7d":-25.0},'
    b'{"name":"Nothing","symbol":null,"tvl":null},{"name":"Less","tvl":-1},{"name":"Bare","tvl":2}]'
)
DAYS = b'{"chain":"Ethereum","days":[{"date":1609545600,"tvl":2.5e10},{"date":1609459200,"tvl":1.5e10}]}'
ALL = b'{"chain":"all","days":[{"date":1609459200,"tvl":9e10}]}'


def test_a_protocol_has_its_value_and_its_changes_as_fractions() -> None:
    (batch,) = read(decode_protocols, PROTOCOLS).batches
    assert (batch.kind, batch.symbol) == (Kind.PROTOCOL, "defillama")
    columns = {name: column.tolist() for name, column in batch.columns.items()}
    assert columns["event_ns"] == columns["received_ns"] == [START_NS] * 3
    assert columns["protocol"] == ["Binance CEX", "Aave", "Bare"]
    assert columns["symbol"] == ["", "AAVE", ""]
    assert columns["category"] == ["CEX", "Lending", ""]
    assert columns["tvl_usd"] == [1.5e11, 5.2e9, 2.0]
    assert repr(columns["change_1d"]) == "[nan, 0.5, nan]"
    assert repr(columns["change_7d"]) == "[0.01, -0.25, nan]"


def test_days_come_in_order_one_batch_a_chain() -> None:
    found = read(decode_tvl, DAYS, ALL)
    assert [(batch.kind, batch.symbol) for batch in found.batches] == [(Kind.TVL, "Ethereum"), (Kind.TVL, "all")]
    columns = {name: column.tolist() for name, column in found.batches[0].columns.items()}
    assert columns == {
        "received_ns": [START_NS] * 2,
        "event_ns": [1_609_459_200_000_000_000, 1_609_545_600_000_000_000],
        "chain": ["Ethereum"] * 2,
        "tvl_usd": [1.5e10, 2.5e10],
    }


def test_a_day_ahead_of_our_clock_is_as_old_as_its_receipt() -> None:
    (batch,) = read(decode_tvl, b'{"chain":"all","days":[{"date":8000000000,"tvl":1}]}').batches
    assert batch["event_ns"].tolist() == [START_NS]


@pytest.mark.parametrize(("decode", "empty"), [(decode_protocols, b"[]"), (decode_tvl, b'{"chain":"all","days":[]}')])
def test_an_empty_list_is_ignored(decode: Decoder, empty: bytes) -> None:
    assert read(decode, empty).ignored == 1


@pytest.mark.parametrize(
    ("decode", "body", "reason"),
    [
        (decode_protocols, b"<html>", "malformed"),
        (decode_protocols, b'[{"name":"","tvl":1}]', "length >= 1"),
        (decode_protocols, b'[{"name":"a","tvl":"1"}]', "got `str`"),
        (decode_protocols, b'{"message":"Internal server error"}', "Expected `array`"),
        (decode_tvl, b'[{"date":1,"tvl":1}]', "Expected `object`"),
        (decode_tvl, b'{"chain":"all","days":[{"date":1e30,"tvl":1}]}', "date"),
        (decode_tvl, b'{"chain":"\xff","days":[]}', "utf-8"),
        (decode_tvl, b'{"days":' + b"[" * 100_000, "Expected"),
    ],
)
def test_what_is_no_list_is_refused_as_a_whole(decode: Decoder, body: bytes, reason: str) -> None:
    (refusal,) = read(decode, body).rejects
    assert refusal.position == 900
    assert reason in refusal.reason


@settings(max_examples=60, deadline=None)
@given(hostile([PROTOCOLS, b"[]"]))
def test_every_list_of_protocols_has_one_fate(payloads: list[bytes]) -> None:
    assert_every_frame_has_one_fate(decode_protocols, payloads)


@settings(max_examples=60, deadline=None)
@given(hostile([DAYS, ALL]))
def test_every_list_of_days_has_one_fate(payloads: list[bytes]) -> None:
    assert_every_frame_has_one_fate(decode_tvl, payloads)
