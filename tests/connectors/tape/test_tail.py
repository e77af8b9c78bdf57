"""The tail: the newest frames, as much as fits."""

from __future__ import annotations

import numpy as np

from connectors.tape.frames import FrameChunk
from connectors.tape.tail import Tail


def chunk(first_row: int, rows: int, size: int = 1) -> FrameChunk:
    return FrameChunk(first_row, np.arange(first_row, first_row + rows), np.zeros(rows, np.int32), ("a",), [b"x" * size] * rows)


def test_any_held_row_can_be_read_across_chunks() -> None:
    tail = Tail(100, 1000)
    for first_row in (10, 13, 16):
        tail.add(chunk(first_row, 3))
    for row in range(10, 19):
        found = tail.read(row, 4)
        assert found is not None
        assert found.received_ns.tolist() == list(range(row, min(row + 4, 19)))
    assert tail.read(9, 1) is None
    assert tail.read(19, 1) is None


def test_the_oldest_go_when_there_are_too_many_rows() -> None:
    tail = Tail(5, 1000)
    for first_row in (0, 3, 6):
        tail.add(chunk(first_row, 3))
    assert tail.read(5, 1) is None
    assert tail.read(6, 9) is not None


def test_the_oldest_go_when_there_are_too_many_bytes() -> None:
    tail = Tail(100, 50)
    tail.add(chunk(0, 3, size=10))
    tail.add(chunk(3, 3, size=10))
    assert tail.read(0, 1) is None
    assert tail.read(3, 1) is not None


def test_the_newest_chunk_stays_however_large_it_is() -> None:
    tail = Tail(1, 1)
    tail.add(chunk(0, 3, size=10))
    found = tail.read(0, 10)
    assert found is not None
    assert len(found) == 3


def test_an_empty_tail_holds_nothing() -> None:
    assert Tail(1, 1).read(0, 1) is None


def test_what_lies_before_a_row_is_forgotten() -> None:
    tail = Tail(9, 1000)
    for first_row in (0, 3, 6):
        tail.add(chunk(first_row, 3))
    tail.forget(4)
    assert tail.read(2, 1) is None
    found = tail.read(3, 9)
    assert found is not None
    assert found.received_ns.tolist() == [3, 4, 5, 6, 7, 8]


def test_what_was_forgotten_leaves_room() -> None:
    tail = Tail(6, 60)
    for first_row in (0, 3):
        tail.add(chunk(first_row, 3, size=10))
    tail.forget(5)
    tail.add(chunk(6, 3, size=10))
    assert tail.read(3, 1) is not None


def test_forgetting_more_than_is_held_keeps_the_newest() -> None:
    tail = Tail(9, 1000)
    tail.forget(7)
    tail.add(chunk(0, 3))
    tail.add(chunk(3, 3))
    tail.forget(99)
    assert tail.read(2, 1) is None
    assert tail.read(5, 1) is not None
