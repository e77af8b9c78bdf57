"""What an earlier run left on the tape is what the next one knows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("telethon")

from connectors.inputs.telegram_ledger import Ledger
from connectors.inputs.telegram_scribe import Scribe, read_ledger
from connectors.tape.recorder import Recorder
from connectors.tape.writer import FrameWriter
from connectors.wire.gap import decode_gap, encode_gap
from connectors.wire.telegram import encode_deletion, encode_edit, encode_post
from scoring.errors import ResourceError
from scoring.records import Gap
from tests.connectors.inputs.telegram_stand_in import CALLS, message


def write(folder: Path, *frames: tuple[str, bytes]) -> None:
    writer = FrameWriter(folder)
    for at, (feed, payload) in enumerate(frames, 1_000):
        writer.append(at, feed, payload)
    writer.close()


def post(number: int, text: str = "text", channel: str = "calls") -> tuple[str, bytes]:
    return "telegram", encode_post(channel, number, 0, "", text)


def gap(to_ns: int, kind: str = "post", from_ns: int = 5) -> tuple[str, bytes]:
    return "gap", encode_gap(Gap("live", "*", kind, from_ns, to_ns, 0, 0, 0, 0, "disconnected"))


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    made = Recorder(tmp_path / "new" / "frames" / "live")
    yield made
    made.close()


def gaps(recorder: Recorder) -> list[Gap]:
    recorder.flush()
    chunk = recorder.read(recorder.first_row, 1_000)
    return [decode_gap(chunk.payloads[row]) for row in chunk.rows_of("gap").tolist()] if chunk else []


def test_a_ledger_knows_the_newest_posts_edits_and_deletions(tmp_path: Path) -> None:
    edit, deletion = ("telegram", encode_edit("calls", 6, 60, "new")), ("telegram", encode_deletion("calls", 7))
    write(
        tmp_path,
        post(5),
        post(1, channel="other"),
        post(6, "old"),
        ("binance", b"{}"),
        edit,
        post(7),
        deletion,
        ("telegram", b"bad"),
        post(9),
    )
    ledger = read_ledger(tmp_path, ["calls", "silent"], overlap=100, remembered=1_000)
    assert (ledger.whole("calls"), ledger.whole("silent"), ledger.whole("other")) == (7, None, None)
    assert (ledger.has_hole("calls"), ledger.is_gone("calls", 7)) == (True, True)
    assert [ledger.is_edit("calls", 6, "new", 70), ledger.is_edit("calls", 6, "old", 50)] == [False, False]
    assert [ledger.is_new("calls", number) for number in (4, 5, 8, 9, 10)] == [False, False, True, False, True]


def test_only_the_overlap_is_read_again(tmp_path: Path) -> None:
    write(tmp_path, *(post(number) for number in range(1, 50)), *(post(number, channel="other") for number in range(1, 4)))
    ledger = read_ledger(tmp_path, ["calls", "other"], overlap=3, remembered=1_000)
    assert [ledger.remembers("calls", number) for number in (46, 47, 49)] == [False, True, True]
    assert [ledger.is_new("calls", number) for number in (20, 46, 50)] == [False, False, True]


def test_a_bounded_number_of_frames_is_read(tmp_path: Path) -> None:
    write(tmp_path, post(1, channel="rare"), *(post(number) for number in range(1, 50)))
    assert read_ledger(tmp_path, ["rare"], overlap=3, remembered=49).whole("rare") is None
    assert read_ledger(tmp_path, ["rare"], overlap=3, remembered=50).whole("rare") == 1


def test_an_open_gap_of_an_earlier_run_goes_on(tmp_path: Path, recorder: Recorder) -> None:
    write(tmp_path, gap(0, from_ns=4), gap(9, from_ns=4), gap(0), ("gap", b"bad"), gap(0, kind="*"), post(1))
    scribe = Scribe(recorder, Ledger(10), "live", "")
    scribe.resume(tmp_path)
    assert (scribe.outage is not None and scribe.outage.from_ns, gaps(recorder)) == (5, [])
    scribe.tell_outage(77, "disconnected")
    scribe.fetched = 3
    scribe.tell_whole()
    scribe.tell_whole()
    (closed,) = gaps(recorder)
    assert (closed.from_ns, closed.to_ns > 0, closed.missing, closed.repaired, scribe.gaps_repaired) == (5, True, 3, 3, 1)


def test_the_time_from_the_end_of_the_tape_on_is_a_gap(tmp_path: Path, recorder: Recorder) -> None:
    write(tmp_path, gap(9), post(1))
    scribe = Scribe(recorder, Ledger(10), "live", "")
    scribe.resume(tmp_path)
    assert [(told.from_ns, told.to_ns, told.reason) for told in gaps(recorder)] == [(1_001, 0, "restarted")]


def test_an_empty_tape_has_no_gap(tmp_path: Path, recorder: Recorder) -> None:
    scribe = Scribe(recorder, Ledger(10), "live", "")
    scribe.resume(tmp_path / "none")
    assert (scribe.outage, gaps(recorder)) == (None, [])


def test_a_text_no_encoding_knows_is_kept_as_far_as_it_goes(recorder: Recorder) -> None:
    scribe = Scribe(recorder, Ledger(10), "live", "")
    assert scribe.take(1, "calls", message(CALLS, 1, "buy \ud800 now"))
    recorder.flush()
    chunk = recorder.read(recorder.first_row, 100)
    assert chunk is not None
    assert b"buy ? now" in b"".join(chunk.payloads)


def test_a_tape_that_cannot_be_written_is_noted(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "frames" / "live")
    recorder.close()
    scribe = Scribe(recorder, Ledger(10), "live", "")
    with pytest.raises(ResourceError):
        scribe.take(1, "calls", message(CALLS, 1, "buy"))
    assert (scribe.is_broken, scribe.frames) == (True, 0)
