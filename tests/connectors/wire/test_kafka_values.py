"""A message is taken apart, whoever wrote it."""

from __future__ import annotations

from connectors.wire.kafka import stamp
from connectors.wire.kafka_avro import encode_event
from connectors.wire.kafka_values import Content, read_message

OURS: list[tuple[str, str | bytes | None]] = [("schema", b"ghosttape.RawEvent"), ("event_id", b"5f3a/7"), ("feed", b"binance")]


def test_json_and_avro_say_the_same() -> None:
    expected = Content("binance", "5f3a", 7, b'{"e":1}', 99)
    assert read_message(stamp(b'{"e":1}', 99), OURS[1:]) == expected
    assert read_message(encode_event(3, "binance", 99, b'{"e":1}'), OURS) == expected
    assert read_message(encode_event(3, "binance", 99, b'{"e":1}'), dict(OURS)) == expected


def test_what_others_wrote_is_a_frame_as_it_stands() -> None:
    assert read_message(None, None) == Content("", "", -1, b"", 0)
    assert read_message(b"\0\0\0\0\1whatever", None) == Content("", "", -1, b"\0\0\0\0\1whatever", 0)
    assert read_message(b"\0\0\0\0\1whatever", [("schema", b"theirs")]) == Content("", "", -1, b"\0\0\0\0\1whatever", 0)


def test_a_broken_record_is_a_frame_as_it_stands() -> None:
    assert read_message(b"\0broken", OURS) == Content("binance", "5f3a", 7, b"\0broken", 0)
