"""The warehouse: every final row in one DuckDB file."""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.outputs.arrow_rows import latest, order_of, to_arrow, to_columns
from connectors.outputs.outbox import Held, Outbox, OutboxSettings
from connectors.outputs.query import run_query
from connectors.outputs.warehouse import Warehouse, WarehouseSettings, schema_version
from scoring.digest import TableDigest, digest
from scoring.duration import Duration
from scoring.errors import ResourceError
from scoring.records import Rows, Table
from tests.connectors.outputs.sample_rows import START_NS, grid, sample

RISK = Table.RISK_METRICS

HOLDER = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=True)
print(connection.execute("SELECT count(*) FROM risk_metrics").fetchone()[0], flush=True)
sys.stdin.readline()
"""


def open_warehouse(folder: Path) -> Warehouse:
    return Warehouse(WarehouseSettings(path=str(folder / "warehouse.duckdb")))


def stored(folder: Path, table: Table) -> pa.Table:
    """Read a table as another program would."""
    order = ", ".join(f'"{name}"' for name in order_of(table))
    with duckdb.connect(folder / "warehouse.duckdb", read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        relation = connection.sql(f'SELECT * FROM "{table.value}" ORDER BY {order}')
        assert relation is not None
        found: pa.Table = relation.to_arrow_table()
        return found


def rows_of(folder: Path, table: Table) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = stored(folder, table).to_pylist()
    return rows


@contextmanager
def holder(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Hold the file in another process until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder / "warehouse.duckdb")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdin is not None
    with process:
        assert process.stdout.readline().strip().isdigit()
        yield process


@pytest.mark.parametrize("table", list(Table))
def test_rows_of_every_table_are_there_for_other_programs(table: Table, tmp_path: Path) -> None:
    rows = sample(table, "subject", grid(START_NS, 40))
    warehouse = open_warehouse(tmp_path)
    warehouse.write([rows])
    assert rows_of(tmp_path, table) == latest(to_arrow(table, [rows]), order_of(table)).to_pylist()
    warehouse.close()


@pytest.mark.parametrize("table", list(Table))
def test_the_digest_of_a_stored_table_is_that_of_its_rows(table: Table, tmp_path: Path) -> None:
    rows = sample(table, "subject", grid(START_NS, 40))
    open_warehouse(tmp_path).write([rows])
    found = TableDigest(table)
    found.update(to_columns(stored(tmp_path, table).cast(to_arrow(table, [rows]).schema)))
    assert found.result() == digest(table, rows.columns)


@given(
    writes=st.lists(
        st.lists(st.tuples(st.sampled_from(["BTCUSDT", "ETHUSDT"]), st.integers(0, 5)), min_size=1, max_size=6), min_size=1, max_size=5
    )
)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rows_are_upserted_by_key_and_the_last_wins(tmp_path_factory: pytest.TempPathFactory, writes: list[list[tuple[str, int]]]) -> None:
    folder, every, revision = tmp_path_factory.mktemp("warehouse"), [], 0
    warehouse = open_warehouse(folder)
    for write in writes:
        pieces = []
        for symbol, place in write:
            revision += 1
            pieces.append(sample(RISK, symbol, [START_NS + place * 500_000_000], revision))
        warehouse.write(pieces)
        every += pieces
    assert rows_of(folder, RISK) == latest(to_arrow(RISK, every), order_of(RISK)).to_pylist()
    warehouse.close()


def test_a_row_whose_instant_moves_is_still_one_row(tmp_path: Path) -> None:
    first, moved = sample(Table.POSTS, "news", [START_NS]), sample(Table.POSTS, "news", [START_NS])
    moved.columns["posted_ns"][0] += 1_000_000
    warehouse = open_warehouse(tmp_path)
    warehouse.write([first, moved])
    assert stored(tmp_path, Table.POSTS).num_rows == 1


def test_text_with_a_zero_byte_and_bytes_of_any_kind_are_kept(tmp_path: Path) -> None:
    rows = sample(Table.REJECTS, "tape", [START_NS])
    rows.columns["reason"][0], rows.columns["payload"][0] = "zero \0 byte '\" é", bytes(range(256))
    open_warehouse(tmp_path).write([rows])
    found = rows_of(tmp_path, Table.REJECTS)[0]
    assert (found["reason"], found["payload"]) == ("zero \0 byte '\" é", bytes(range(256)))


def test_keys_are_primary_keys(tmp_path: Path) -> None:
    open_warehouse(tmp_path).write([])
    with duckdb.connect(tmp_path / "warehouse.duckdb", read_only=True) as connection:
        found = connection.execute(
            "SELECT constraint_column_names FROM duckdb_constraints() WHERE constraint_type = 'PRIMARY KEY' AND table_name = 'gaps'"
        ).fetchone()
    assert found == (["source", "symbol", "kind", "from_at"],)


def test_a_reader_that_holds_the_file_delays_a_write_and_loses_nothing(tmp_path: Path) -> None:
    warehouse = open_warehouse(tmp_path)
    outbox = Outbox(warehouse, OutboxSettings(flush_interval=Duration.parse("20ms"), retry_interval=Duration.parse("50ms")))
    with holder(tmp_path) as process:
        for place in range(20):
            outbox.write_batch([sample(RISK, "BTCUSDT", [START_NS + place * 500_000_000])])
            time.sleep(0.01)
        assert len(outbox.snapshot()) == 20
        with pytest.raises(Held, match=rf"warehouse\.duckdb: held by another process \(.*PID {process.pid}.*\): close it"):
            Warehouse(WarehouseSettings(path=str(tmp_path / "warehouse.duckdb"))).write([])
    outbox.close()
    assert stored(tmp_path, RISK).num_rows == 20


def test_a_flow_may_start_while_a_reader_holds_the_file(tmp_path: Path) -> None:
    open_warehouse(tmp_path).close()
    with holder(tmp_path):
        warehouse = open_warehouse(tmp_path)
    warehouse.write([sample(RISK, "BTCUSDT", [START_NS])])
    assert stored(tmp_path, RISK).num_rows == 1


def test_readers_find_whole_writes_while_a_flow_writes(tmp_path: Path) -> None:
    path, found = str(tmp_path / "warehouse.duckdb"), []
    outbox = Outbox(open_warehouse(tmp_path), OutboxSettings(flush_interval=Duration.parse("10ms"), retry_interval=Duration.parse("20ms")))
    for place in itertools.count():
        outbox.write_batch([sample(table, "BTCUSDT", [START_NS + place * 500_000_000]) for table in (RISK, Table.PORTFOLIO)])
        found += run_query(path, "SELECT (SELECT count(*) FROM risk_metrics), (SELECT count(*) FROM portfolio)")[1]
        if place >= 30 and len(set(found)) > 2:
            break
        time.sleep(0.01)
    outbox.close()
    assert all(of_risk == of_portfolio for of_risk, of_portfolio in found)
    assert found == sorted(found)
    assert stored(tmp_path, RISK).num_rows == place + 1


def test_two_flows_may_share_a_file(tmp_path: Path) -> None:
    one, other = open_warehouse(tmp_path), open_warehouse(tmp_path)
    pieces: list[Rows] = [sample(RISK, symbol, grid(START_NS, 5)) for symbol in ("BTCUSDT", "ETHUSDT")]
    one.write(pieces[:1])
    other.write(pieces[1:])
    one.write(pieces[:1])
    assert stored(tmp_path, RISK).num_rows == 10


def test_a_file_of_another_schema_is_refused(tmp_path: Path) -> None:
    open_warehouse(tmp_path).close()
    with duckdb.connect(tmp_path / "warehouse.duckdb") as connection:
        connection.execute("UPDATE schema_version SET version = '00000000'")
    with pytest.raises(ResourceError, match=rf"^.*warehouse\.duckdb: its tables have schema 00000000, expected {schema_version()}: move"):
        open_warehouse(tmp_path)


def test_a_file_with_tables_of_others_by_our_names_is_refused(tmp_path: Path) -> None:
    with duckdb.connect(tmp_path / "warehouse.duckdb") as connection:
        connection.execute("CREATE TABLE alerts (mine INTEGER)")
    with pytest.raises(ResourceError, match="its tables have schema unknown, expected"):
        open_warehouse(tmp_path)
    with duckdb.connect(tmp_path / "warehouse.duckdb") as connection:
        connection.execute("DROP TABLE alerts")
        connection.execute("CREATE TABLE notes (mine INTEGER)")
    open_warehouse(tmp_path).write([sample(RISK, "BTCUSDT", [START_NS])])


@pytest.mark.parametrize("path", ["file/warehouse.duckdb", "file", "/proc/warehouse/w.duckdb"])
def test_a_path_that_cannot_be_written_is_one_line_for_the_operator(path: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a database")
    with pytest.raises(ResourceError, match=r"^\S+: [^\n]*: check the f[^\n]*$"):
        Warehouse(WarehouseSettings(path=str(tmp_path / path)))


def test_the_name_of_the_schema_follows_the_declared_tables() -> None:
    assert len(schema_version()) == 8
    assert schema_version() == schema_version()


def test_an_engine_is_replaced_after_so_many_writes_and_nobody_notices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.outputs.warehouse.RENEW_AFTER", 3)
    warehouse = open_warehouse(tmp_path)
    engines = [warehouse._engine]
    for number in range(8):
        warehouse.write([sample(RISK, "BTCUSDT", grid(START_NS, 10 + number))])
        engines.append(warehouse._engine)
    warehouse.close()
    assert sum(old is not new for old, new in itertools.pairwise(engines)) == 3
    assert len(rows_of(tmp_path, RISK)) == 17
