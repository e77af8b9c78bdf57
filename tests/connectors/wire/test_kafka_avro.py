"""Avro as the specification has it: by its own examples, against another implementation, and back."""

from __future__ import annotations

import io
import json
import struct

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from connectors.wire.kafka_avro import decode_event, encode_event, encode_row, event_schema, record_of, row_schema
from scoring.records import TABLES, Table, columns_of, stored_name

LONGS = some.integers(-(1 << 63), (1 << 63) - 1)


@pytest.mark.parametrize(("number", "written"), [(0, "00"), (-1, "01"), (1, "02"), (-2, "03"), (2, "04"), (-64, "7f"), (64, "8001")])
def test_longs_are_written_as_the_specification_shows(number: int, written: str) -> None:
    assert encode_event(1, "", number, b"").hex() == "0000000001" + "00" + written + "00"


@settings(max_examples=100)
@given(some.text(max_size=9).filter(lambda text: text.isprintable()), LONGS, some.binary(max_size=200))
@example("binance", (1 << 63) - 1, b"x" * 20_000)
def test_an_event_comes_back(feed: str, received_ns: int, payload: bytes) -> None:
    assert decode_event(encode_event(4_000_000_000, feed, received_ns, payload)) == (payload, received_ns)


@settings(max_examples=150)
@given(some.binary(max_size=40))
def test_any_bytes_are_an_event_or_refused(value: bytes) -> None:
    try:
        payload, _ = decode_event(value)
    except ValueError:
        return
    assert payload in value


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (b"", "expected a zero"),
        (b"\x01" + b"\0" * 9, "expected a zero"),
        (b"\0" * 9, "1 bytes after the record"),
        (b"\0" * 5 + b"\xff" * 12, "a number without an end"),
        (b"\0" * 5 + b"\x01", "-1 bytes announced"),
        (b"\0" * 5 + b"\x06ab", "3 bytes announced, 2 left"),
    ],
)
def test_what_is_no_event_is_told(value: bytes, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        decode_event(value)


def row_of(table: Table, null: bool) -> dict[str, object]:
    """Make a row as `kafka_results` writes it."""
    made: dict[str, object] = {}
    for number, (name, kind) in enumerate(columns_of(TABLES[table].row).items()):
        values: dict[type, object] = {
            int: -number,
            float: None if null else number / 7,
            bool: number % 2 == 0,
            str: f"é{number}",
            bytes: "eA==",
        }
        made[stored_name(name)] = (None if null else "1970-01-01T00:00:01.500000Z") if name.endswith("_ns") else values[kind]
    return made


@pytest.mark.parametrize("null", [True, False])
@pytest.mark.parametrize("table", list(Table))
def test_another_implementation_reads_every_table(table: Table, null: bool) -> None:
    fastavro = pytest.importorskip("fastavro", reason="the oracle for Avro is not installed")
    row = row_of(table, null)
    value = encode_row(7, table, row)
    assert struct.unpack(">bI", value[:5]) == (0, 7)
    schema = fastavro.parse_schema(json.loads(row_schema(table)))
    assert fastavro.schemaless_reader(io.BytesIO(value[5:]), schema) == row
    assert json.loads(row_schema(table))["name"] == record_of(table).partition(".")[2]


def test_another_implementation_reads_events() -> None:
    fastavro = pytest.importorskip("fastavro", reason="the oracle for Avro is not installed")
    schema = fastavro.parse_schema(json.loads(event_schema()))
    value = encode_event(7, "binance", 10**18, b"\xff{}")
    found = fastavro.schemaless_reader(io.BytesIO(value[5:]), schema)
    assert found == {"feed": "binance", "ingestion_timestamp": 10**18, "payload": b"\xff{}"}


def test_a_row_is_written_field_by_field() -> None:
    row = {"symbol": "B", "open_at": None, "verdict": "", "differences": "{}", "completeness": "ok"}
    assert encode_row(1, Table.AUDITS, row).hex(" ") == "00 00 00 00 01 02 42 00 00 04 7b 7d 04 6f 6b"
    candle = row_of(Table.CANDLES, False)
    assert len(encode_row(1, Table.CANDLES, candle)) > len(encode_row(1, Table.CANDLES, row_of(Table.CANDLES, True)))
    spread = row_of(Table.SPREAD_METRICS, True)
    warned, calm = ({**spread, "spread_warning": flag} for flag in (True, False))
    assert encode_row(1, Table.SPREAD_METRICS, warned) != encode_row(1, Table.SPREAD_METRICS, calm)


def test_schemas_name_their_fields_and_what_may_be_null() -> None:
    assert json.loads(event_schema())["fields"][1] == {"name": "ingestion_timestamp", "type": "long"}
    fields = {field["name"]: field["type"] for field in json.loads(row_schema(Table.CANDLES))["fields"]}
    assert (fields["open_at"], fields["close"], fields["trade_count"]) == (["null", "string"], ["null", "double"], "long")
    assert record_of(Table.CANDLES) == "ghosttape.candles"
