"""Answers of the fear and greed index."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from connectors.wire.fear_greed import decode
from scoring.records import Kind
from tests.connectors.wire.body_laws import START_NS, assert_every_frame_has_one_fate, hostile, read

ANSWER = (
    b'{"name":"Fear and Greed Index","data":['
    b'{"value":"47","value_classification":"Neutral","timestamp":"1777248000","time_until_update":"3600"},'
    b'{"value":"12","value_classification":"Extreme Fear","timestamp":"1777161600"}],"metadata":{"error":null}}'
)


def test_days_come_in_order_with_their_own_words() -> None:
    (batch,) = read(decode, ANSWER).batches
    assert (batch.kind, batch.symbol) == (Kind.FEAR_GREED, "fear_greed")
    assert {name: column.tolist() for name, column in batch.columns.items()} == {
        "received_ns": [START_NS] * 2,
        "event_ns": [1_777_161_600_000_000_000, 1_777_248_000_000_000_000],
        "value": [12, 47],
        "classification": ["Extreme Fear", "Neutral"],
    }


def test_a_day_ahead_of_our_clock_is_as_old_as_its_receipt() -> None:
    (batch,) = read(decode, b'{"data":[{"value":1,"value_classification":"","timestamp":8000000000}]}').batches
    assert batch["event_ns"].tolist() == [START_NS]


def test_an_answer_without_days_is_ignored() -> None:
    assert read(decode, b'{"data":[]}').ignored == 1


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "truncated"),
        (b"[" * 100_000, "recursion"),
        (b'{"data":"\xff"}', "utf-8"),
        (b'{"data":[{"value":"101","value_classification":"","timestamp":"1"}]}', "<= 100"),
        (b'{"data":[{"value":"x","value_classification":"","timestamp":"1"}]}', "Expected `int`"),
        (b'{"data":[],"metadata":{"error":"limit has to be a number"}}', "limit has to be a number"),
    ],
)
def test_what_is_no_answer_is_refused_as_a_whole(body: bytes, reason: str) -> None:
    found = read(decode, ANSWER, body)
    (refusal,) = found.rejects
    assert (refusal.index, refusal.position, len(found.batches[0])) == (1, 901, 2)
    assert reason in refusal.reason


@settings(max_examples=60, deadline=None)
@given(hostile([ANSWER, b'{"data":[]}']))
def test_every_answer_has_one_fate(payloads: list[bytes]) -> None:
    assert_every_frame_has_one_fate(decode, payloads)
