"""Events in Avro, framed as schema registries want it: a zero, the schema's id in four bytes, the record.

A raw event is `ghosttape.RawEvent`: its feed, when it was ingested, and the payload as received, whatever it is. A result row is a
record named after its table: a number that is not known is null, an instant is text as in the feed. Records this plain need no
library: an Avro long is a zigzag varint, a string its length and its bytes, a union the index of its branch and the value.

Source: https://avro.apache.org/docs/1.12.0/specification/#binary-encoding and the registry's wire format,
https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from scoring.records import TABLES, Table, columns_of, stored_name

SCHEMA: Final = "schema"
"""Header: full name of the record, so that a reader of ours need not ask the registry."""
EVENT_RECORD: Final = "ghosttape.RawEvent"

_FIELDS: Final = [("feed", "string"), ("ingestion_timestamp", "long"), ("payload", "bytes")]
_FRAME: Final = struct.Struct(">bI")
_DOUBLE: Final = struct.Struct("<d")
_TYPES: Final[dict[type, Any]] = {int: "long", float: ["null", "double"], bool: "boolean", str: "string", bytes: "string"}
_LONGEST: Final = 10
"""Bytes of the longest varint."""


def event_schema() -> str:
    """Give the schema of raw events as JSON."""
    return _schema("RawEvent", _FIELDS)


def record_of(table: Table) -> str:
    """Name the record of a result table.

    >>> record_of(Table.ALERTS)
    'ghosttape.alerts'
    """
    return f"ghosttape.{table.value}"


def row_schema(table: Table) -> str:
    """Give the schema of a result table as JSON."""
    return _schema(table.value, [(stored_name(name), _type(name, kind)) for name, kind in columns_of(TABLES[table].row).items()])


def encode_event(schema_id: int, feed: str, received_ns: int, payload: bytes) -> bytes:
    """Write a raw event.

    >>> encode_event(7, "gap", 3, b"{}").hex(" ")
    '00 00 00 00 07 06 67 61 70 06 04 7b 7d'
    """
    return b"".join((_FRAME.pack(0, schema_id), _bytes(feed.encode()), _long(received_ns), _bytes(payload)))


def decode_event(value: bytes) -> tuple[bytes, int]:
    """Give the frame in a raw event and when it was ingested (ns UTC).

    Raises:
        ValueError: it is none.
    """
    if len(value) < _FRAME.size or value[0]:
        raise ValueError("not a framed Avro record: expected a zero and four bytes of schema id")
    _, at = _read_bytes(value, _FRAME.size)
    received_ns, at = _read_long(value, at)
    payload, at = _read_bytes(value, at)
    if at != len(value):
        raise ValueError(f"{len(value) - at} bytes after the record, expected none")
    return payload, received_ns


def encode_row(schema_id: int, table: Table, row: Mapping[str, object]) -> bytes:
    """Write a result row, as `kafka_results` writes it in JSON."""
    parts = [_FRAME.pack(0, schema_id)]
    for name, nullable, kind in _plan(table):
        value = row.get(name)
        if nullable:
            parts.append(_long(value is not None))
        if value is not None or not nullable:
            parts.append(_value(kind, value))
    return b"".join(parts)


@functools.cache
def _plan(table: Table) -> tuple[tuple[str, bool, type], ...]:
    """Name each field, whether it may be null, and what it holds."""
    columns = columns_of(TABLES[table].row).items()
    return tuple((stored_name(name), isinstance(_type(name, kind), list), str if name.endswith("_ns") else kind) for name, kind in columns)


def _type(name: str, kind: type) -> Any:
    return ["null", "string"] if name.endswith("_ns") else _TYPES[kind]


def _schema(name: str, fields: list[tuple[str, Any]]) -> str:
    described = [{"name": field, "type": kind} for field, kind in fields]
    return msgspec.json.encode({"type": "record", "name": name, "namespace": "ghosttape", "fields": described}).decode()


def _value(kind: type, value: object) -> bytes:
    if kind is float:
        return _DOUBLE.pack(value)
    if kind is bool:
        return b"\x01" if value else b"\x00"
    if kind is int:
        return _long(int(str(value)))
    return _bytes(str(value).encode())


def _long(number: int) -> bytes:
    """Write an int64: small magnitudes are short."""
    number = (number << 1) ^ (number >> 63)
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _bytes(content: bytes) -> bytes:
    return _long(len(content)) + content


def _read_long(value: bytes, at: int) -> tuple[int, int]:
    number = 0
    for place, byte in enumerate(value[at : at + _LONGEST]):
        number |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return (number >> 1) ^ -(number & 1), at + place + 1
    raise ValueError("a number without an end")


def _read_bytes(value: bytes, at: int) -> tuple[bytes, int]:
    length, at = _read_long(value, at)
    if not 0 <= length <= len(value) - at:
        raise ValueError(f"{length} bytes announced, {len(value) - at} left")
    return value[at : at + length], at + length
