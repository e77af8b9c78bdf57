"""The end of a tape read backwards: one feed among many, across row groups and segments."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pytest

from connectors.tape.frames import FrameChunk, Segment, from_arrow, segments
from connectors.tape.newest import end_ns, newest_first
from connectors.tape.writer import FrameWriter, SegmentSettings


def written(folder: Path, posts_at: set[int], rows: int, segment_rows: int) -> None:
    writer = FrameWriter(folder, settings=SegmentSettings(rows=segment_rows))
    for row in range(0, rows, 100):
        for at in range(row, min(row + 100, rows)):
            writer.append(at + 1, "telegram" if at in posts_at else "binance", b"%d" % at)
        writer.commit()
    writer.close()


def test_frames_of_a_feed_come_newest_first_with_the_time_they_were_received(tmp_path: Path) -> None:
    written(tmp_path, {3, 250, 251, 999}, 1_000, 200)
    assert list(newest_first(tmp_path, "telegram")) == [(1_000, b"999"), (252, b"251"), (251, b"250"), (4, b"3")]
    assert end_ns(tmp_path) == 1_000


def test_row_groups_without_the_feed_are_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, {5, 40_000}, 60_000, 100_000)
    read: list[int] = []

    def counted(row: int, batches: Sequence[pa.RecordBatch]) -> FrameChunk:
        read.append(row)
        return from_arrow(row, batches)

    monkeypatch.setattr("connectors.tape.newest.from_arrow", counted)
    assert list(newest_first(tmp_path, "telegram")) == [(40_001, b"40000"), (6, b"5")]
    assert len(read) == 2


def test_an_empty_tape_and_an_unknown_feed_give_nothing(tmp_path: Path) -> None:
    assert (list(newest_first(tmp_path / "none", "telegram")), end_ns(tmp_path / "none")) == ([], 0)
    written(tmp_path, set(), 10, 100)
    assert list(newest_first(tmp_path, "telegram")) == []


def test_a_stream_that_is_still_open_is_not_looked_at(tmp_path: Path) -> None:
    written(tmp_path, {0}, 10, 100)
    writer = FrameWriter(tmp_path)
    writer.append(50, "telegram", b"newer")
    writer.commit()
    assert list(newest_first(tmp_path, "telegram")) == [(1, b"0")]
    writer.close()


def test_a_segment_that_was_dropped_meanwhile_ends_it(tmp_path: Path) -> None:
    written(tmp_path, {3, 450}, 500, 200)
    frames = newest_first(tmp_path, "telegram")
    assert next(frames) == (451, b"450")
    held: list[Segment] = segments(tmp_path)
    for segment in held[:-1]:
        segment.sealed_path.unlink()
    assert list(frames) == []
