"""Columns: every bit comes back, and anyone with SQL can look."""

from __future__ import annotations

import tempfile
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.tape.columns import INDEX, ColumnReader, ColumnWriter, schema_of
from scoring.errors import ResourceError, SessionError
from scoring.records import KINDS, Batch, Column, Gap, Kind, columns_of

VALUES: dict[type, st.SearchStrategy[object]] = {
    int: st.integers(-(1 << 63), (1 << 63) - 1),
    float: st.floats(allow_nan=True, allow_infinity=True),
    bool: st.booleans(),
    str: st.text(max_size=6),
    bytes: st.binary(max_size=6),
}
DTYPES: dict[type, type] = {int: np.int64, float: np.float64, bool: np.bool_, str: object, bytes: object}


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    kind = draw(st.sampled_from([kind for kind in Kind if kind is not Kind.GAP]))
    rows = draw(st.integers(1, 4))
    columns: dict[str, Column] = {}
    for name, type_ in columns_of(KINDS[kind]).items():
        values: Column = np.empty(rows, DTYPES[type_])
        values[:] = draw(st.lists(VALUES[type_], min_size=rows, max_size=rows))
        columns[name] = values
    return Batch(kind, draw(st.sampled_from(["BTCUSDT", "ETHUSDT", ""])), columns)


gaps = st.builds(
    Gap,
    *[st.sampled_from(["binance", "*"])] * 3,
    *[st.integers(0, (1 << 63) - 1)] * 6,
    st.text(max_size=5),
)


def same(left: Batch | Gap, right: Batch | Gap) -> bool:
    if isinstance(left, Gap) or isinstance(right, Gap):
        return left == right
    if (left.kind, left.symbol, list(left.columns)) != (right.kind, right.symbol, list(right.columns)):
        return False
    for name, column in left.columns.items():
        other = right[name]
        if column.dtype != other.dtype:
            return False
        if (column.tolist() != other.tolist()) if column.dtype == object else (column.tobytes() != other.tobytes()):
            return False
    return True


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.lists(gaps, max_size=2), st.lists(batches(), max_size=4), st.integers(0, 1 << 62)), max_size=5))
def test_every_bit_comes_back_in_order(tape: list[tuple[list[Gap], list[Batch], int]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        with ColumnWriter(Path(name)) as writer:
            for chunk_gaps, chunk_batches, clock_ns in tape:
                writer.write([*chunk_gaps, *chunk_batches], clock_ns)
        reader = ColumnReader(Path(name))
        assert reader.chunks == len(tape)
        for chunk in (*range(len(tape)), *reversed(range(len(tape)))):
            items, clock_ns = reader.read(chunk)
            expected = [*tape[chunk][0], *tape[chunk][1]]
            assert clock_ns == tape[chunk][2]
            assert len(items) == len(expected)
            assert all(same(found, wanted) for found, wanted in zip(items, expected, strict=True))
        reader.close()


def trades(rows: int) -> Batch:
    columns: dict[str, Column] = {name: np.arange(rows).astype(DTYPES[type_]) for name, type_ in columns_of(KINDS[Kind.TRADE]).items()}
    return Batch(Kind.TRADE, "BTCUSDT", columns)


def test_gaps_come_first_and_empty_batches_are_left_out(tmp_path: Path) -> None:
    gap = Gap("binance", "BTCUSDT", "trade", 1, 2, 3, 4, 2, 0, "id jump")
    with ColumnWriter(tmp_path) as writer:
        writer.write([trades(2), gap, trades(0)], 5)
    reader = ColumnReader(tmp_path)
    items, _ = reader.read(0)
    reader.close()
    assert [type(item).__name__ for item in items] == ["Gap", "Batch"]


def test_sql_runs_over_the_files_as_they_are(tmp_path: Path) -> None:
    with ColumnWriter(tmp_path) as writer:
        writer.write([trades(3), Gap("binance", "*", "*", 1, 2, 0, 0, 0, 0, "disconnected")], 5)
        writer.write([trades(4)], 6)
    with duckdb.connect() as database:
        found = database.execute(
            f"SELECT symbol, count(*), sum(price), max(event_ns) FROM '{tmp_path}/trade.parquet' GROUP BY symbol"
        ).fetchall()
        reasons = database.execute(f"SELECT reason FROM '{tmp_path}/gap.parquet'").fetchall()
    assert found == [("BTCUSDT", 7, 9.0, 3)]
    assert reasons == [("disconnected",)]


def test_numbers_are_handed_on_without_a_copy(tmp_path: Path) -> None:
    with ColumnWriter(tmp_path) as writer:
        writer.write([trades(1000)], 5)
    reader = ColumnReader(tmp_path)
    batch = reader.read(0)[0][0]
    reader.close()
    assert isinstance(batch, Batch)
    assert not batch["price"].flags.owndata
    assert not batch["price"].flags.writeable


def test_a_gap_is_stored_as_its_struct_says() -> None:
    assert schema_of(Kind.GAP).names == list(columns_of(Gap))
    assert schema_of(Kind.TRADE).names[-1] == "symbol"


def test_columns_that_were_not_written_to_their_end_are_no_tape(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), ColumnWriter(tmp_path) as writer:
        writer.write([trades(1)], 1 // 0)
    with pytest.raises(SessionError, match="has no index"):
        ColumnReader(tmp_path)


def test_columns_are_not_written_over(tmp_path: Path) -> None:
    ColumnWriter(tmp_path).close()
    assert ColumnReader(tmp_path).chunks == 0
    with pytest.raises(SessionError, match="holds columns already"):
        ColumnWriter(tmp_path)


@pytest.mark.parametrize("name", ["trade.parquet", INDEX])
def test_a_torn_file_is_one_line(tmp_path: Path, name: str) -> None:
    with ColumnWriter(tmp_path) as writer:
        writer.write([trades(100)], 5)
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:-3])
    with pytest.raises(SessionError, match="expected whole Parquet") as caught:
        ColumnReader(tmp_path).read(0)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with ColumnWriter(tmp_path) as writer:
        writer.write([trades(1)], 5)
    (tmp_path / "trade.parquet").unlink()
    with pytest.raises(SessionError, match=r"trade\.parquet: .*restore the file"):
        ColumnReader(tmp_path).read(0)


def test_a_folder_that_cannot_be_made_is_a_resource_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ResourceError, match="expected to write columns"):
        ColumnWriter(tmp_path / "file" / "partition")
