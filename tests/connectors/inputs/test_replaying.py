"""Replayed partitions: whatever is taken at once, from wherever it is resumed, everything comes once and in order."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.inputs.pace import Pace
from connectors.inputs.replaying import ReplayedColumns, ReplayedFrames
from connectors.inputs.source import ENDED, STOP, Chunk, TapePartition
from connectors.tape.columns import ColumnReader, ColumnWriter
from connectors.tape.reader import FrameReader
from connectors.tape.writer import FrameWriter
from scoring.records import ALL_SYMBOLS, CLOCK_GRID_NS, Batch, Gap, Kind, Quote, Trade, to_columns

FRAMES = 40
STEP_NS = 100_000_000
GAP = Gap("p", ALL_SYMBOLS, ALL_SYMBOLS, 5, 9, 0, 0, 0, 0, "disconnected")


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("frames")
    writer = FrameWriter(folder)
    for number in range(FRAMES):
        writer.append(number * STEP_NS, "binance", str(number).encode())
        writer.commit()
    writer.close()
    return folder


@pytest.fixture(scope="module")
def columns(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("columns")
    with ColumnWriter(folder) as writer:
        for chunk in range(3):
            at = range(chunk * 10, chunk * 10 + 10)
            trades = to_columns(Trade, [Trade(n * STEP_NS, n, n, 1.0, 1.0, False, n, n, False) for n in at])
            quotes = to_columns(Quote, [Quote(n * STEP_NS, n, n, 1.0, 1.0, 2.0, 1.0) for n in at[::3]])
            writer.write([GAP, Batch(Kind.TRADE, "A", trades), Batch(Kind.QUOTE, "A", quotes)], at[-1] * STEP_NS)
    return folder


def drain(partition: TapePartition) -> Iterator[Chunk]:
    """Take everything until the partition ends."""
    while True:
        try:
            yield from partition.next_batch()
        except StopIteration:
            return


def payloads(chunks: list[Chunk]) -> list[bytes]:
    return [payload for chunk in chunks if chunk.frames for payload in chunk.frames.payloads]


@given(st.integers(1, 50), st.integers(0, 45))
@settings(max_examples=30, deadline=None)
def test_frames_come_once_and_in_order_across_a_resume(frames: Path, batch_rows: int, taken: int) -> None:
    first = ReplayedFrames("p", FrameReader(frames), Pace(math.inf), batch_rows, None)
    before: list[Chunk] = []
    for chunk in drain(first):
        before.append(chunk)
        if sum(chunk.rows for chunk in before) >= taken:
            break
    position = first.snapshot()
    after = list(drain(ReplayedFrames("p", FrameReader(frames), Pace(math.inf), batch_rows, position)))
    assert payloads(before + after) == [str(number).encode() for number in range(FRAMES)]
    assert [chunk.ended for chunk in before + after].count(True) == 1


def test_marks_of_the_clock_lie_on_the_grid_and_only_go_on(frames: Path) -> None:
    marks = [chunk.clock_ns for chunk in drain(ReplayedFrames("p", FrameReader(frames), Pace(math.inf), 1, None)) if chunk.clock_ns]
    assert marks == sorted(set(marks))
    assert all(mark % CLOCK_GRID_NS == 0 for mark in marks)
    assert marks[-1] == (FRAMES - 1) * STEP_NS // CLOCK_GRID_NS * CLOCK_GRID_NS


def test_a_pace_holds_frames_back_until_they_are_due(frames: Path) -> None:
    now = [0]
    partition = ReplayedFrames("p", FrameReader(frames), Pace(10.0, lambda: now[0]), 100, None)
    assert [chunk.rows for chunk in partition.next_batch()] == [1]
    assert list(partition.next_batch()) == []
    now[0] = STEP_NS // 10 * 3
    assert [chunk.rows for chunk in partition.next_batch()] == [3]


@given(st.integers(1, 12), st.integers(0, 12))
@settings(max_examples=30, deadline=None)
def test_columns_come_once_and_in_order_across_a_resume(columns: Path, batch_rows: int, calls: int) -> None:
    first = ReplayedColumns("p", ColumnReader(columns), Pace(math.inf), batch_rows, None)
    chunks = drain(first)
    before = [chunk for chunk in (next(chunks, None) for _ in range(calls)) if chunk]
    after = list(drain(ReplayedColumns("p", ColumnReader(columns), Pace(math.inf), batch_rows, first.snapshot())))
    items = [item for chunk in before + after for item in chunk.items]
    trades = [item["trade_id"] for item in items if isinstance(item, Batch) and item.kind is Kind.TRADE]
    quotes = [item["update_id"] for item in items if isinstance(item, Batch) and item.kind is Kind.QUOTE]
    assert sum(isinstance(item, Gap) for item in items) == 3
    assert np.concatenate(trades).tolist() == list(range(30))
    assert np.concatenate(quotes).tolist() == [*range(0, 10, 3), *range(10, 20, 3), *range(20, 30, 3)]


def test_all_columns_come_exactly_once(columns: Path) -> None:
    chunks = list(drain(ReplayedColumns("p", ColumnReader(columns), Pace(math.inf), 4, None)))
    items = [item for chunk in chunks for item in chunk.items]
    trades = np.concatenate([item["trade_id"] for item in items if isinstance(item, Batch) and item.kind is Kind.TRADE])
    assert trades.tolist() == list(range(30))
    assert sum(isinstance(item, Gap) for item in items) == 3
    assert chunks[-1].ended


def test_a_paced_tape_of_columns_tells_the_clock_only_when_all_before_it_is_out(columns: Path) -> None:
    now = [0]
    partition = ReplayedColumns("p", ColumnReader(columns), Pace(1.0, lambda: now[0]), 100, None)
    [first] = partition.next_batch()
    assert (first.rows, first.clock_ns) == (2, 0)
    now[0] = 9 * STEP_NS
    [rest] = partition.next_batch()
    assert rest.rows == 12
    assert rest.clock_ns == 9 * STEP_NS // CLOCK_GRID_NS * CLOCK_GRID_NS


def test_an_ended_tape_stays_ended(frames: Path, columns: Path) -> None:
    for partition in (
        ReplayedFrames("p", FrameReader(frames), Pace(math.inf), 5, ENDED),
        ReplayedColumns("p", ColumnReader(columns), Pace(math.inf), 5, ENDED),
    ):
        assert list(drain(partition)) == []
        assert partition.snapshot() == ENDED
        partition.close()


def test_a_stop_ends_the_source_and_not_the_tape(frames: Path) -> None:
    partition = ReplayedFrames("p", FrameReader(frames), Pace(math.inf), 5, None)
    partition.next_batch()
    STOP.set()
    try:
        with pytest.raises(StopIteration):
            partition.next_batch()
    finally:
        STOP.clear()
    assert partition.snapshot() == (5,)
