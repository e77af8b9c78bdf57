"""Where the tape says the topics were read to, and which of it is stored.

Marks go on the tape with the events they stand for (`connectors.wire.kafka_marks`). Looking back from the end finds where to read
on; knowing which tape row a mark was below finds what may be told to the brokers, once that row's results are stored.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import chain
from typing import Final

from connectors.tape.frames import FrameChunk
from connectors.tape.recorder import Recorder
from connectors.wire.kafka_marks import KAFKA_FEED, Mark, Place, Reached, decode_mark, fold
from scoring.errors import SessionError

_FIRST_LOOK: Final = 4_096
_LONGEST_LOOK: Final = 1 << 17
_MOST_WAITING: Final = 1_024


def reached_on(recorder: Recorder) -> tuple[dict[Place, Reached], int]:
    """Find how far the topics are on the tape, and when its newest mark was made (ns UTC, 0 without one).

    Raises:
        SessionError: a mark cannot be read.
    """
    marks = _marks_back(recorder)
    newest = next(marks, None)
    if newest is None:
        return {}, 0
    return fold(chain([newest[1]], (mark for _, mark in marks))), newest[0]


def _marks_back(recorder: Recorder) -> Iterator[tuple[int, Mark]]:
    end, first, size = recorder.end_row, recorder.first_row, _FIRST_LOOK
    while end > first:
        start = max(first, end - size)
        chunks = list(_chunks(recorder, start, end))
        for chunk in reversed(chunks):
            for index in reversed(chunk.rows_of(KAFKA_FEED).tolist()):
                yield int(chunk.received_ns[index]), _mark(chunk, index)
        end, size = start, min(size * 2, _LONGEST_LOOK)


def _chunks(recorder: Recorder, row: int, end: int) -> Iterator[FrameChunk]:
    while row < end and (chunk := recorder.read(row, end - row)) is not None:
        yield chunk
        row += len(chunk)


def _mark(chunk: FrameChunk, index: int) -> Mark:
    try:
        return decode_mark(chunk.payloads[index])
    except ValueError as error:
        raise SessionError(f"row {chunk.first_row + index} of the tape: {error}, expected how far topics are read: restore it") from error


class Settling:
    """What has been put on the tape and is not stored yet, oldest first. One thread."""

    def __init__(self, marks: int) -> None:
        """Start with so many marks on the tape already."""
        self._put = marks
        self._waiting: deque[tuple[int, dict[Place, Reached]]] = deque()
        self._bounded: deque[tuple[int, dict[Place, Reached]]] = deque()

    def put(self, moved: dict[Place, Reached]) -> None:
        """Note that one more mark was put in."""
        self._put += 1
        self._waiting.append((self._put, moved))

    def on_tape(self, marks: int, end_row: int) -> None:
        """Note that so many marks are on the tape, which ends before `end_row`; ask for the marks first."""
        while self._waiting and self._waiting[0][0] <= marks:
            self._bounded.append((end_row, self._waiting.popleft()[1]))
        if len(self._bounded) > _MOST_WAITING:  # nobody says what is stored: coarser steps, and no more memory
            pairs = list(self._bounded)
            self._bounded = deque((later[0], earlier[1] | later[1]) for earlier, later in zip(pairs[::2], pairs[1::2], strict=False))
            if len(pairs) % 2:
                self._bounded.append(pairs[-1])

    def stored(self, row: int) -> dict[Place, Reached]:
        """Give how far each partition may be committed now that everything before a row is stored."""
        ready: dict[Place, Reached] = {}
        while self._bounded and self._bounded[0][0] <= row:
            ready |= self._bounded.popleft()[1]
        return ready

    def drop(self, place: Place) -> None:
        """Forget a partition that somebody else reads now."""
        for _, moved in (*self._waiting, *self._bounded):
            moved.pop(place, None)
