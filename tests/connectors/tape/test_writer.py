"""Writing frames: in order, once, on the disk when it is said so."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.tape.frames import segments
from connectors.tape.reader import FrameReader
from connectors.tape.writer import FrameWriter, SegmentSettings, Sync
from scoring.duration import Duration
from scoring.errors import ResourceError, SessionError

steps = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(0, 100), st.sampled_from("abc"), st.binary(max_size=4)),
        st.sampled_from([("commit",), ("seal",), ("read",), ("reopen",), ("crash",)]),
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(steps, st.sampled_from([1, 3, 1000]))
def test_any_course_of_events_gives_the_frames_in_order(course: list[tuple[object, ...]], segment_rows: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        chosen = SegmentSettings(rows=segment_rows, sync=Sync.NEVER)
        writer, reader = FrameWriter(folder, settings=chosen), FrameReader(folder)
        committed: list[tuple[int, str, bytes]] = []
        pending: list[tuple[int, str, bytes]] = []
        seen: list[tuple[int, str, bytes]] = []

        def take_over() -> None:
            for received_ns, feed, payload in pending:
                committed.append((max(received_ns, committed[-1][0] if committed else received_ns), feed, payload))
            pending.clear()

        for step in course:
            match step:
                case ("append", int(received_ns), str(feed), bytes(payload)):
                    writer.append(received_ns, feed, payload)
                    pending.append((received_ns, feed, payload))
                case ("commit",):
                    writer.commit()
                    take_over()
                case ("seal",):
                    writer.seal()
                case ("reopen",):
                    writer.close()
                    take_over()
                    writer = FrameWriter(folder, settings=chosen)
                case ("crash",):  # what was appended and not committed is gone
                    writer.abandon()
                    pending.clear()
                    writer = FrameWriter(folder, settings=chosen)
                case _:
                    while (chunk := reader.read(len(seen), 2)) is not None:
                        seen += [(int(chunk.received_ns[at]), chunk.feed(at), chunk.payloads[at]) for at in range(len(chunk))]
                    assert seen == committed
        writer.close()
        take_over()
        while (chunk := reader.read(len(seen), 7)) is not None:
            seen += [(int(chunk.received_ns[at]), chunk.feed(at), chunk.payloads[at]) for at in range(len(chunk))]
        assert seen == committed
        assert writer.counts == {feed: sum(row[1] == feed for row in committed) for feed in {row[1] for row in committed}}
        reader.close()


def test_a_commit_gives_what_it_wrote(tmp_path: Path) -> None:
    writer = FrameWriter(tmp_path)
    assert writer.commit() is None
    writer.append(5, "a", b"x", b"y")
    chunk = writer.commit()
    assert chunk is not None
    assert (chunk.first_row, chunk.payloads, chunk.received_ns.tolist(), writer.end_row) == (0, [b"x", b"y"], [5, 5], 2)
    writer.close()


def test_stamps_never_go_back_not_even_over_a_restart(tmp_path: Path) -> None:
    writer = FrameWriter(tmp_path)
    writer.extend(np.array([5, 3, 9]), "a", [b"", b"", b""])
    writer.close()
    assert writer.clamped == 1
    writer = FrameWriter(tmp_path)
    writer.append(7, "a", b"")
    chunk = writer.commit()
    writer.close()
    assert chunk is not None
    assert (chunk.received_ns.tolist(), writer.clamped) == ([9], 1)


def test_feeds_are_counted_over_restarts(tmp_path: Path) -> None:
    for _ in range(3):
        writer = FrameWriter(tmp_path)
        writer.append(1, "a", b"1", b"2")
        writer.append(1, "b", b"3")
        writer.close()
    with closing(FrameWriter(tmp_path)) as writer:
        assert writer.counts == {"a": 6, "b": 3}


@pytest.mark.parametrize(
    "chosen",
    [SegmentSettings(rows=10), SegmentSettings(bytes=1), SegmentSettings(age=Duration(0))],
    ids=["rows", "bytes", "age"],
)
def test_a_full_segment_is_sealed_and_the_next_begins(tmp_path: Path, chosen: SegmentSettings) -> None:
    writer = FrameWriter(tmp_path, settings=chosen)
    for row in range(30):
        writer.append(row, "a", b"x")
        if row % 10 == 9:
            writer.commit()
    writer.close()
    assert [(segment.first_row, segment.is_open) for segment in segments(tmp_path)] == [(0, False), (10, False), (20, False)]


def test_a_start_row_numbers_an_empty_partition_and_guards_a_full_one(tmp_path: Path) -> None:
    writer = FrameWriter(tmp_path, start_row=1000)
    writer.append(1, "a", b"x")
    writer.close()
    with closing(FrameWriter(tmp_path, start_row=1001)) as writer:
        assert writer.end_row == 1001
    with pytest.raises(SessionError, match="ends before row 1001, expected row 7"):
        FrameWriter(tmp_path, start_row=7)


@pytest.mark.parametrize("sync", list(Sync))
def test_every_way_to_sync_writes_the_same(tmp_path: Path, sync: Sync) -> None:
    writer = FrameWriter(tmp_path, settings=SegmentSettings(sync=sync, sync_interval=Duration(0)))
    writer.append(1, "a", b"x")
    writer.commit()
    with closing(FrameReader(tmp_path)) as reader:
        chunk = reader.read(0, 10)
    assert chunk is not None
    assert chunk.payloads == [b"x"]
    writer.close()


def test_a_folder_that_cannot_be_made_is_a_resource_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ResourceError, match="expected to write the tape"):
        FrameWriter(tmp_path / "file" / "partition")


def test_a_disk_that_refuses_is_a_resource_error(tmp_path: Path) -> None:
    writer = FrameWriter(tmp_path / "partition")
    (tmp_path / "partition").rmdir()
    writer.append(1, "a", b"x")
    with pytest.raises(ResourceError, match="expected to write the tape"):
        writer.commit()
    writer.abandon()


def test_a_hole_in_what_is_there_is_refused(tmp_path: Path) -> None:
    writer = FrameWriter(tmp_path, settings=SegmentSettings(rows=1))
    for row in range(3):
        writer.append(row, "a", b"x")
        writer.commit()
    writer.close()
    (tmp_path / "000000000001.parquet").unlink()
    with pytest.raises(SessionError, match="expected row 1 on"):
        FrameWriter(tmp_path)
