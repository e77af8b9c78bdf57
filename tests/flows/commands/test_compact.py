"""Compaction: columns say what the frames say, also where the connection was lost, trades are missing and a book broke."""

from __future__ import annotations

import itertools
from pathlib import Path

import duckdb
import pytest

from connectors.tape.columns import ColumnReader
from connectors.tape.manifest import Form, PartitionInfo, load, verify_files
from flows.commands.compact import compact
from scoring.errors import SessionError
from scoring.records import Gap
from tests.flows import tapes
from tests.flows.conftest import Run, clean_environment, digests_of
from tests.flows.sessions import finish, start

SECONDS = 150
BREAKS = {40: 3, 71: 60, 133: 5}
"""Seconds at which the book of BTCUSDT breaks, and updates until the next snapshot."""


def broken_session(session: Path) -> Path:
    """Write two symbols and a channel, with a lost connection, missing trades, breaks of a book, and frames that are none."""
    market = itertools.chain(
        tapes.trades("BTCUSDT", SECONDS, missing=[range(100, 109), range(400, 402)]),
        tapes.quotes("BTCUSDT", SECONDS),
        tapes.books("BTCUSDT", SECONDS, BREAKS),
        tapes.trades("ETHUSDT", SECONDS, missing=[range(333, 350)]),
        tapes.quotes("ETHUSDT", SECONDS),
        tapes.books("ETHUSDT", SECONDS, {90: 4}),
        tapes.lost_connection(100, 9),
        [(tapes.START_NS + 55 * tapes.SECOND_NS, feed, payload) for feed, payload in (("gap", b"{"), ("fax", b""), ("binance", b"\xff"))],
        tapes.clocks(SECONDS),
    )
    talk = itertools.chain(tapes.posts(SECONDS), tapes.clocks(SECONDS))
    info = PartitionInfo(symbols=("BTCUSDT", "ETHUSDT"))
    return tapes.write_session(session, {"binance": (info, market), "telegram": (PartitionInfo(channels=("lounge",)), talk)})


@pytest.fixture(scope="module")
def compacted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the session and compact it."""
    session = broken_session(tmp_path_factory.mktemp("compacted") / "session")
    compact(session)
    return session


def replayed(session: Path, folder: Path, *arguments: str) -> Path:
    finish(start(["flows.commands.replay", str(session), "--data-dir", str(folder), "--quiet", *arguments], clean_environment(folder)))
    return folder


@pytest.fixture(scope="module")
def from_frames(compacted: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Replay the frames."""
    return replayed(compacted, tmp_path_factory.mktemp("frames"), "--form", "frames")


def test_everything_that_can_go_wrong_is_on_the_tape(from_frames: Path) -> None:
    with duckdb.connect(str(from_frames / "warehouse.duckdb"), read_only=True) as warehouse:
        found = warehouse.execute("SELECT reason, symbol, count(*), sum(missing) FROM gaps GROUP BY ALL ORDER BY ALL").fetchall()
        rejects = warehouse.execute("SELECT count(*) FROM rejects").fetchone()
        healed = warehouse.execute("SELECT count(*) FROM gaps WHERE reason = 'book break' AND to_at IS NOT NULL").fetchone()
    assert found == [
        ("book break", "BTCUSDT", 3, 0),
        ("book break", "ETHUSDT", 1, 0),
        ("disconnected", "*", 1, 0),
        ("id jump", "BTCUSDT", 2, 11),
        ("id jump", "ETHUSDT", 1, 17),
    ]
    assert rejects == (3,)
    assert healed == (4,)


@pytest.mark.parametrize("arguments", [("--form", "columns", "--batch-rows", "40"), ("--form", "columns", "300x")])
def test_columns_give_what_frames_give(arguments: tuple[str, ...], compacted: Path, from_frames: Path, tmp_path: Path) -> None:
    replayed(compacted, tmp_path, *arguments)
    assert digests_of(tmp_path) == digests_of(from_frames)


def test_small_chunks_of_frames_give_what_large_ones_give(compacted: Path, from_frames: Path, tmp_path: Path) -> None:
    replayed(compacted, tmp_path, "--form", "frames", "--batch-rows", "40")
    assert digests_of(tmp_path) == digests_of(from_frames)


def test_no_chunk_holds_a_row_from_before_the_chunk_in_front(compacted: Path) -> None:
    reader = ColumnReader(compacted / "columns" / "binance")
    clock_ns = 0
    for chunk in range(reader.chunks):
        items, after_ns = reader.read(chunk)
        stamps = [int(at) for item in items if not isinstance(item, Gap) for at in item["received_ns"][[0, -1]]]
        assert min(stamps, default=after_ns) >= clock_ns
        assert max(stamps, default=0) <= after_ns
        clock_ns = after_ns
    reader.close()


def test_the_manifest_knows_both_forms(compacted: Path) -> None:
    manifest = load(compacted)
    assert {info.forms for info in manifest.partitions.values()} == {(Form.FRAMES, Form.COLUMNS)}
    assert verify_files(compacted, manifest) == []
    assert (manifest.start_ns, manifest.end_ns) == (tapes.START_NS + 5, tapes.START_NS + SECONDS * tapes.SECOND_NS)


def test_twice_is_refused_in_one_line(compacted: Path, command: Run) -> None:
    done = command("flows.commands.compact", str(compacted))
    assert done.returncode == 1
    assert done.stderr == f"ghosttape: {compacted}: nothing to do, expected a session of frames that is not compacted yet\n"


def test_what_an_interrupted_compaction_left_is_harmless(tmp_path: Path, from_frames: Path) -> None:
    session = broken_session(tmp_path / "session")
    for leftover in (session / "columns" / ".binance.partial", session / "columns" / "telegram"):
        leftover.mkdir(parents=True)
        (leftover / "trade.parquet").write_bytes(b"half a file")
    replayed(session, tmp_path / "before")
    assert digests_of(tmp_path / "before") == digests_of(from_frames)
    manifest = compact(session)
    assert sorted(path.name for path in (session / "columns").iterdir()) == ["binance", "telegram"]
    assert verify_files(session, manifest) == []


def test_a_session_without_frames_is_refused(tmp_path: Path) -> None:
    tapes.write_session(tmp_path / "empty", {})
    with pytest.raises(SessionError, match="nothing to do"):
        compact(tmp_path / "empty")
