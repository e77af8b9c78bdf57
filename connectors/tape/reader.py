"""The reader of a partition: frames from any row on, across segments, also while a writer is at it.

A reader keeps one piece at a time (a row group of a sealed segment, a few record batches of an open one) and cuts what is asked
for out of it, so memory is bounded and any size of chunk may be asked for. It never sees half a record batch, and never notices
when the segment under it is sealed: what it has open stays readable.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from pathlib import Path
from typing import Final, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.tape.frames import FrameChunk, Segment, concatenate, from_arrow, segments
from connectors.tape.messages import MessageScanner
from connectors.tape.seal import sealed_rows, whole_rows
from scoring.errors import SessionError

_PIECE_ROWS: Final = 1 << 14
"""Rows after which no further record batch of an open segment joins a piece."""


class FrameReader:
    """Reads one partition. Not for several threads at once."""

    def __init__(self, folder: Path) -> None:
        """Look at a partition; a missing folder is one without frames."""
        self._folder = folder
        self._source: _Source | None = None
        self._piece: FrameChunk | None = None

    @property
    def first_row(self) -> int:
        """The oldest row that is still held; 0 on an empty partition."""
        held = segments(self._folder)
        return held[0].first_row if held else 0

    @property
    def end_row(self) -> int:
        """The row after the newest whole one."""
        held = segments(self._folder)
        if not held:
            return 0
        rows = sealed_rows(held[-1].sealed_path) if held[-1].is_sealed else None
        return held[-1].first_row + (whole_rows(held[-1].open_path) if rows is None else rows)

    def read(self, row: int, max_rows: int) -> FrameChunk | None:
        """Give `max_rows` frames from `row` on, fewer only at the end of the tape, None where there is none (yet).

        Raises:
            SessionError: a segment is broken, or the row is older than what is held.
        """
        pieces: list[FrameChunk] = []
        while max_rows > 0 and (piece := self._piece_with(row)) is not None:
            start = row - piece.first_row
            pieces.append(piece.slice(start, start + max_rows))
            row += len(pieces[-1])
            max_rows -= len(pieces[-1])
        return concatenate(pieces) if pieces else None

    def close(self) -> None:
        """Let go of the files."""
        if self._source is not None:
            self._source.close()
        self._source = self._piece = None

    def _piece_with(self, row: int) -> FrameChunk | None:
        if self._piece is not None and self._piece.first_row <= row < self._piece.end_row:
            return self._piece
        try:
            piece = self._source.piece(row) if self._source is not None else None
            if piece is None and self._turn_to(row) and self._source is not None:
                piece = self._source.piece(row)
        except (pa.ArrowException, OSError) as error:
            raise _broken(self._folder, row, error) from error
        self._piece = piece or self._piece
        return piece

    def _turn_to(self, row: int) -> bool:
        """Open the segment that holds a row, if it is not the one already open; say whether there is more to read than before."""
        while True:
            held = segments(self._folder)
            index = bisect_right(held, row, key=lambda segment: segment.first_row) - 1
            if index < 0:
                if held:
                    raise SessionError(f"{self._folder}: begins with row {held[0].first_row}, expected row {row}: start from its beginning")
                return False
            if self._source is not None and self._source.first_row == held[index].first_row:
                if index + 1 == len(held):
                    return False
                # Another one follows, so by now it has grown to its end: perhaps after it was looked at.
                if self._source.piece(row) is None:
                    raise SessionError(f"{self._folder}: row {row} is missing between two segments: restore the files")
                return True
            try:
                source = _open(held[index])
            except FileNotFoundError:
                continue  # sealed since the folder was listed
            self.close()
            self._source = source
            return True


class _Source(Protocol):
    """One segment, open or sealed."""

    first_row: int

    def piece(self, row: int) -> FrameChunk | None:
        """Give a piece that holds the row."""

    def close(self) -> None:
        """Let go of the files."""


class _Sealed:
    """A Parquet segment, by row group."""

    def __init__(self, segment: Segment) -> None:
        self.first_row = segment.first_row
        self._file = pq.ParquetFile(segment.sealed_path, read_dictionary=["feed"], memory_map=True)
        metadata = self._file.metadata
        groups = (metadata.row_group(group).num_rows for group in range(metadata.num_row_groups))
        self._starts = list(accumulate(groups, initial=segment.first_row))

    def piece(self, row: int) -> FrameChunk | None:
        if not self._starts[0] <= row < self._starts[-1]:
            return None
        group = bisect_right(self._starts, row) - 1
        return from_arrow(self._starts[group], self._file.read_row_group(group, use_threads=False).to_batches())

    def close(self) -> None:
        self._file.close()


class _Open:
    """An Arrow stream, which may still grow."""

    def __init__(self, segment: Segment) -> None:
        self.first_row = segment.first_row
        self._file = pa.OSFile(str(segment.open_path), "rb")
        self._scanner = MessageScanner(segment.open_path)
        self._starts = [segment.first_row]
        self._stream: pa.RecordBatchReader | None = None
        self._next = 0

    def piece(self, row: int) -> FrameChunk | None:
        if row >= self._starts[-1]:
            self._starts += list(accumulate(self._scanner.advance(), initial=self._starts.pop()))
        if not self.first_row <= row < self._starts[-1]:
            return None
        wanted = bisect_right(self._starts, row) - 1
        if self._stream is None or wanted < self._next:
            self._file.seek(0)
            self._stream, self._next = pa.ipc.open_stream(self._file), 0
        while self._next < wanted:
            self._stream.read_next_batch()
            self._next += 1
        batches = [self._stream.read_next_batch()]
        self._next += 1
        while self._next + 1 < len(self._starts) and self._starts[self._next + 1] - self._starts[wanted] <= _PIECE_ROWS:
            batches.append(self._stream.read_next_batch())
            self._next += 1
        return from_arrow(self._starts[wanted], batches)

    def close(self) -> None:
        self._scanner.close()
        self._file.close()


def _open(segment: Segment) -> _Source:
    if segment.is_sealed and (not segment.is_open or sealed_rows(segment.sealed_path) is not None):
        return _Sealed(segment)
    return _Open(segment)


def _broken(folder: Path, row: int, error: Exception) -> SessionError:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return SessionError(f"{folder}: the segment with row {row} is broken ({reason}), expected whole frames: restore the file")
