"""What a tape says of topics, and what of it is stored."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.inputs.kafka_clock import TopicClock
from connectors.inputs.kafka_position import Settling, reached_on
from connectors.tape.recorder import Recorder
from connectors.wire.kafka_marks import KAFKA_FEED, Reached, encode_mark
from scoring.records import CLOCK_GRID_NS

A, B = ("t", 0), ("t", 1)


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    made = Recorder(tmp_path / "frames" / "live", clock=lambda: 0)
    yield made
    made.close()


def test_an_empty_tape_says_nothing(recorder: Recorder) -> None:
    assert reached_on(recorder) == ({}, 0)


@pytest.mark.parametrize("between", [0, 10, 9_000])
def test_the_newest_marks_are_found_however_far_back(recorder: Recorder, between: int) -> None:
    first, last = {A: Reached(1, {}), B: Reached(1, {})}, {B: Reached(5, {})}
    marks = [(first, True), ({A: Reached(2, {"p": 4})}, False), ({A: Reached(3, {})}, True), (last, False)]
    for at_ns, (partitions, whole) in enumerate(marks, 10):
        recorder.put_many(at_ns, "binance", [b"x"] * between)
        recorder.put(at_ns, KAFKA_FEED, encode_mark(partitions, whole))
    recorder.put_many(99, "binance", [b"x"] * between)
    recorder.flush()
    assert reached_on(recorder) == ({A: Reached(3, {}), B: Reached(5, {})}, 13)


def test_what_is_below_a_stored_row_may_be_committed() -> None:
    settling = Settling(marks=5)
    settling.put({A: Reached(1, {})})
    settling.put({A: Reached(2, {}), B: Reached(9, {})})
    settling.on_tape(5, 100)
    assert settling.stored(1_000) == {}, "not on the tape yet"
    settling.on_tape(6, 110)
    settling.on_tape(7, 120)
    assert settling.stored(109) == {}
    assert settling.stored(110) == {A: Reached(1, {})}
    settling.drop(B)
    assert settling.stored(500) == {A: Reached(2, {})}
    assert settling.stored(500) == {}


@pytest.mark.parametrize("count", [5_000, 5_001])
def test_where_nothing_is_ever_stored_memory_is_bounded(count: int) -> None:
    settling = Settling(0)
    for number in range(1, count + 1):
        settling.put({A: Reached(number, {})})
        settling.on_tape(number, number * 10)
    assert len(settling._bounded) <= 1_025
    assert settling.stored(count * 10) == {A: Reached(count, {})}
    assert settling.stored(10**9) == {}


def test_the_clock_of_topics_stands_on_its_grid_and_never_goes_back() -> None:
    clock = TopicClock(lambda: 99)
    assert (clock(), clock.wall()) == (0, 99)
    clock.move(CLOCK_GRID_NS * 3 + 7)
    assert clock() == CLOCK_GRID_NS * 3
    clock.move(5)
    assert clock() == CLOCK_GRID_NS * 3
