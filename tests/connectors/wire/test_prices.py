"""Answers of the price aggregator."""

from __future__ import annotations

import numpy as np
import pytest

from connectors.wire.decoded import Decoded
from connectors.wire.prices import decode
from scoring.records import Kind, Price, empty_columns


def read(*payloads: bytes) -> Decoded:
    return decode(payloads, np.arange(len(payloads)) + 50, np.arange(len(payloads)) + 900)


def test_each_asset_gets_a_row() -> None:
    body = b'{"bitcoin":{"usd":67187.33,"usd_market_cap":1.0,"last_updated_at":1711356300},"aave":{"usd":98,"last_updated_at":1711356301}}'
    found = read(body, body)
    assert [(batch.kind, batch.symbol, len(batch)) for batch in found.batches] == [(Kind.PRICE, "aave", 2), (Kind.PRICE, "bitcoin", 2)]
    assert {name: column.tolist() for name, column in found.batches[1].columns.items()} == {
        "received_ns": [50, 51],
        "event_ns": [1_711_356_300_000_000_000] * 2,
        "price_usd": [67187.33] * 2,
        "source": ["coingecko"] * 2,
    }
    assert {name: column.dtype for name, column in found.batches[0].columns.items()} == {
        name: column.dtype for name, column in empty_columns(Price).items()
    }


def test_an_empty_answer_is_ignored() -> None:
    assert (read(b"{}").ignored, read(b"{}").frames()) == (1, 1)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "truncated"),
        (b"[]", "Expected `object`"),
        (b'{"\xff":1}', "utf-8"),
        (b'{"bitcoin":{"x":' + b"[" * 100_000, "recursion"),
        (b'{"":{"usd":1,"last_updated_at":1}}', "length >= 1"),
        (b'{"bitcoin":{"usd":null,"last_updated_at":1}}', "got `null`"),
        (b'{"bitcoin":{"usd":0,"last_updated_at":1}}', "> 0.0"),
        (b'{"bitcoin":{"usd":1}}', "last_updated_at"),
        (b'{"bitcoin":{"usd":1,"last_updated_at":1e30}}', "last_updated_at"),
        (b'{"status":{"error_code":429,"error_message":"limit"}}', "usd"),
    ],
)
def test_what_is_no_answer_is_refused_as_a_whole(body: bytes, reason: str) -> None:
    found = read(b'{"bitcoin":{"usd":1,"last_updated_at":1}}', body)
    (refusal,) = found.rejects
    assert (refusal.index, refusal.position) == (1, 901)
    assert reason in refusal.reason
    assert len(found.batches[0]) == 1
