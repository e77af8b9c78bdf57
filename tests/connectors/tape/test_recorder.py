"""The recorder: written before it is shown, exact over restarts, and never silent about a disk that refuses."""

from __future__ import annotations

import itertools
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from connectors.tape.manifest import Manifest, load, save
from connectors.tape.reader import FrameReader
from connectors.tape.recorder import Recorder, RecorderSettings
from scoring.errors import ResourceError
from scoring.records import CLOCK_FEED, CLOCK_GRID_NS

WAIT_SECONDS = 10.0
START_NS = 1_700_000_000 * 1_000_000_000


def standing(at_ns: int = START_NS) -> Callable[[], int]:
    """A clock that stands, so that no marks come between."""
    return lambda: at_ns


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "frames" / "live"


def on_disk(folder: Path) -> list[bytes]:
    with closing(FrameReader(folder)) as reader:
        chunk = reader.read(0, 1_000_000)
    return chunk.payloads if chunk else []


def test_what_is_shown_is_on_the_disk_already(folder: Path) -> None:
    recorder = Recorder(folder, clock=standing())
    for number in range(50):
        recorder.put(START_NS + number, "a", b"%d" % number)
        assert recorder.wait(number, WAIT_SECONDS)
        chunk = recorder.read(number, 10)
        assert chunk is not None
        assert chunk.payloads == [b"%d" % number]
        assert on_disk(folder)[-1] == b"%d" % number
    recorder.close()


def test_a_frame_is_shown_at_once(folder: Path) -> None:
    recorder, took_s = Recorder(folder, clock=standing()), list[float]()
    for number in range(10):
        time.sleep(0.01)
        started = time.perf_counter()
        recorder.put(START_NS, "a", b"x")
        assert recorder.wait(number, WAIT_SECONDS)
        took_s.append(time.perf_counter() - started)
    assert min(took_s) < CLOCK_GRID_NS / 1e9, "it did not wait for the next mark of the clock"
    recorder.close()


def test_waiting_for_what_does_not_come_ends(folder: Path) -> None:
    recorder = Recorder(folder, clock=standing())
    assert not recorder.wait(0, 0.001)
    assert recorder.read(0, 10) is None
    recorder.close()


