"""Law 4 on real processes: a flow killed at any moment and resumed leaves what an unbroken one leaves."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from connectors.outputs.archive import digests
from connectors.outputs.query import run_query
from scoring.records import Table
from tests.connectors.outputs.outbox_flow import STEPS, rows_at
from tests.connectors.outputs.sample_rows import hashes_of

ROOT = Path(__file__).resolve().parents[3]


def run(folder: Path, seconds: float | None) -> int:
    """Run the flow to its end, or kill it so many seconds after it began, and give its exit status."""
    command = [sys.executable, "-m", "tests.connectors.outputs.outbox_flow", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        try:
            return process.wait(timeout=seconds or 120)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()


def contents(folder: Path) -> dict[Table, object]:
    path = str(folder / "warehouse.duckdb")
    return {table: run_query(path, f'SELECT * FROM "{table.value}" ORDER BY ALL') for table in (Table.RISK_METRICS, Table.ALERTS)}


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unbroken")
    assert run(folder, None) == 0
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_killed_and_resumed_leaves_the_files_and_rows_of_an_unbroken_run(seed: int, tmp_path: Path, unbroken: Path) -> None:
    chance = random.Random(seed)
    statuses: list[int] = []
    while not statuses or statuses[-1] != 0:
        statuses.append(run(tmp_path, chance.uniform(0.3, 0.8) if len(statuses) < 5 else None))
        assert statuses[-1] in (0, -signal.SIGKILL)
    assert len(statuses) > 2, "killed at least twice"
    assert hashes_of(tmp_path / "archive") == hashes_of(unbroken / "archive")
    assert digests(tmp_path) == digests(unbroken)
    assert contents(tmp_path) == contents(unbroken)


def test_an_unbroken_run_leaves_every_row(unbroken: Path) -> None:
    keys = {
        (rows.symbol, instant)
        for step in range(STEPS)
        for rows in rows_at(step)
        if rows.table is Table.RISK_METRICS
        for instant in rows.columns["sampled_ns"].tolist()
    }
    assert digests(unbroken)[Table.RISK_METRICS].rows == len(keys)
    assert run_query(str(unbroken / "warehouse.duckdb"), "SELECT count(*) FROM risk_metrics")[1] == [(len(keys),)]
