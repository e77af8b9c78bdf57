"""What is recorded from a tape that goes on growing is a session of its own: it verifies, and stays when the tape is dropped."""

from __future__ import annotations

import signal
import threading
from itertools import chain
from pathlib import Path

import pytest

from connectors.tape.manifest import PartitionInfo, load, verify_files
from connectors.tape.reader import FrameReader
from connectors.tape.retention import PINNED, Retention, RetentionSettings
from connectors.tape.writer import FrameWriter, SegmentSettings
from flows.commands.record import first_rows, follow, length, new_target, partial_folder, record
from flows.sessions import open_session
from flows.settings import Shaping
from scoring.duration import Duration
from scoring.errors import SessionError, SettingError
from tests.flows import tapes
from tests.flows.conftest import Run, clean_environment
from tests.flows.sessions import start

SYMBOL = "BTCUSDT"
SECONDS = 60


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    """Write a live tape with several sealed segments and an open one, as a run leaves it that still goes on."""
    session = tmp_path / "data" / "tape"
    open_session(session, {"live": PartitionInfo(symbols=(SYMBOL,))}, Shaping(), origin="live")
    writer = FrameWriter(session / "frames" / "live", settings=SegmentSettings(rows=300))
    frames = chain(tapes.clocks(SECONDS), tapes.trades(SYMBOL, SECONDS), tapes.quotes(SYMBOL, SECONDS), tapes.posts(SECONDS))
    for at_ns, feed, payload in sorted(frames):
        writer.append(at_ns, feed, payload)
        writer.commit()
    writer.close(seal=False)
    return session


def rows_of(session: Path) -> tuple[int, int]:
    reader = FrameReader(session / "frames" / "live")
    return reader.first_row, reader.end_row


def test_a_session_is_recorded_while_the_tape_goes_on_and_verifies_afterwards(command: Run, tape: Path, tmp_path: Path) -> None:
    done = command("flows.commands.record", "storm", "--to", str(tmp_path / "kept"))
    assert (done.returncode, done.stderr) == (0, "")
    said, recorded = done.stdout.splitlines()
    first, end = rows_of(tape)
    assert said == f"{tmp_path}/kept/storm: {end - first:,} frames of 60 s kept"
    assert "digests recorded" in recorded
    Retention(tape / "frames" / "live", RetentionSettings(size_bytes=1), lambda: end).turn()
    assert rows_of(tape)[0] > first
    done = command("flows.commands.verify", str(tmp_path / "kept" / "storm"))
    assert (done.returncode, "verified" in done.stdout) == (0, True)
    digests = load(tmp_path / "kept" / "storm").digests
    assert {"trade_metrics", "posts", "social_signals"} <= set(digests)


def test_a_recording_has_the_settings_of_the_run_and_is_kept_from_retention(tape: Path, tmp_path: Path) -> None:
    manifest = record(tape, tmp_path / "storm", {"live": 0})
    live = load(tape)
    assert (manifest.name, manifest.origin, manifest.settings) == ("storm", "pinned from tape: live", live.settings)
    assert manifest.partitions == {"live": PartitionInfo(symbols=(SYMBOL,), channels=("lounge",))}
    assert (manifest.start_ns, manifest.end_ns) == (tapes.START_NS + 5, tapes.START_NS + SECONDS * tapes.SECOND_NS)
    assert verify_files(tmp_path / "storm", load(tmp_path / "storm")) == []
    assert (tmp_path / "storm" / PINNED).exists()
    assert Retention(tmp_path / "storm" / "frames" / "live", RetentionSettings(size_bytes=1), lambda: 1 << 62).turn() == ()
    assert not partial_folder(tmp_path / "storm").exists()


def test_a_tape_without_posts_still_listens_to_them(tmp_path: Path) -> None:
    session = tapes.write_session(tmp_path / "tape", {"live": (PartitionInfo(symbols=(SYMBOL,)), [(5, "telegram", b"no post")])})
    assert record(session, tmp_path / "quiet", {"live": 0}).partitions["live"].channels == ("telegram",)


