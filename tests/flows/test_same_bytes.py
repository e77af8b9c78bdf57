"""The laws, end to end: whatever a replay is cut into, spread over or asked to wait for, the stored results are the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.commands.replay import Replay, perform
from tests.flows.conftest import Run, clean_environment, digests_of
from tests.flows.sessions import BUNDLED, cluster, cut, finish, start

WAYS = [
    Replay("", batch_rows=7),
    Replay("", batch_rows=100),
    Replay("", batch_rows=5_000),
    Replay("", form="columns"),
    Replay("", form="columns", batch_rows=100),
    Replay("", workers=2, form="frames"),
    Replay("", workers=2, form="columns", batch_rows=5_000),
    Replay("", speed="50x", form="frames"),
    Replay("", speed="50x", form="columns"),
]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cut the three minutes around the lost connection out of the bundled session."""
    return cut(BUNDLED, tmp_path_factory.mktemp("sessions") / "story", 930, 180)


@pytest.fixture(scope="module")
def expected(story: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str]]:
    """Replay it the plain way, in a process of its own."""
    folder = tmp_path_factory.mktemp("plain")
    _replay(story, folder, "max", "--form", "frames")
    found = digests_of(folder)
    assert found["trade_metrics"][0] == 12  # three symbols, three minutes that begin and end in the middle of one
    assert found["gaps"][0] >= 4  # the lost connection, and the ids each symbol missed in it
    assert found["posts"][0] > 0
    return found


def _replay(session: Path, folder: Path, *arguments: str) -> None:
    finish(start(["flows.commands.replay", str(session), *arguments, "--data-dir", str(folder), "--quiet"], clean_environment(folder)))


@pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way.speed}-{way.batch_rows or 'all'}-{way.form or 'either'}-{way.workers}w")
def test_every_way_of_replaying_stores_the_same(way: Replay, story: Path, expected: dict[str, tuple[int, str]], tmp_path: Path) -> None:
    given = {"--workers": way.workers, "--batch-rows": way.batch_rows, "--form": way.form}
    _replay(story, tmp_path, way.speed, *(word for name, value in given.items() if value for word in (name, str(value))))
    assert digests_of(tmp_path) == expected


def test_one_frame_at_a_time_stores_the_same(story: Path, expected: dict[str, tuple[int, str]], tmp_path: Path) -> None:
    _replay(story, tmp_path, "max", "--batch-rows", "1", "--form", "frames")
    assert digests_of(tmp_path) == expected


def test_two_processes_store_the_same(story: Path, expected: dict[str, tuple[int, str]], tmp_path: Path) -> None:
    assert cluster(story, tmp_path, clean_environment(tmp_path)) == [0, 0]
    assert digests_of(tmp_path) == expected


@pytest.mark.slow
def test_a_minute_at_its_own_speed_stores_the_same(tmp_path: Path) -> None:
    minute = cut(BUNDLED, tmp_path / "minute", 600, 20)
    _replay(minute, tmp_path / "slow", "1x")
    _replay(minute, tmp_path / "fast", "max")
    assert digests_of(tmp_path / "slow") == digests_of(tmp_path / "fast")


def test_the_archive_and_the_warehouse_hold_the_same_rows(story: Path, tmp_path: Path) -> None:
    import duckdb

    outcome = perform(Replay(str(story), data_dir=str(tmp_path), quiet=True))
    with duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True) as warehouse:
        for table, result in outcome.digests.items():
            stored = warehouse.execute(f"SELECT count(*) FROM {table}").fetchone()
            assert stored == (result.rows,), table


def test_verify_says_yes_to_the_bundled_session(command: Run) -> None:
    done = command("flows.commands.verify", str(BUNDLED))
    assert done.returncode == 0, done.stderr
    assert "verified" in done.stdout


def test_verify_says_which_table_differs(command: Run, tmp_path: Path) -> None:
    from msgspec.structs import replace

    from connectors.tape.manifest import load, save

    session = cut(BUNDLED, tmp_path / "short", 0, 70, columns=False)
    assert command("flows.commands.verify", str(session)).returncode == 1  # no digests yet
    assert command("flows.commands.verify", str(session), "--record").returncode == 0
    assert command("flows.commands.verify", str(session)).returncode == 0
    manifest = load(session)
    save(session, replace(manifest, digests=manifest.digests | {"trade_metrics": "0" * 32}))
    done = command("flows.commands.verify", str(session))
    assert done.returncode == 1
    assert "trade_metrics is" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
