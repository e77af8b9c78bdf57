"""A pinned stretch of tape is there to the row, costs no space, and stays when the tape goes on and drops its own."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.tape.frames import segments
from connectors.tape.pinning import pin, pin_sealed, row_at
from connectors.tape.reader import FrameReader
from connectors.tape.writer import FrameWriter, SegmentSettings
from scoring.errors import ResourceError, SessionError

ROWS = 47


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Write four segments of ten frames, and seven frames of an open one."""
    made = tmp_path / "live"
    writer = FrameWriter(made, settings=SegmentSettings(rows=10))
    for row in range(ROWS):
        writer.append(1_000 + 10 * row, "ab"[row % 2], b"%d" % row)
        writer.commit()
    writer.close(seal=False)
    return made


def payloads(folder: Path) -> list[tuple[int, str, bytes]]:
    reader = FrameReader(folder)
    chunk = reader.read(reader.first_row, 1_000)
    reader.close()
    assert chunk is not None
    return [(chunk.first_row + index, chunk.feed(index), payload) for index, payload in enumerate(chunk.payloads)]


def expected(start: int, stop: int = ROWS) -> list[tuple[int, str, bytes]]:
    return [(row, "ab"[row % 2], b"%d" % row) for row in range(start, stop)]


def test_the_whole_tape_is_pinned_by_links_and_the_open_end_by_a_copy(source: Path, tmp_path: Path) -> None:
    assert pin(source, tmp_path / "kept", 0) == ROWS
    assert payloads(tmp_path / "kept") == expected(0)
    sealed = [segment for segment in segments(source) if segment.is_sealed]
    assert all(os.path.samefile(segment.sealed_path, tmp_path / "kept" / segment.sealed_path.name) for segment in sealed)
    assert [segment.is_open for segment in segments(tmp_path / "kept")] == [False] * 5
    assert segments(source)[-1].is_open


@pytest.mark.parametrize("from_row", [1, 9, 10, 11, 35, 40, 41, 46])
def test_a_tape_is_pinned_from_a_row_on(source: Path, tmp_path: Path, from_row: int) -> None:
    assert pin(source, tmp_path / "kept", from_row) == ROWS - from_row
    assert payloads(tmp_path / "kept") == expected(from_row)
    assert payloads(source) == expected(0)


def test_nothing_to_pin_is_said(source: Path, tmp_path: Path) -> None:
    with pytest.raises(SessionError, match="record for longer"):
        pin(source, tmp_path / "kept", ROWS)
    with pytest.raises(SessionError):
        pin(tmp_path / "none", tmp_path / "other", 0)


def test_what_is_pinned_stays_when_the_tape_drops_it_and_may_be_pinned_bit_by_bit(source: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    pin_sealed(source, kept, 15)
    assert [segment.first_row for segment in segments(kept)] == [10, 20, 30]
    for segment in segments(source)[:3]:
        segment.sealed_path.unlink()
    writer = FrameWriter(source)
    writer.append(10_000, "a", b"new")
    writer.close()
    pin_sealed(source, kept, 15)
    assert pin(source, kept, 15) == ROWS + 1 - 15
    assert payloads(kept) == [*expected(15), (ROWS, "a", b"new")]


def test_a_segment_that_ended_where_the_stretch_begins_is_not_kept(source: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    FrameWriter(source).close()
    pin_sealed(source, kept, ROWS)
    assert [segment.first_row for segment in segments(kept)] == [40]
    writer = FrameWriter(source)
    writer.append(10_000, "a", b"new")
    writer.close()
    assert pin(source, kept, ROWS) == 1
    assert payloads(kept) == [(ROWS, "a", b"new")]


def test_what_the_tape_dropped_before_it_was_pinned_is_not_pretended(source: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    pin_sealed(source, kept, 0)
    for name in ("000000000020.parquet", "000000000030.parquet"):
        (kept / name).unlink()
    for segment in segments(source)[:3]:
        segment.sealed_path.unlink()
    assert pin(source, kept, 0) == ROWS - 30
    assert payloads(kept) == expected(30)


def test_a_segment_that_goes_while_it_is_looked_at_is_looked_for_again(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link: Callable[[Path, Path], None] = os.link

    def dropping(path: Path, to: Path) -> None:
        if path.name.startswith("000000000000"):
            path.unlink()
        link(path, to)

    monkeypatch.setattr(os, "link", dropping)
    assert pin(source, tmp_path / "kept", 0) == ROWS - 10
    assert payloads(tmp_path / "kept") == expected(10)


def test_a_stream_that_is_sealed_while_it_is_looked_at_is_linked(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = shutil.copyfile

    def sealing(path: Path, to: Path) -> None:
        FrameWriter(source).close()
        copy(path, to)

    monkeypatch.setattr(shutil, "copyfile", sealing)
    assert pin(source, tmp_path / "kept", 0) == ROWS
    assert payloads(tmp_path / "kept") == expected(0)


def test_half_a_record_batch_at_the_end_is_left_out(source: Path, tmp_path: Path) -> None:
    stream = segments(source)[-1].open_path
    stream.write_bytes(stream.read_bytes()[:-40])
    pin(source, tmp_path / "kept", 0)
    assert payloads(tmp_path / "kept") == expected(0, 46)


def test_across_disks_it_is_copied(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Path) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refused)
    assert pin(source, tmp_path / "kept", 3) == ROWS - 3
    assert payloads(tmp_path / "kept") == expected(3)


def test_a_disk_that_refuses_is_said(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "link", full)
    with pytest.raises(ResourceError, match="No space left"):
        pin(source, tmp_path / "kept", 0)
    monkeypatch.undo()
    monkeypatch.setattr("shutil.copyfile", full)
    with pytest.raises(ResourceError, match="No space left"):
        pin(source, tmp_path / "other", 0)


def test_the_row_of_an_instant_is_found_in_sealed_and_open_segments(source: Path) -> None:
    assert [row_at(source, at) for at in (0, 1_000, 1_001, 1_450, 1_451, 1_460, 9_999)] == [0, 0, 1, 45, 46, 46, 47]
    assert row_at(source.parent / "none", 5) == 0
