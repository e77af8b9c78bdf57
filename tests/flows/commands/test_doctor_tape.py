"""What earlier runs left, whole and broken, held and free."""

from __future__ import annotations

import fcntl
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb
import pytest
from bytewax.recovery import init_db_dir

from connectors.outputs.archive import Archive, ArchiveSettings
from connectors.outputs.warehouse import Warehouse, WarehouseSettings
from connectors.tape.manifest import Manifest, PartitionInfo, refresh, save
from connectors.tape.writer import FrameWriter
from flows.commands.doctor_checks import Mark
from flows.commands.doctor_tape import archive, recovery, tape, warehouse, writers_of
from flows.feeds import LIVE_PARTITION
from scoring.errors import SessionError

HOLD = "import sys; file = open(sys.argv[1], sys.argv[2]); print('held', flush=True); sys.stdin.read()"
HOLD_WAREHOUSE = "import sys, duckdb; held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux says which process has a file open")


@contextmanager
def elsewhere(code: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Hold something in another process."""
    command = [sys.executable, "-c", code, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.stdin.close()


def write(session: Path, *, seal: bool = True) -> Path:
    """Write a tape of three frames."""
    folder = session / "frames" / LIVE_PARTITION
    writer = FrameWriter(folder)
    for number in range(3):
        writer.append(1_767_225_600_000_000_000 + number, "binance", b"{}")
    writer.close(seal)
    save(session, Manifest("tape", "test", "", partitions={LIVE_PARTITION: PartitionInfo()}))
    refresh(session)
    return folder


def test_no_tape_is_fine(tmp_path: Path) -> None:
    (found,) = tape(tmp_path)
    assert (found.mark, found.found) == (Mark.OK, f"none in {tmp_path} yet: the first start begins one")


@pytest.mark.parametrize(
    ("seal", "said"),
    [
        (True, "3 frames in 1 segments, sealed up to 2026-01-01 00:00:00 UTC, the last one sealed"),
        (False, "3 frames in 1 segments, one still open: the flow that runs, or the next start, seals it"),
    ],
)
def test_a_whole_tape_says_how_long_it_is(tmp_path: Path, seal: bool, said: str) -> None:
    write(tmp_path, seal=seal)
    (found,) = tape(tmp_path)
    assert (found.mark, found.found) == (Mark.OK, said)


def test_a_tape_without_frames_is_fine(tmp_path: Path) -> None:
    save(tmp_path, Manifest("tape", "test", ""))
    (found,) = tape(tmp_path)
    assert found.mark is Mark.OK
    assert "holds no frames yet" in found.found


def test_files_that_are_missing_are_a_warning(tmp_path: Path) -> None:
    folder = write(tmp_path)
    next(folder.glob("*.parquet")).unlink()
    gone, _ = tape(tmp_path)
    assert gone.mark is Mark.WARNING
    assert "1 of 1 files" in gone.found


def test_a_broken_segment_has_failed(tmp_path: Path) -> None:
    sealed = next(write(tmp_path).glob("*.parquet"))
    sealed.write_bytes(sealed.read_bytes()[:100])
    found = list(tape(tmp_path))
    assert found[-1].mark is Mark.FAILED
    assert "broken" in found[-1].found


def test_a_manifest_that_cannot_be_read_is_refused_in_its_own_words(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(SessionError, match="restore the file"):
        list(tape(tmp_path))


@linux
def test_who_writes_to_a_tape_is_named(tmp_path: Path) -> None:
    opened = next(write(tmp_path, seal=False).glob("*.arrow"))
    with elsewhere(HOLD, str(opened), "r"):
        assert [finding.check for finding in tape(tmp_path)] == ["tape"], "a reader is no writer"
    with elsewhere(HOLD, str(opened), "ab") as process:
        writer = list(tape(tmp_path))[-1]
        assert (writer.check, writer.mark) == ("recorder", Mark.WARNING)
        assert writer.found.startswith(f"process {process.pid} is writing to ")


def test_a_system_that_does_not_say_names_nobody(tmp_path: Path) -> None:
    assert writers_of(tmp_path, processes=tmp_path / "none") == []
    (tmp_path / "12" / "fd").mkdir(parents=True)
    (tmp_path / "13").mkdir()
    (tmp_path / "12" / "fd" / "3").symlink_to(tmp_path.absolute() / "file")
    assert writers_of(tmp_path, processes=tmp_path) == []


def test_a_recovery_store_is_read_and_left_as_it_was(tmp_path: Path) -> None:
    store, session = tmp_path / "recovery", tmp_path / "tape"
    assert next(recovery(store, session)).found == "no store yet: the first start begins one"
    store.mkdir()
    assert next(recovery(store, session)).mark is Mark.FAILED
    init_db_dir(store, 1)  # type: ignore[no-untyped-call]
    before = sorted(store.iterdir())
    (found,) = recovery(store, session)
    assert (found.mark, found.found) == (Mark.OK, "0 runs so far; a restart goes on after the last")
    assert sorted(store.iterdir()) == before


def test_a_store_whose_tape_is_gone_has_failed_also_while_it_is_open(tmp_path: Path) -> None:
    store, session = tmp_path / "recovery", tmp_path / "tape"
    store.mkdir()
    init_db_dir(store, 1)  # type: ignore[no-untyped-call]
    with closing(sqlite3.connect(store / "part-0.sqlite3")) as opened:
        with opened:
            opened.execute("INSERT INTO exs (ex_num, worker_count, resume_epoch) VALUES (0, 1, 1)")
        (during,) = recovery(store, session)
    (after,) = recovery(store, session)
    assert during == after
    assert after.mark is Mark.FAILED
    assert "knows of 1 runs, but the tape they read is gone" in after.found
    write(session)
    (found,) = recovery(store, session)
    assert found.mark is Mark.OK


def test_a_broken_store_has_failed(tmp_path: Path) -> None:
    (tmp_path / "part-0.sqlite3").write_bytes(b"no database at all" * 100)
    (found,) = recovery(tmp_path, tmp_path)
    assert found.mark is Mark.FAILED
    assert "move" in found.todo


def test_an_archive_says_whether_it_is_being_written(tmp_path: Path) -> None:
    (found,) = archive(tmp_path)
    assert "yet" in found.found
    Archive(ArchiveSettings(data_dir=str(tmp_path))).close()
    with (tmp_path / "archive" / ".lock").open("ab") as lock:
        (found,) = archive(tmp_path)
        assert found.found.endswith("is free to be written")
        fcntl.flock(lock, fcntl.LOCK_EX)
        (found,) = archive(tmp_path)
        assert (found.mark, found.found.endswith("is being written just now")) == (Mark.OK, True)


def test_a_warehouse_is_ours_or_it_is_not(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    assert next(warehouse(str(path))).found == f"{path} is made at the first start"
    assert "MotherDuck" in next(warehouse("md:mine?motherduck_token=secret")).found
    assert "secret" not in next(warehouse("md:mine?motherduck_token=secret")).found
    Warehouse(WarehouseSettings(path=str(path))).close()
    (found,) = warehouse(str(path))
    assert found.mark is Mark.OK
    with duckdb.connect(str(path)) as engine:
        engine.execute("UPDATE schema_version SET version = 'old'")
    (found,) = warehouse(str(path))
    assert found.mark is Mark.FAILED
    assert "schema old" in found.found


def test_a_file_that_is_no_warehouse_has_failed(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database" * 1000)
    assert next(warehouse(str(tmp_path / "text"))).mark is Mark.FAILED
    with duckdb.connect(str(tmp_path / "other")) as engine:
        engine.execute("CREATE TABLE mine (a INT)")
    (found,) = warehouse(str(tmp_path / "other"))
    assert (found.mark, found.todo) == (Mark.FAILED, "set warehouse.path to another file")


def test_a_warehouse_that_is_held_is_a_warning(tmp_path: Path) -> None:
    path = str(tmp_path / "warehouse.duckdb")
    Warehouse(WarehouseSettings(path=path)).close()
    with elsewhere(HOLD_WAREHOUSE, path):
        (found,) = warehouse(path)
    assert found.mark is Mark.WARNING
    assert "held by another program" in found.found
