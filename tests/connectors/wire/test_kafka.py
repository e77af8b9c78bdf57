"""Events of frames, and frames of events: whatever the bytes, they come back."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from connectors.wire.kafka import event_id, read_headers, stamp, unstamp

STAMPS = some.integers(0, (1 << 63) - 1)
OBJECTS = some.dictionaries(some.text(), some.none() | some.booleans() | some.integers() | some.text()).map(
    lambda found: json.dumps(found).encode()
)


@settings(max_examples=200)
@given(OBJECTS | some.binary(), STAMPS)
@example(b"{}", 0)
@example(b"{ }", 1)
@example(b"{,}", 1)
@example(b'{"a":"\xff"}', 1)
@example(b'{"not_an_event":"b29wcw=="}', 1)
@example(b'{"ingestion_timestamp":5}', 6)
@example(b"[" * 2_000, 6)
@example(b'{"a":' + b"[" * 5_000 + b"]" * 5_000 + b"}", 6)
def test_any_frame_comes_back_with_its_stamp_and_is_json_meanwhile(payload: bytes, received_ns: int) -> None:
    value = stamp(payload, received_ns)
    assert unstamp(value) == (payload, received_ns)
    if b"[[[" not in payload:
        assert json.loads(value)["ingestion_timestamp"] == received_ns


@settings(max_examples=200)
@given(some.binary())
def test_any_message_of_another_program_is_a_frame_as_it_stands(value: bytes) -> None:
    payload, stamp_ns = unstamp(value)
    assert stamp_ns >= 0
    assert payload == value or stamp(payload, stamp_ns) == value


@pytest.mark.parametrize(
    ("value", "stamp_ns"),
    [
        (b'{"ingestion_timestamp": 1700000000000000000, "e": "trade"}', 1_700_000_000_000_000_000),
        (b'{"e":"trade", "ingestion_timestamp":17}', 17),
        (b'{"a":{"ingestion_timestamp":17}', 0),
        (b'{"a":{"ingestion_timestamp":17}}', 0),
        (b'{"e":"trade" "ingestion_timestamp":17}', 0),
        (b'{"ingestion_timestamp":"yesterday"}', 0),
        (b'{"ingestion_timestamp":-4}', 0),
        (b'{"e":"trade"}', 0),
        (b"", 0),
        (b"ingestion_timestamp", 0),
        (b'"ingestion_timestamp":17}', 0),
    ],
)
def test_the_stamp_of_another_program_is_found_wherever_it_stands(value: bytes, stamp_ns: int) -> None:
    found, found_ns = unstamp(value)
    assert found_ns == stamp_ns
    assert found in (value, b'{"e":"trade"}')


def test_what_only_looks_escaped_is_left_as_it_is() -> None:
    value = b'{"not_an_event":"???","ingestion_timestamp":4}'
    assert unstamp(value) == (b'{"not_an_event":"???"}', 4)


def test_an_event_says_its_feed_and_its_row() -> None:
    headers: list[tuple[str, str | bytes | None]] = [("other", None), ("feed", b"binance"), ("event_id", event_id("5f3a.live", 12))]
    assert read_headers(headers) == ("binance", "5f3a.live", 12)
    assert read_headers(dict(headers)) == ("binance", "5f3a.live", 12)
    assert read_headers(None) == ("", "", -1)


@pytest.mark.parametrize(
    "content", [b"", b"5f3a", b"/7", b"5f3a/", b"5f3a/-1", b"5f3a/x", b'a"b/7', b"a" * 65 + b"/7", b"a/" + b"9" * 19, None]
)
def test_an_id_that_is_none_says_nothing(content: bytes | None) -> None:
    assert read_headers([("event_id", content)]) == ("", "", -1)
