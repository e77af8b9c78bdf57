"""Reading frames: any size, any row, across segments, under a writer, and after a crash at any byte."""

from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from connectors.tape.frames import Segment, segments
from connectors.tape.reader import FrameReader
from connectors.tape.writer import FrameWriter, SegmentSettings
from scoring.errors import SessionError


def write(folder: Path, count: int, commit_rows: int, segment_rows: int, seal: bool = True) -> None:
    writer = FrameWriter(folder, settings=SegmentSettings(rows=segment_rows))
    for start in range(0, count, commit_rows):
        for row in range(start, min(start + commit_rows, count)):
            writer.append(row, f"feed {row % 3}", b"%d" % row)
        writer.commit()
    writer.close(seal=seal)


def read_all(folder: Path, max_rows: int, row: int = 0) -> list[bytes]:
    reader = FrameReader(folder)
    payloads: list[bytes] = []
    while (chunk := reader.read(row, max_rows)) is not None:
        assert chunk.first_row == row
        assert [chunk.feed(at) for at in range(len(chunk))] == [f"feed {number % 3}" for number in range(row, chunk.end_row)]
        assert chunk.received_ns.tolist() == list(range(row, chunk.end_row))
        payloads += chunk.payloads
        row = chunk.end_row
        assert len(chunk) == max_rows or reader.read(row, 1) is None
    reader.close()
    return payloads


@pytest.mark.parametrize("max_rows", [1, 7, 100, 5000])
@pytest.mark.parametrize("seal", [True, False])
def test_chunks_have_the_size_asked_for(tmp_path: Path, max_rows: int, seal: bool) -> None:
    write(tmp_path, 1000, commit_rows=13, segment_rows=300, seal=seal)
    assert read_all(tmp_path, max_rows) == [b"%d" % row for row in range(1000)]


def test_reading_begins_anywhere_and_may_go_back(tmp_path: Path) -> None:
    write(tmp_path, 500, commit_rows=9, segment_rows=200, seal=False)
    reader = FrameReader(tmp_path)
    for row in (499, 0, 450, 401, 449, 250, 199, 200):
        chunk = reader.read(row, 1)
        assert chunk is not None
        assert chunk.payloads == [b"%d" % row]
    assert reader.read(500, 1) is None
    assert (reader.first_row, reader.end_row) == (0, 500)
    reader.close()


def test_a_missing_partition_is_empty(tmp_path: Path) -> None:
    reader = FrameReader(tmp_path / "none")
    assert reader.read(0, 10) is None
    assert (reader.first_row, reader.end_row) == (0, 0)


def test_a_stream_cut_at_any_byte_gives_whole_batches_and_is_appended_to(tmp_path: Path) -> None:
    write(tmp_path / "whole", 4, commit_rows=2, segment_rows=100, seal=False)
    content = segments(tmp_path / "whole")[0].open_path.read_bytes()
    counts = set()
    for length in range(len(content) + 1):
        folder = tmp_path / str(length)
        folder.mkdir()
        (folder / "000000000000.arrow").write_bytes(content[:length])
        before = read_all(folder, 3)
        assert before == [b"%d" % row for row in range(len(before))]
        counts.add(len(before))
        writer = FrameWriter(folder)
        assert writer.end_row == len(before)
        writer.append(len(before), f"feed {len(before) % 3}", b"%d" % len(before))
        writer.commit()
        writer.abandon()
        assert read_all(folder, 3) == [b"%d" % row for row in range(len(before) + 1)]
    assert counts == {0, 2, 4}


def test_a_reader_follows_a_writer_through_seals(tmp_path: Path) -> None:
    count = 20_000
    writer = threading.Thread(target=write, args=(tmp_path, count, 17, 1500), daemon=True)
    reader, row, payloads = FrameReader(tmp_path), 0, list[bytes]()
    writer.start()
    while row < count:
        chunk = reader.read(row, 1000)
        if chunk is None:
            assert writer.is_alive() or reader.end_row == count
            continue
        payloads += chunk.payloads
        row = chunk.end_row
    writer.join()
    reader.close()
    assert payloads == [b"%d" % number for number in range(count)]


def test_an_open_segment_stays_readable_when_it_is_sealed_under_the_reader(tmp_path: Path) -> None:
    writer = FrameWriter(tmp_path)
    writer.extend(np.arange(10), "a", [b"x"] * 10)
    writer.commit()
    reader = FrameReader(tmp_path)
    assert reader.read(0, 5) is not None
    writer.seal()
    writer.append(11, "a", b"after")
    writer.commit()
    chunk = reader.read(5, 100)
    assert chunk is not None
    assert chunk.payloads == [b"x"] * 5 + [b"after"]
    reader.close()
    writer.close()


def test_rows_that_come_with_the_end_of_a_segment_while_it_is_looked_for_what_follows_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = FrameWriter(tmp_path)
    writer.extend(np.arange(10), "a", [b"x"] * 10)
    writer.commit()

    def a_moment_later(folder: Path) -> list[Segment]:
        if writer.end_row == 10:
            writer.append(10, "a", b"last")
            writer.commit()
            writer.seal()
            writer.append(11, "a", b"after")
            writer.commit()
        return segments(folder)

    with closing(FrameReader(tmp_path)) as reader:
        assert reader.read(0, 10) is not None
        monkeypatch.setattr("connectors.tape.reader.segments", a_moment_later)
        chunk = reader.read(10, 100)
    assert chunk is not None
    assert chunk.payloads == [b"last", b"after"]
    writer.close()


def test_a_row_that_is_gone_says_where_the_tape_begins(tmp_path: Path) -> None:
    write(tmp_path, 100, commit_rows=10, segment_rows=50)
    (tmp_path / "000000000000.parquet").unlink()
    assert FrameReader(tmp_path).first_row == 50
    with pytest.raises(SessionError, match="begins with row 50, expected row 3"):
        FrameReader(tmp_path).read(3, 1)


def test_a_hole_between_segments_is_no_end(tmp_path: Path) -> None:
    write(tmp_path, 150, commit_rows=10, segment_rows=50)
    (tmp_path / "000000000050.parquet").unlink()
    with closing(FrameReader(tmp_path)) as reader, pytest.raises(SessionError, match="row 50 is missing"):
        reader.read(40, 20)


@pytest.mark.parametrize("keep", [0, 3, 200, -1])
def test_a_torn_sealed_segment_is_one_line(tmp_path: Path, keep: int) -> None:
    write(tmp_path, 100, commit_rows=10, segment_rows=100)
    path = tmp_path / "000000000000.parquet"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(SessionError, match="restore the file") as caught:
        FrameReader(tmp_path).read(0, 1)
    assert "\n" not in str(caught.value)
