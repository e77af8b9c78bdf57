"""Sealing: wherever a crash falls, every frame is there once afterwards."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from connectors.tape.frames import segments
from connectors.tape.reader import FrameReader
from connectors.tape.seal import feed_counts, last_received_ns, recover, seal, sealed_rows, whole_rows
from connectors.tape.writer import FrameWriter


def payloads(folder: Path) -> list[bytes]:
    with closing(FrameReader(folder)) as reader:
        chunk = reader.read(0, 10_000)
    return chunk.payloads if chunk else []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    writer = FrameWriter(tmp_path / "partition")
    for row in range(5):
        writer.append(row * 10, "ab"[row % 2], b"%d" % row)
        writer.commit()
    writer.close(seal=False)
    return tmp_path / "partition"


@pytest.fixture
def whole_parquet(folder: Path, tmp_path: Path) -> bytes:
    shutil.copytree(folder, tmp_path / "copy")
    recover(tmp_path / "copy")
    return (tmp_path / "copy/000000000000.parquet").read_bytes()


EXPECTED = [b"0", b"1", b"2", b"3", b"4"]


def test_sealing_keeps_every_frame_and_counts_feeds(folder: Path) -> None:
    assert whole_rows(segments(folder)[0].open_path) == 5
    seal(segments(folder)[0])
    segment = segments(folder)[0]
    assert payloads(folder) == EXPECTED
    assert (segment.is_open, sealed_rows(segment.sealed_path), feed_counts(segment), last_received_ns(segment)) == (
        False,
        5,
        {"a": 3, "b": 2},
        40,
    )


def test_a_crash_while_the_parquet_file_is_written_leaves_the_stream(folder: Path, whole_parquet: bytes) -> None:
    (folder / "000000000000.tmp").write_bytes(whole_parquet[:100])
    assert payloads(folder) == EXPECTED
    recover(folder)
    assert payloads(folder) == EXPECTED
    assert [path.name for path in folder.iterdir()] == ["000000000000.parquet"]


def test_a_crash_before_the_stream_is_removed_doubles_nothing(folder: Path, whole_parquet: bytes) -> None:
    (folder / "000000000000.parquet").write_bytes(whole_parquet)
    assert payloads(folder) == EXPECTED
    recover(folder)
    assert payloads(folder) == EXPECTED
    assert (folder / "000000000000.parquet").read_bytes() == whole_parquet
    assert not (folder / "000000000000.arrow").exists()


@pytest.mark.parametrize("keep", [0, 4, 200, -1])
def test_a_torn_parquet_file_beside_its_stream_gives_way(folder: Path, whole_parquet: bytes, keep: int) -> None:
    (folder / "000000000000.parquet").write_bytes(whole_parquet[:keep])
    assert payloads(folder) == EXPECTED
    recover(folder)
    assert (folder / "000000000000.parquet").read_bytes() == whole_parquet
    assert payloads(folder) == EXPECTED


def test_a_stream_without_a_frame_goes_away(tmp_path: Path) -> None:
    (tmp_path / "000000000000.arrow").write_bytes(b"\xff\xff")
    recover(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_large_commits_become_row_groups_a_reader_can_hold(tmp_path: Path) -> None:
    writer = FrameWriter(tmp_path)
    writer.extend(list(range(50_000)), "a", [b"x"] * 50_000)
    writer.close()
    assert sealed_rows(tmp_path / "000000000000.parquet") == 50_000
    with closing(FrameReader(tmp_path)) as reader:
        chunk = reader.read(49_990, 100)
    assert chunk is not None
    assert chunk.received_ns.tolist() == list(range(49_990, 50_000))


def test_feeds_are_counted_in_a_segment_that_another_program_wrote(folder: Path) -> None:
    recover(folder)
    segment = segments(folder)[0]
    pq.write_table(pq.read_table(segment.sealed_path).replace_schema_metadata(None), segment.sealed_path)
    assert feed_counts(segment) == {"a": 3, "b": 2}
