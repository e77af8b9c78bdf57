"""Result rows as Arrow tables."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.outputs.arrow_rows import INSTANT, by_table, key_of, latest, order_of, schema_of, to_arrow, to_columns
from scoring.digest import TableDigest, digest
from scoring.records import TABLES, Table, columns_of
from tests.connectors.outputs.sample_rows import START_NS, grid, sample


def test_instants_are_utc_microseconds_under_their_stored_names() -> None:
    schema = schema_of(Table.TRADE_METRICS)
    assert schema.field("window_start").type == INSTANT == pa.timestamp("us", "UTC")
    assert schema.field("open_gaps").type == pa.int64()
    assert schema.field("completeness").type == pa.string()
    assert schema_of(Table.REJECTS).field("payload").type == pa.binary()
    assert schema_of(Table.SPREAD_METRICS).field("spread_warning").type == pa.bool_()


@pytest.mark.parametrize("table", list(Table))
def test_rows_go_to_storage_and_back(table: Table) -> None:
    rows = sample(table, "BTCUSDT", grid(START_NS, 40))
    stored = to_columns(to_arrow(table, [rows]))
    for (name, kind), column in zip(columns_of(TABLES[table].row).items(), stored.values(), strict=True):
        expected = rows.columns[name] // 1_000 if name.endswith("_ns") else rows.columns[name]
        np.testing.assert_array_equal(column, expected, err_msg=name)
        assert column.dtype == expected.dtype, (name, kind)


def test_what_is_not_known_is_null() -> None:
    rows = sample(Table.ALERTS, "a", grid(START_NS, 2))
    rows.columns["resolved_ns"][:] = (0, START_NS)
    rows.columns["value"][:] = (np.nan, 1.5)
    stored = to_arrow(Table.ALERTS, [rows])
    assert stored.column("resolved_at").is_null().to_pylist() == [True, False]
    assert stored.column("value").to_pylist() == [None, 1.5]


def test_an_unknown_instant_that_dates_a_row_stays_an_instant() -> None:
    rows = sample(Table.REJECTS, "file.csv", [0])
    assert to_arrow(Table.REJECTS, [rows]).column("received_at").null_count == 0


def test_text_that_utf_8_cannot_carry_is_stored_as_it_is_digested() -> None:
    rows = sample(Table.POSTS, "channel", grid(START_NS, 2))
    rows.columns["text"][:] = ("lone \ud83d", "nul \0 é")
    stored = to_arrow(Table.POSTS, [rows])
    assert stored.column("text").to_pylist() == ["lone ?", "nul \0 é"]
    of_storage = TableDigest(Table.POSTS)
    of_storage.update(to_columns(stored))
    assert of_storage.result() == digest(Table.POSTS, rows.columns)


def test_pieces_are_sorted_by_table_and_keep_their_order() -> None:
    pieces = [sample(Table.CANDLES, "a", [START_NS]), sample(Table.GAPS, "b", [START_NS]), sample(Table.CANDLES, "c", [START_NS])]
    assert by_table(pieces) == {Table.CANDLES: [pieces[0], pieces[2]], Table.GAPS: [pieces[1]]}


@given(
    keys=st.lists(st.tuples(st.sampled_from(["ADAUSDT", "BTCUSDT", "é", "z"]), st.integers(0, 6)), min_size=1, max_size=40),
    by_time=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_of_rows_with_one_key_the_last_is_kept_in_order(keys: list[tuple[str, int]], by_time: bool) -> None:
    table = Table.RISK_METRICS
    pieces = [sample(table, symbol, [START_NS + place * 1_000_000], revision=row) for row, (symbol, place) in enumerate(keys)]
    order = order_of(table) if by_time else key_of(table)
    settled = latest(to_arrow(table, pieces), order)
    rows = to_arrow(table, pieces).to_pylist()
    expected = {tuple(row[name] for name in order): row for row in rows}
    assert settled.to_pylist() == [expected[key] for key in sorted(expected)]
    assert latest(settled, order).equals(settled)