def test_feeds_may_put_from_many_threads_and_keep_their_own_order(folder: Path) -> None:
    recorder = Recorder(folder, clock=standing())

    def feed(name: str) -> None:
        for number in range(2000):
            recorder.put(START_NS, name, b"%d" % number)

    threads = [threading.Thread(target=feed, args=(name,), daemon=True) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    recorder.flush()
    assert [recorder.committed(name) for name in "abc"] == [2000] * 3
    recorder.close()
    with closing(FrameReader(folder)) as reader:
        chunk = reader.read(0, 10_000)
    assert chunk is not None
    for name in "abc":
        assert [chunk.payloads[at] for at in chunk.rows_of(name)] == [b"%d" % number for number in range(2000)]


def test_marks_lie_on_the_grid_and_stand_before_what_came_after_them(folder: Path) -> None:
    now = itertools.count(START_NS, CLOCK_GRID_NS // 10)
    recorder = Recorder(folder, clock=lambda: next(now))
    for _ in range(200):
        recorder.put(next(now), "a", b"x")
        recorder.flush()
    recorder.close()
    with closing(FrameReader(folder)) as reader:
        chunk = reader.read(0, 10_000)
    assert chunk is not None
    marks = chunk.rows_of(CLOCK_FEED)
    stamps = chunk.received_ns
    assert len(marks) > 10
    assert (stamps[marks] % CLOCK_GRID_NS == 0).all()
    assert (stamps[marks][1:] > stamps[marks][:-1]).all()
    for mark in marks.tolist():
        assert (stamps[:mark] < stamps[mark]).all()
        assert (stamps[mark + 1 :] >= stamps[mark]).all()
        assert chunk.payloads[mark] == b""


def test_a_silent_market_still_has_a_clock(folder: Path) -> None:
    recorder = Recorder(folder)
    assert recorder.wait(1, WAIT_SECONDS)
    assert recorder.committed(CLOCK_FEED) >= 2
    recorder.close()


def test_an_old_row_is_read_from_disk_when_memory_has_let_go_of_it(folder: Path) -> None:
    recorder = Recorder(folder, RecorderSettings(tail_rows=5), clock=standing())
    for number in range(40):
        recorder.put(START_NS, "a", b"%d" % number)
        recorder.flush()
    row, payloads = 0, list[bytes]()
    while (chunk := recorder.read(row, 3)) is not None:
        payloads += chunk.payloads
        row = chunk.end_row
    assert payloads == [b"%d" % number for number in range(40)]
    recorder.close()


@pytest.mark.parametrize("seal", [True, False])
def test_a_restart_goes_on_where_the_tape_ends(folder: Path, seal: bool) -> None:
    for run in range(3):
        recorder = Recorder(folder, clock=standing())
        assert (recorder.committed("a"), recorder.end_row) == (run * 2, run * 2)
        recorder.put_many(START_NS, "a", [b"%d" % run, b"again"])
        recorder.close(seal=seal)
    assert on_disk(folder) == [b"0", b"again", b"1", b"again", b"2", b"again"]


def test_closing_writes_what_waits_and_brings_the_manifest_up_to_date(tmp_path: Path, folder: Path) -> None:
    save(tmp_path, Manifest(name="live", program="0.1.0", created="2024-08-08T00:00:00+00:00"))
    recorder = Recorder(folder, clock=standing())
    recorder.put_many(START_NS, "a", [b"x"] * 100)
    recorder.close()
    recorder.close()
    assert [info.rows for info in load(tmp_path).files] == [100]
    assert load(tmp_path).end_ns == START_NS
    with pytest.raises(ResourceError, match="is closed"):
        recorder.put(START_NS, "a", b"late")


def test_a_disk_that_refuses_reaches_feeds_and_reader(folder: Path) -> None:
    recorder = Recorder(folder, clock=standing())
    shutil.rmtree(folder)
    recorder.put(START_NS, "a", b"x")
    with pytest.raises(ResourceError, match="expected to write the tape"):
        recorder.wait(0, WAIT_SECONDS)
    calls: list[Callable[[], object]] = [
        lambda: recorder.read(0, 1),
        lambda: recorder.put(START_NS, "a", b"y"),
        recorder.flush,
        recorder.close,
    ]
    for call in calls:
        with pytest.raises(ResourceError, match="expected to write the tape"):
            call()


def test_a_stamp_that_is_no_instant_stops_the_recorder_aloud(folder: Path) -> None:
    recorder = Recorder(folder, clock=standing())
    recorder.put(1 << 70, "a", b"x")
    with pytest.raises(ResourceError):
        recorder.wait(0, WAIT_SECONDS)
    with pytest.raises(ResourceError):
        recorder.close()


def test_feeds_wait_where_too_much_waits(folder: Path) -> None:
    recorder = Recorder(folder, RecorderSettings(pending_bytes=10), clock=standing())
    for number in range(500):
        recorder.put(START_NS, "a", b"%05d" % number)
    recorder.put(START_NS, "a", b"larger than all that may wait")
    recorder.flush()
    assert recorder.committed("a") == 501
    recorder.close()


def test_a_partition_has_one_recorder_at_a_time(tmp_path: Path) -> None:
    first = Recorder(tmp_path / "frames" / "live")
    with pytest.raises(ResourceError, match="another process records here"):
        Recorder(tmp_path / "frames" / "live")
    first.close()
    Recorder(tmp_path / "frames" / "live").close()


def test_a_folder_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "frames").write_text("in the way")
    with pytest.raises(ResourceError, match="expected to write the tape"):
        Recorder(tmp_path / "frames" / "live")
