"""An old tape, handed on at a chosen speed: frames as they were received, or columns decoded once before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

import numpy as np

from connectors.inputs.pace import Pace
from connectors.inputs.source import ENDED, STOP, WAIT_SECONDS, Chunk, Position, TapePartition, passed_mark
from connectors.tape.columns import ColumnReader
from connectors.tape.frames import FrameChunk
from connectors.tape.reader import FrameReader
from scoring.records import Batch, Gap

Read = TypeVar("Read")


class _Ahead(Generic[Read]):
    """Reads the next piece of a tape while the flow works on this one: Parquet is unpacked outside the interpreter's lock."""

    def __init__(self, read: Callable[[int], Read | None], following: Callable[[int, Read], int]) -> None:
        """Take how a place is read (None: the end), and which place comes after it."""
        self._read, self._following = read, following
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="ahead")
        self._next: tuple[int, Future[Read | None]] | None = None

    def get(self, at: int) -> Read | None:
        """Give the piece at a place, and begin to read the one after it."""
        ahead, self._next = self._next, None
        found = ahead[1].result() if ahead is not None and ahead[0] == at else self._reader.submit(self._read, at).result()
        if found is not None:
            following = self._following(at, found)
            self._next = (following, self._reader.submit(self._read, following))
        return found

    def close(self) -> None:
        """Read no more."""
        self._reader.shutdown(wait=True, cancel_futures=True)


class _Replaying(TapePartition):
    """What both forms of tape share: stopping, waiting, and saying once that the tape has ended."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._last_ns = 0
        self._mark_ns = 0
        self._ended = False

    def next_batch(self) -> Sequence[Chunk]:
        """Hand on what is due; nothing after at most a millisecond if nothing is."""
        if STOP.is_set() or self._ended:
            raise StopIteration
        chunk = self._next_due()
        if chunk is None:
            STOP.wait(WAIT_SECONDS)
            return ()
        return (chunk,)

    def _next_due(self) -> Chunk | None:
        raise NotImplementedError

    def _end(self) -> Chunk:
        self._ended = True
        return Chunk(self._name, None, (), 0, self._last_ns, 0, ended=True)

    def _pass(self, last_ns: int) -> int:
        """Move the tape's time on and give the clock mark that was passed, or 0."""
        self._last_ns = max(self._last_ns, last_ns)
        mark_ns = passed_mark(self._last_ns, self._mark_ns)
        self._mark_ns = mark_ns or self._mark_ns
        return mark_ns


class ReplayedFrames(_Replaying):
    """Frames of an old tape."""

    def __init__(self, name: str, reader: FrameReader, pace: Pace, batch_rows: int, resume: Position | None) -> None:
        """Take at most `batch_rows` frames at once, from row `resume` on."""
        super().__init__(name)
        self._reader, self._pace = reader, pace
        self._ended = resume == ENDED
        self._row = resume[0] if resume else reader.first_row
        self._read: FrameChunk | None = None
        self._ahead = _Ahead(lambda row: reader.read(row, batch_rows), lambda row, frames: row + len(frames))

    def _next_due(self) -> Chunk | None:
        if self._read is None:
            self._read = self._ahead.get(self._row)
            if self._read is None:
                return self._end()
        ready = self._read
        due_ns = self._pace.due_ns(int(ready.received_ns[0]))
        count = int(np.searchsorted(ready.received_ns, due_ns, side="right"))
        if not count:
            return None
        due, self._read = (ready, None) if count == len(ready) else (ready.slice(0, count), ready.slice(count, len(ready)))
        self._row += count
        last_ns = int(due.received_ns[-1])
        return Chunk(self._name, due, (), count, last_ns, self._pass(last_ns))

    def snapshot(self) -> Position:
        """Give the next unread row."""
        return ENDED if self._ended else (self._row,)

    def close(self) -> None:
        """Let go of the files."""
        self._ahead.close()
        self._reader.close()


class ReplayedColumns(_Replaying):
    """Columns of an old tape, in chunks that hold at most one run of rows per kind and symbol."""

    def __init__(self, name: str, reader: ColumnReader, pace: Pace, batch_rows: int, resume: Position | None) -> None:
        """Take at most `batch_rows` rows of each kind and symbol at once, from `resume` on."""
        super().__init__(name)
        self._reader, self._pace, self._batch_rows = reader, pace, batch_rows
        self._ended = resume == ENDED
        self._chunk = resume[0] if resume else 0
        self._taken: list[int] = list(resume[1:]) if resume else []
        self._read: tuple[list[Batch | Gap], int] | None = None
        self._ahead = _Ahead(lambda chunk: reader.read(chunk) if chunk < reader.chunks else None, lambda chunk, _: chunk + 1)

    def _next_due(self) -> Chunk | None:
        if self._read is None:
            self._read = self._ahead.get(self._chunk)
            if self._read is None:
                return self._end()
            self._taken = self._taken or [0] * len(self._read[0])
        items, clock_ns = self._read
        due_ns = self._pace.due_ns(self._first_ns(items, clock_ns))
        taken, rows, whole, newest_ns = self._take(items, due_ns)
        if whole and clock_ns <= due_ns:
            self._read, self._taken, self._chunk = None, [], self._chunk + 1
            return Chunk(self._name, None, tuple(taken), rows, max(newest_ns, clock_ns), self._pass(max(newest_ns, clock_ns)))
        # The clock may pass a mark only when every row received before it has been handed on.
        return Chunk(self._name, None, tuple(taken), rows, max(newest_ns, self._last_ns), 0) if taken else None

    def _first_ns(self, items: list[Batch | Gap], clock_ns: int) -> int:
        """When the earliest row that is still to come was received."""
        pairs = zip(items, self._taken, strict=True)
        starts = [int(item["received_ns"][at]) for item, at in pairs if isinstance(item, Batch) and at < len(item)]
        return min(starts, default=clock_ns)

    def _take(self, items: list[Batch | Gap], due_ns: int) -> tuple[list[Batch | Gap], int, bool, int]:
        """Cut what is due off every batch; gaps stand before the rows of their chunk and are due with them."""
        taken: list[Batch | Gap] = []
        rows, whole, newest_ns = 0, True, 0
        for index, item in enumerate(items):
            start = self._taken[index]
            if isinstance(item, Gap):
                if not start:
                    taken.append(item)
                    self._taken[index] = 1
                continue
            stop = min(int(np.searchsorted(item["received_ns"], due_ns, side="right")), start + self._batch_rows)
            whole = whole and stop == len(item)
            if stop > start:
                taken.append(item.slice(start, stop))
                self._taken[index] = stop
                rows += stop - start
                newest_ns = max(newest_ns, int(item["received_ns"][stop - 1]))
        return taken, rows, whole, newest_ns

    def snapshot(self) -> Position:
        """Give the chunk and how far each of its batches was handed on."""
        return ENDED if self._ended else (self._chunk, *self._taken)

    def close(self) -> None:
        """Let go of the files."""
        self._ahead.close()
        self._reader.close()
