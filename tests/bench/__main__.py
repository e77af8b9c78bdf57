"""`just bench`: one table. It needs the real recordings in ../shared/data; nothing here fails for being slow."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table as Grid

LOGS = [Path(__file__).resolve().parents[3] / "shared/data/market" / f"spot_btcusdt_{day}.gz" for day in ("20240808", "20240809")]
EVENTS = 2_000_000
"""At least this many events; memory is compared with a quarter of them."""
OPERATOR_EVENTS = 100_000
"""The window operators are slow: they get the beginning."""


def run(module: str, *arguments: str, times: int = 3) -> list[dict[str, float]]:
    """Run a measurement in fresh processes."""
    command = [sys.executable, "-m", f"tests.bench.{module}", *arguments]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(times)]
    return [json.loads(output.splitlines()[-1]) for output in runs]


def main() -> None:
    """Build the sessions, measure, and print."""
    parser = argparse.ArgumentParser(prog="just bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    if not all(log.exists() for log in LOGS):
        sys.exit(f"just bench: the real recordings are not here: {LOGS[0]} and {LOGS[1].name} are looked for")
    grid = Grid("work", "events", "seconds", "events/s", "min-max", "peak MB", title="median of fresh processes", title_justify="left")
    with tempfile.TemporaryDirectory(prefix="ghosttape-bench-") as folder:
        quarter, whole = Path(folder) / "quarter", Path(folder) / "whole"
        repetitions = -(-EVENTS // 99_574)
        small = _build(quarter, max(repetitions // 4, 1))
        large = _build(whole, repetitions)
        for form in ("frames", "columns"):
            _add(grid, f"complete flow from {form}, a quarter", small, run("flow", str(quarter), form, times=given.runs))
            _add(grid, f"complete flow from {form}", large, run("flow", str(whole), form, times=given.runs))
        columns = whole / "columns" / "binance"
        rows = sum(pq.read_metadata(columns / f"{kind}.parquet").num_rows for kind in ("trade", "quote"))
        _add(grid, "DuckDB SQL, 1 thread, trade and spread windows only", rows, run("sql", str(columns), times=given.runs))
        operators = run("operators", str(whole / "frames" / "binance"), str(OPERATOR_EVENTS), times=given.runs)
        _add(grid, "Bytewax window operators, the same two windows", OPERATOR_EVENTS, operators)
    Console(width=130).print(grid)


def _build(session: Path, repetitions: int) -> int:
    command = [sys.executable, "-m", "tests.bench.repeated", str(session), str(repetitions), *map(str, LOGS)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1])


def _add(grid: Grid, name: str, events: int, runs: list[dict[str, float]]) -> None:
    seconds = [measured["seconds"] for measured in runs]
    rates = sorted(events / each for each in seconds)
    peak = max(measured["peak_mb"] for measured in runs)
    middle = statistics.median(seconds)
    grid.add_row(name, f"{events:,}", f"{middle:.2f}", f"{events / middle:,.0f}", f"{rates[0]:,.0f}-{rates[-1]:,.0f}", f"{peak:,.0f}")


if __name__ == "__main__":
    main()
