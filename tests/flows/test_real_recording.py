"""The real recording of 2024-08-08 across midnight: imported, replayed in every way, and equal to numbers computed in 40 digits."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from connectors.tape.manifest import load
from tests.flows.conftest import clean_environment, digests_of
from tests.flows.sessions import cluster, cut, finish, start

FRAMES = 99_574
WHOLE_VWAP = 61671.551606654178
GOLDEN_NAMES = {"volume_base": "base_vol", "volume_quote": "quote_vol", "vwap": "vwap", "max_drawdown": "max_drawdown_frac"}
EXACT_NAMES = {
    "trade_count": "n_trades",
    "first_trade_id": "first_trade_id",
    "last_trade_id": "last_trade_id",
    "open": "open",
    "high": "high",
    "low": "low",
    "close": "close",
}


@pytest.fixture(scope="module")
def recording(shared_data: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Import both files as a person would, with three widths of windows, and decode them once."""
    folder = tmp_path_factory.mktemp("real")
    logs = [str(shared_data(f"market/spot_btcusdt_{day}.gz")) for day in ("20240808", "20240809")]
    environment = clean_environment(folder) | {"GHOSTTAPE_MARKET__BARS__WIDTHS": '["1m", "10s", "1s"]'}
    for arguments in (
        ["flows.commands.import_", *logs, "--to", str(folder / "bitcoin")],
        ["flows.commands.compact", str(folder / "bitcoin")],
    ):
        finish(start(arguments, environment))
    return folder / "bitcoin"


def replayed(session: Path, folder: Path, *arguments: str) -> Path:
    """Replay it into a folder."""
    finish(start(["flows.commands.replay", str(session), *arguments, "--data-dir", str(folder), "--quiet"], clean_environment(folder)))
    return folder


@pytest.fixture(scope="module")
def plain(recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Replay the frames the plain way."""
    return replayed(recording, tmp_path_factory.mktemp("plain"), "max", "--form", "frames")


def query(folder: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as warehouse:
        return warehouse.execute(sql).fetchall()


def test_it_imports_whole_and_without_a_reject(recording: Path, plain: Path) -> None:
    manifest = load(recording)
    assert sum(info.rows for info in manifest.files if info.path.startswith("frames/")) == FRAMES
    assert manifest.partitions["binance"].symbols == ("BTCUSDT",)
    assert query(plain, "SELECT count(*) FROM rejects") == [(0,)]
    assert query(plain, "SELECT count(*) FROM gaps") == [(0,)]


def test_it_crosses_midnight(plain: Path) -> None:
    days = sorted(path.name for path in (plain / "archive" / "trade_metrics").iterdir())
    assert days == ["date=2024-08-08", "date=2024-08-09"]


@pytest.mark.parametrize("seconds", [1, 10, 60])
def test_every_window_is_the_golden_one(seconds: int, plain: Path, shared_data: Callable[[str], Path]) -> None:
    with shared_data(f"golden/spot_btcusdt_trades_tumbling_{seconds}s.csv").open() as file:
        golden = list(csv.DictReader(file))
    names = ["window_start", "volume_base", "volume_quote", "vwap", "max_drawdown", *EXACT_NAMES, "taker_buy_base"]
    sql = f"""SELECT epoch_ms(window_start), {", ".join(names[1:])} FROM trade_metrics
              WHERE window_end - window_start = INTERVAL {seconds} SECOND ORDER BY window_start"""
    rows = [dict(zip(names, row, strict=True)) for row in query(plain, sql)]
    assert [row["window_start"] for row in rows] == [int(row["window_start_ms"]) for row in golden]
    for row, wanted in zip(rows, golden, strict=True):
        for ours, theirs in EXACT_NAMES.items():
            assert float(str(row[ours])) == float(wanted[theirs]), ours
        for ours, theirs in (GOLDEN_NAMES | {"taker_buy_base": "taker_buy_base_vol"}).items():
            assert math.isclose(float(str(row[ours])), float(wanted[theirs]), rel_tol=1e-12, abs_tol=1e-15), ours


def test_the_whole_session_has_the_golden_average_price(plain: Path) -> None:
    minutes = "window_end - window_start = INTERVAL 1 MINUTE"
    [(vwap,)] = query(plain, f"SELECT sum(volume_quote) / sum(volume_base) FROM trade_metrics WHERE {minutes}")
    assert math.isclose(float(str(vwap)), WHOLE_VWAP, rel_tol=1e-12)


def test_the_skew_of_the_clocks_is_measured_and_makes_nothing_late(plain: Path) -> None:
    [(skew, latency, late)] = query(plain, "SELECT median(skew_ms), min(latency_ms), sum(late_rows) FROM trade_metrics")
    assert -1290 < float(str(skew)) < -1265
    assert float(str(latency)) >= 0
    assert late == 0
    assert query(plain, "SELECT sum(late_rows) FROM spread_metrics") == [(0,)]


WAYS = [
    ("frames", "1", "max", "1"),
    ("frames", "7", "max", "1"),
    ("frames", "100", "max", "1"),
    ("frames", "5000", "max", "1"),
    ("frames", "5000", "max", "2"),
    ("frames", "", "50x", "1"),
    ("columns", "1", "max", "1"),
    ("columns", "7", "max", "2"),
    ("columns", "100", "max", "1"),
    ("columns", "5000", "max", "2"),
    ("columns", "", "max", "1"),
    ("columns", "", "50x", "1"),
]


@pytest.mark.parametrize(("form", "rows", "speed", "workers"), WAYS)
def test_every_way_stores_the_same(form: str, rows: str, speed: str, workers: str, recording: Path, plain: Path, tmp_path: Path) -> None:
    replayed(recording, tmp_path, speed, "--form", form, *(["--batch-rows", rows] if rows else []), "--workers", workers)
    assert digests_of(tmp_path) == digests_of(plain)


def test_two_processes_store_the_same(recording: Path, plain: Path, tmp_path: Path) -> None:
    assert cluster(recording, tmp_path, clean_environment(tmp_path)) == [0, 0]
    assert digests_of(tmp_path) == digests_of(plain)


@pytest.mark.slow
def test_a_minute_at_its_own_speed_stores_the_same(recording: Path, tmp_path: Path) -> None:
    minute = cut(recording, tmp_path / "minute", 330, 60)
    slow, fast = replayed(minute, tmp_path / "slow", "1x", "--form", "frames"), replayed(minute, tmp_path / "fast", "max")
    assert digests_of(slow) == digests_of(fast)
