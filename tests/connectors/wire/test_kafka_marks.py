"""How far topics are read: each message once, remembered within bounds, written and read back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from connectors.wire.kafka_marks import (
    Mark,
    Place,
    Progress,
    Reached,
    Runs,
    decode,
    decode_mark,
    decode_seen,
    encode_mark,
    encode_seen,
    fold,
)

ONE, TWO = ("trades", 0), ("trades", 1)


def test_a_message_is_taken_once() -> None:
    progress = Progress()
    assert [progress.take(ONE, offset, "", -1) for offset in (0, 1, 1, 0, 5)] == [True, True, False, False, True]
    assert progress.reached[ONE].offset == 6


def test_what_a_producer_says_again_is_known_by_its_row() -> None:
    progress = Progress()
    rows = [3, 4, 7, 4, 7, 8, 8]
    assert [progress.take(ONE, offset, "a", row) for offset, row in enumerate(rows)] == [True, True, True, False, False, True, False]
    assert progress.take(ONE, 10, "b", 3), "another producer counts by itself"
    assert progress.take(TWO, 0, "a", 3), "and so does another partition"


@settings(max_examples=60)
@given(some.lists(some.integers(0, 40), max_size=60), some.lists(some.integers(0, 59), max_size=4))
def test_said_again_from_anywhere_the_rows_are_those_said_once(steps: list[int], kills: list[int]) -> None:
    said = sorted(set(steps))
    log = list(said)
    for kill in kills:  # the producer goes back and says everything from there on again
        log += said[min(kill, len(said)) :]
    progress = Progress()
    assert [row for offset, row in enumerate(log) if progress.take(ONE, offset, "a", row)] == said


def test_the_producer_longest_silent_is_forgotten() -> None:
    progress = Progress(producers=2)
    for offset, producer in enumerate(["a", "b", "a", "c"]):
        progress.take(ONE, offset, producer, offset)
    assert progress.reached[ONE].seen == {"a": 2, "c": 3}


def test_marks_hold_what_has_moved_and_fold_to_what_was_reached() -> None:
    progress = Progress()
    marks: list[bytes] = []
    for step in range(9):
        progress.take(ONE if step % 2 else TWO, step, "a", step)
        whole = step % 4 == 0
        marks.append(encode_mark(progress.whole() if whole else progress.moved(), whole))
        if whole:
            progress.moved()
    assert fold(decode_mark(mark) for mark in reversed(marks)) == progress.reached
    assert fold([]) == {}
    assert fold(decode_mark(mark) for mark in reversed(marks[5:7])) == {ONE: Reached(6, {"a": 5}), TWO: Reached(7, {"a": 6})}


def test_what_is_given_out_does_not_change_later() -> None:
    progress = Progress()
    progress.take(ONE, 0, "a", 0)
    before = progress.whole()
    progress.take(ONE, 1, "a", 1)
    assert before == {ONE: Reached(1, {"a": 0})}
    assert progress.moved() == progress.reached
    assert progress.moved() == {}


def test_partitions_come_and_go() -> None:
    progress = Progress()
    progress.place(ONE, Reached(12, {"a": 4}))
    assert not progress.take(ONE, 11, "", -1)
    progress.drop(ONE)
    progress.drop(TWO)
    assert progress.whole() == progress.moved() == {}


def test_a_broker_keeps_what_was_seen_beside_an_offset() -> None:
    assert decode_seen(encode_seen(Reached(1, {"a": 4, "b": 0}))) == {"a": 4, "b": 0}
    assert decode_seen("[") == {}


def test_frames_of_marks_carry_no_record() -> None:
    payloads = [encode_mark({ONE: Reached(1, {})}, True), b"oops"]
    decoded = decode(payloads, np.array([1, 2]), np.array([10, 11]))
    assert (decoded.ignored, decoded.frames()) == (1, 2)
    assert decoded.rejects[0].position == 11
    with pytest.raises(ValueError, match="not a mark of topics"):
        decode_mark(b'{"whole":true,"partitions":[],"more":1}')
    assert decode_mark(payloads[0]) == Mark(True, [("trades", 0, Reached(1, {}))])


@settings(max_examples=60)
@given(some.lists(some.tuples(some.sampled_from([ONE, TWO]), some.integers(0, 5), some.sampled_from([0, 0, 7]))))
def test_a_mark_tells_where_each_frame_before_it_was_read(frames: list[tuple[Place, int, int]]) -> None:
    runs = Runs()
    for place, offset, ingested_ns in frames:
        runs.add(place, offset, ingested_ns)
    mark = decode_mark(encode_mark({TWO: Reached(9), ONE: Reached(9)}, False, runs))
    told = [
        ((topic, number), run.offset + step, run.ingested_ns)
        for run in mark.runs
        for topic, number, _ in [mark.partitions[run.partition]]
        for step in range(run.count)
    ]
    assert told == frames


def test_frames_that_follow_each_other_in_a_partition_are_one_run() -> None:
    runs = Runs()
    for place, offset in ((ONE, 4), (ONE, 5), (TWO, 0), (ONE, 6)):
        runs.add(place, offset)
    assert encode_mark({ONE: Reached(7), TWO: Reached(1)}, True, runs).endswith(b'"runs":[[0,4,2,0],[1,0,1,0],[0,6,1,0]]}')
