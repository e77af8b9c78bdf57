"""Parquet files that are whole or not there, and whose bytes depend on nothing but their rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.outputs import parquet_files
from connectors.outputs.arrow_rows import latest, order_of, schema_of, to_arrow
from connectors.outputs.parquet_files import merged, read, read_all, read_batches, write
from scoring.errors import ResourceError
from scoring.records import Table
from tests.connectors.outputs.sample_rows import START_NS, grid, sample

RISK = Table.RISK_METRICS


def risk(count: int, step_ns: int = 500_000_000) -> pa.Table:
    pieces = [sample(RISK, symbol, grid(START_NS, count, step_ns)) for symbol in ("BTCUSDT", "ETHUSDT")]
    return latest(to_arrow(RISK, pieces), order_of(RISK))


@pytest.mark.parametrize("table", list(Table))
def test_rows_are_read_back_as_they_were_written(table: Table, tmp_path: Path) -> None:
    rows = latest(to_arrow(table, [sample(table, "subject", grid(START_NS, 30))]), order_of(table))
    write(table, tmp_path / "folder" / "0000-2400.parquet", [rows], sync=True)
    assert read(table, tmp_path / "folder" / "0000-2400.parquet").equals(rows)
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["0000-2400.parquet"]


def test_other_programs_read_the_same_rows(tmp_path: Path) -> None:
    write(RISK, tmp_path / "date=2026-11-20" / "1400-1415.parquet", [risk(10)], sync=False)
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT min(symbol), count(*), min(epoch_us(sampled_at)) FROM '{tmp_path}/*/*.parquet'").fetchall()
    assert found == [("BTCUSDT", 20, START_NS // 1_000)]


def test_bytes_depend_on_rows_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_files, "ROW_GROUP", 64)
    rows = risk(100)
    shapes = {
        "whole": [rows],
        "halves": [rows.slice(0, 77), rows.slice(77)],
        "tiny": [rows.slice(place, 1) for place in range(200)],
        "read back": [],
    }
    for name, pieces in shapes.items():
        write(RISK, tmp_path / name, pieces or [read(RISK, tmp_path / "tiny")], sync=False)
    assert len({hashlib.sha256((tmp_path / name).read_bytes()).digest() for name in shapes}) == 1
    groups = pq.ParquetFile(tmp_path / "whole").metadata
    assert [groups.row_group(place).num_rows for place in range(groups.num_row_groups)] == [64, 64, 64, 8]


@given(older=st.lists(st.integers(0, 40), max_size=30), newer=st.lists(st.integers(0, 40), max_size=30), group=st.integers(1, 9))
@settings(max_examples=40, deadline=None)
def test_joining_by_row_group_is_joining_at_once(older: list[int], newer: list[int], group: int) -> None:
    def table_of(places: list[int], revision: int) -> pa.Table:
        pieces = [sample(RISK, symbol, [START_NS + place * 1_000_000 for place in places], revision) for symbol in ("a", "b")]
        return latest(to_arrow(RISK, pieces), order_of(RISK))

    old, new = table_of(older, 0), table_of(newer, 1)
    batches = [batch for place in range(0, old.num_rows, group) for batch in old.slice(place, group).to_batches()]
    joined = pa.concat_tables(merged(RISK, batches, new))
    assert joined.equals(latest(pa.concat_tables([old, new]), order_of(RISK)))


def test_files_follow_one_another(tmp_path: Path) -> None:
    rows = risk(20)
    write(RISK, tmp_path / "a", [rows.slice(0, 10)], sync=False)
    write(RISK, tmp_path / "b", [rows.slice(10)], sync=False)
    assert pa.Table.from_batches(read_all(RISK, [tmp_path / "a", tmp_path / "b"])).equals(rows)


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    def failing() -> Iterator[pa.Table]:
        yield risk(3)
        raise ValueError("no more rows")

    write(RISK, tmp_path / "file.parquet", [risk(5)], sync=False)
    with pytest.raises(ValueError, match="no more rows"):
        write(RISK, tmp_path / "file.parquet", failing(), sync=False)
    assert [path.name for path in tmp_path.iterdir()] == ["file.parquet"]
    assert read(RISK, tmp_path / "file.parquet").equals(risk(5))


def test_a_file_being_written_has_a_name_no_reader_looks_for(tmp_path: Path) -> None:
    def rows() -> Iterator[pa.Table]:
        yield risk(3)
        names = [path.name for path in tmp_path.iterdir()]
        assert len(names) == 1
        assert names[0].startswith(".")
        assert names[0].endswith(parquet_files.PARTIAL)
        assert not list(tmp_path.glob("*.parquet"))

    write(RISK, tmp_path / "file.parquet", rows(), sync=False)


def test_a_full_disk_is_one_line_for_the_operator(tmp_path: Path) -> None:
    (tmp_path / "full").symlink_to("/dev/full")
    said = r"^.*: cannot be written: .*No space left on device.*: check the folder.*free space$"
    with pytest.raises(ResourceError, match=said), parquet_files.refusals(tmp_path, "written"):
        (tmp_path / "full").write_text("row")


def test_a_path_that_cannot_be_is_one_line_for_the_operator(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ResourceError, match=r"^.*/file/x\.parquet: cannot be written: .* check the folder"):
        write(RISK, tmp_path / "file" / "x.parquet", [risk(1)], sync=False)


def test_a_broken_file_and_one_of_another_version_are_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and no more")
    pq.write_table(risk(2).drop_columns("drawdown"), tmp_path / "other.parquet")
    with pytest.raises(ResourceError, match=r"broken\.parquet: not a whole Parquet file"):
        list(read_batches(RISK, tmp_path / "broken.parquet"))
    with pytest.raises(ResourceError, match=r"other\.parquet: its columns are not those of risk_metrics"):
        read(RISK, tmp_path / "other.parquet")
    with pytest.raises(ResourceError, match=r"none\.parquet: cannot be read"):
        read(RISK, tmp_path / "none.parquet")
    assert schema_of(RISK).names == risk(1).schema.names
