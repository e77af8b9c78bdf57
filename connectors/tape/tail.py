"""The newest frames of a partition, kept in memory, so that a flow at the live end need not ask the disk."""

from __future__ import annotations

from bisect import bisect_right

from connectors.tape.frames import FrameChunk, concatenate


class Tail:
    """Chunks that follow one another, bounded by rows and by bytes of payload; the oldest go first."""

    def __init__(self, rows: int, payload_bytes: int) -> None:
        """Take the bounds; the newest chunk is kept even where it alone is over them."""
        self._most_rows, self._most_bytes = rows, payload_bytes
        self._chunks: list[FrameChunk] = []
        self._starts: list[int] = []
        self._sizes: list[int] = []
        self._rows = self._bytes = 0

    def add(self, chunk: FrameChunk) -> None:
        """Take the chunk that follows the last one."""
        size = sum(map(len, chunk.payloads))
        self._chunks.append(chunk)
        self._starts.append(chunk.first_row)
        self._sizes.append(size)
        self._rows += len(chunk)
        self._bytes += size
        dropped = 0
        while dropped < len(self._chunks) - 1 and (self._rows > self._most_rows or self._bytes > self._most_bytes):
            self._rows -= len(self._chunks[dropped])
            self._bytes -= self._sizes[dropped]
            dropped += 1
        del self._chunks[:dropped], self._starts[:dropped], self._sizes[:dropped]

    def forget(self, row: int) -> None:
        """Let go of the chunks before the one that holds a row; whoever wants them again finds them on the disk."""
        dropped = max(bisect_right(self._starts, row) - 1, 0)
        self._rows -= sum(map(len, self._chunks[:dropped]))
        self._bytes -= sum(self._sizes[:dropped])
        del self._chunks[:dropped], self._starts[:dropped], self._sizes[:dropped]

    def read(self, row: int, max_rows: int) -> FrameChunk | None:
        """Give at most `max_rows` frames from `row` on, None where that row is not held."""
        index = bisect_right(self._starts, row) - 1
        if index < 0 or row >= self._chunks[-1].end_row:
            return None
        pieces: list[FrameChunk] = []
        while max_rows > 0 and index < len(self._chunks):
            start = row - self._starts[index]
            pieces.append(self._chunks[index].slice(start, start + max_rows))
            row += len(pieces[-1])
            max_rows -= len(pieces[-1])
            index += 1
        return concatenate(pieces) if pieces else None
