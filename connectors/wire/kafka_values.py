"""What a message says, whichever of our programs, or of others', has written it."""

from __future__ import annotations

from typing import Final

import msgspec

from connectors.wire.kafka import Headers, read_headers, unstamp
from connectors.wire.kafka_avro import EVENT_RECORD, SCHEMA, decode_event

_AVRO: Final = b"\0"


class Content(msgspec.Struct, frozen=True, gc=False):
    """One message, taken apart."""

    feed: str
    """Empty where it does not say."""
    producer: str
    """Empty where it does not say."""
    row: int
    payload: bytes
    """The frame; the value as it stands where another program wrote it."""
    ingested_ns: int
    """0 where it does not say."""


def read_message(value: bytes | None, headers: Headers) -> Content:
    """Take a message apart; never refuses one: what cannot be read is a frame as it stands, and becomes a reject where it is decoded."""
    feed, producer, row = read_headers(headers)
    value = value or b""
    if value.startswith(_AVRO) and (SCHEMA, EVENT_RECORD.encode()) in (headers.items() if isinstance(headers, dict) else headers or ()):
        try:
            return Content(feed, producer, row, *decode_event(value))
        except ValueError:
            return Content(feed, producer, row, value, 0)
    return Content(feed, producer, row, *unstamp(value))