def test_the_newest_of_a_tape_is_kept_to_the_row(tape: Path, tmp_path: Path) -> None:
    end_ns = tapes.START_NS + SECONDS * tapes.SECOND_NS
    from_rows = first_rows(tape, "10s", False, end_ns)
    manifest = record(tape, tmp_path / "end", from_rows)
    assert manifest.start_ns == end_ns - 10 * tapes.SECOND_NS
    assert rows_of(tmp_path / "end") == (from_rows["live"], rows_of(tape)[1])
    assert first_rows(tape, "", False, end_ns) == {"live": 0}


def test_what_comes_from_now_on_is_kept_even_where_the_tape_drops_it_meanwhile(
    tape: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.commands.record.LINK_SECONDS", 0.01)
    folder, target, stop = tape / "frames" / "live", tmp_path / "now", threading.Event()
    from_rows = first_rows(tape, "", True, 0)
    start = rows_of(tape)[1]
    assert from_rows == {"live": start}
    following = threading.Thread(target=follow, args=(tape, target, from_rows, stop, 30.0), daemon=True)
    following.start()
    writer = FrameWriter(folder, settings=SegmentSettings(rows=10))
    for number in range(35):
        writer.append(tapes.START_NS + (SECONDS + 1 + number) * tapes.SECOND_NS, "clock", b"")
        writer.commit()
    writer.close()
    stop.set()
    following.join()
    Retention(folder, RetentionSettings(size_bytes=1), lambda: 1 << 62).turn()
    assert rows_of(tape)[0] > start
    manifest = record(tape, target, from_rows)
    assert (rows_of(target), sum(info.rows for info in manifest.files)) == ((start, start + 35), 35)


def test_following_ends_after_its_time(tape: Path, tmp_path: Path) -> None:
    follow(tape, tmp_path / "short", {"live": 0}, threading.Event(), 0.05)
    assert len(list((partial_folder(tmp_path / "short") / "frames" / "live").iterdir())) > 1


def test_ctrl_c_ends_a_recording_and_keeps_it(tape: Path, tmp_path: Path) -> None:
    arguments = ["flows.commands.record", "now", "--to", str(tmp_path / "kept"), "--from-now", "--no-digests"]
    going = start(arguments, clean_environment(tmp_path))
    assert going.stdout is not None
    assert going.stdout.readline().endswith("recording, ends with ctrl+c\n")
    writer = FrameWriter(tape / "frames" / "live")
    writer.append(tapes.START_NS + 100 * tapes.SECOND_NS, "clock", b"")
    writer.commit()
    going.send_signal(signal.SIGINT)
    said, _ = going.communicate(timeout=30)
    writer.close()
    assert (going.returncode, said) == (0, f"{tmp_path}/kept/now: 1 frames of 0 s kept\n")


def test_what_cannot_be_is_refused_in_one_line(command: Run, tape: Path, tmp_path: Path) -> None:
    assert tape.exists()
    (tmp_path / "kept" / "there").mkdir(parents=True)
    for arguments, expected in (
        (("there",), "is there already"),
        (("../up",), "the name of a folder"),
        (("new", "--last", "soon"), "a duration such as"),
    ):
        done = command("flows.commands.record", *arguments, "--to", str(tmp_path / "kept"))
        assert (done.returncode, done.stdout, len(done.stderr.splitlines()), expected in done.stderr) == (1, "", 1, True)


def test_names_are_names_of_folders(tmp_path: Path) -> None:
    for name in ("", ".", "..", ".hidden", "a/b", "/"):
        with pytest.raises(SettingError):
            new_target(str(tmp_path), name)
    (partial_folder(tmp_path / "storm") / "left").mkdir(parents=True)
    assert new_target(str(tmp_path), "storm") == tmp_path / "storm"
    assert list(tmp_path.iterdir()) == []
    assert length("30m", "--for") == Duration.parse("30m")


def test_without_a_tape_there_is_nothing_to_record(tmp_path: Path) -> None:
    with pytest.raises(SessionError, match=r"none: no live tape here, .*: start just live first, or set data_dir$"):
        first_rows(tmp_path / "none", "", True, 0)
