"""Ask the warehouse while a flow writes to it."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connectors.outputs.query import run_query
from connectors.outputs.warehouse import Warehouse, WarehouseSettings
from scoring.duration import Duration
from scoring.errors import ResourceError
from scoring.records import Table
from tests.connectors.outputs.sample_rows import START_NS, grid, sample

WRITER = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
print("holding", flush=True)
sys.stdin.readline()
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Make a warehouse with ten rows of risk."""
    path = str(tmp_path_factory.mktemp("query") / "warehouse.duckdb")
    warehouse = Warehouse(WarehouseSettings(path=path))
    warehouse.write([sample(Table.RISK_METRICS, "BTCUSDT", grid(START_NS, 10))])
    warehouse.close()
    return path


@contextmanager
def held_for_writing(path: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([sys.executable, "-c", WRITER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        assert process.stdout.readline() == "holding\n"
        yield process


def test_an_answer_is_names_and_rows_with_aware_instants(path: str) -> None:
    names, rows = run_query(path, "SELECT symbol, sampled_at, NULL AS unknown FROM risk_metrics ORDER BY sampled_at LIMIT 1")
    assert names == ["symbol", "sampled_at", "unknown"]
    assert rows == [("BTCUSDT", dt.datetime(2026, 11, 20, 14, 0, tzinfo=dt.UTC), None)]
    assert rows[0][1].utcoffset() == dt.timedelta(0)


def test_instants_without_a_zone_and_days_are_utc(path: str) -> None:
    _, rows = run_query(path, "SELECT sampled_at::TIMESTAMP, date_trunc('day', sampled_at) FROM risk_metrics ORDER BY ALL LIMIT 1")
    assert rows == [(dt.datetime(2026, 11, 20, 14, 0, tzinfo=dt.UTC), dt.datetime(2026, 11, 20, tzinfo=dt.UTC))]


def test_a_sum_of_integers_is_an_integer(path: str) -> None:
    _, rows = run_query(path, "SELECT count(*), sum(2), sum(NULL::BIGINT), sum(0.25) FROM risk_metrics")
    assert [repr(value) for value in rows[0]] == ["10", "20", "None", "Decimal('2.50')"]


def test_no_row_is_an_answer_too(path: str) -> None:
    assert run_query(path, "SELECT symbol FROM risk_metrics WHERE false") == (["symbol"], [])


def test_a_question_waits_for_a_flow_that_is_writing(path: str) -> None:
    with held_for_writing(path) as process:
        assert process.stdin is not None
        threading.Timer(0.3, process.stdin.close).start()
        assert run_query(path, "SELECT count(*) FROM risk_metrics")[1] == [(10,)]


def test_a_question_does_not_wait_for_ever(path: str) -> None:
    with held_for_writing(path) as process, pytest.raises(ResourceError, match=rf"held by another process \(.*PID {process.pid}"):
        run_query(path, "SELECT 1", Duration.parse("100ms"))


def test_without_a_warehouse_it_says_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match=r"^.*/none\.duckdb: no warehouse here: start a flow or a replay first"):
        run_query(str(tmp_path / "none.duckdb"), "SELECT 1")
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_no_warehouse_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("a note")
    with pytest.raises(ResourceError, match=r"notes\.txt: DuckDB cannot read it: [^\n]*not a valid DuckDB database file"):
        run_query(str(tmp_path / "notes.txt"), "SELECT 1")


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT nothing FROM risk_metrics", 'Referenced column "nothing" not found'),
        ("SELEC 1", "syntax error"),
        ("SELECT * FROM path", "path does not exist"),
        ("SELECT error('at run time')", "at run time"),
        ("DELETE FROM risk_metrics", "read-only mode"),
    ],
)
def test_what_duckdb_refuses_is_told_in_one_line(sql: str, said: str, path: str) -> None:
    with pytest.raises(ResourceError, match=rf"^the query was refused: [^\n]*{said}[^\n]*$"):
        run_query(path, sql)


def test_a_statement_without_an_answer_gives_none(path: str) -> None:
    assert run_query(path, "SET threads = 1")[1] == []
