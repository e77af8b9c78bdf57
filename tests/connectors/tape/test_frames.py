"""Chunks of frames: cutting and joining them changes nothing."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from connectors.tape.frames import FrameChunk, concatenate, from_arrow, segment_at, segments, to_arrow

frames = st.lists(
    st.tuples(st.integers(-(1 << 63), (1 << 63) - 1), st.sampled_from("abcd"), st.binary(max_size=5)), min_size=1, max_size=30
)


def chunk(rows: list[tuple[int, str, bytes]], first_row: int = 0) -> FrameChunk:
    names = tuple(dict.fromkeys(feed for _, feed, _ in rows))
    received_ns = np.array([received for received, _, _ in rows], np.int64)
    return FrameChunk(
        first_row, received_ns, np.array([names.index(feed) for _, feed, _ in rows], np.int32), names, [row[2] for row in rows]
    )


def rows(frames: FrameChunk) -> list[tuple[int, str, bytes]]:
    return [(int(frames.received_ns[at]), frames.feed(at), frames.payloads[at]) for at in range(len(frames))]


@given(frames, st.lists(st.integers(0, 30)))
def test_cut_and_joined_again_is_the_same(content: list[tuple[int, str, bytes]], cuts: list[int]) -> None:
    bounds = sorted({0, len(content), *(cut for cut in cuts if cut < len(content))})
    # Each piece has names of its own, so joining has to bring them together.
    pieces = [chunk(content[start:stop], 7 + start) for start, stop in itertools.pairwise(bounds)]
    joined = concatenate(pieces)
    assert rows(joined) == content
    assert (joined.first_row, joined.end_row) == (7, 7 + len(content))


@given(frames)
def test_arrow_keeps_every_bit(content: list[tuple[int, str, bytes]]) -> None:
    assert rows(from_arrow(3, [to_arrow(chunk(content))])) == content


def test_rows_of_a_feed_are_found_without_a_loop() -> None:
    content = chunk([(1, "a", b"x"), (2, "b", b"y"), (3, "a", b"z")])
    assert content.rows_of("a").tolist() == [0, 2]
    assert content.rows_of("unknown").tolist() == []


def test_a_slice_knows_its_rows() -> None:
    part = chunk([(1, "a", b"x"), (2, "b", b"y"), (3, "a", b"z")], 10).slice(1, 3)
    assert (part.first_row, part.end_row, rows(part)) == (11, 13, [(2, "b", b"y"), (3, "a", b"z")])


def test_segments_are_listed_by_their_rows(tmp_path: Path) -> None:
    for name in ("000000000020.arrow", "000000000003.parquet", "000000000003.arrow", "000000000003.tmp", "notes.txt"):
        (tmp_path / name).touch()
    assert [(segment.first_row, segment.is_open, segment.is_sealed) for segment in segments(tmp_path)] == [
        (3, True, True),
        (20, True, False),
    ]
    assert segments(tmp_path / "missing") == []
    assert segment_at(tmp_path, 3).sealed_path == segments(tmp_path)[0].sealed_path
