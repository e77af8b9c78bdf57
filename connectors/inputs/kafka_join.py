"""One tape out of those of a group's members: each event once, in the order in which a single reader would have had them.

Every member of a group has a tape of its own. One that hands a partition over hands over exactly; one that is killed cannot say how
far it was, so what it had read since its last commit is read again by whoever takes over and stands on two tapes, and windows at that
border are split over two archives. The marks on the tapes say from which offset each event was read (`connectors.wire.kafka_marks`),
and when it was ingested. So the tapes join to the tape that one reader of all partitions would have written, and a replay of it
gives the rows as if nobody had died. In memory are some 100 bytes an event; payloads are read again in pieces.
"""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from connectors.tape.frames import FrameChunk
from connectors.tape.reader import FrameReader
from connectors.tape.writer import FrameWriter
from connectors.wire.gap import GAP_FEED
from connectors.wire.kafka_marks import KAFKA_FEED, Mark, Place, decode_mark
from scoring.errors import SessionError
from scoring.records import CLOCK_FEED

_PIECE_ROWS: Final = 65_536
_CLOCK, _OWN = -2, -1
"""Standing in for a place: marks of the clock, and what a member itself has put on its tape."""

_Column: TypeAlias = NDArray[np.int64]


class Joined(msgspec.Struct, frozen=True):
    """What came together."""

    events: int
    """Each once."""
    doubled: int
    """So many more stood on the tapes."""


class _Rows:
    """Every frame of one tape: where it comes from, when it was ingested, its row."""

    def __init__(self) -> None:
        self.stamps, self.places, self.offsets, self.rows = array("q"), array("q"), array("q"), array("q")

    def add(self, stamp_ns: int, place: int, offset: int, row: int) -> None:
        self.stamps.append(stamp_ns)
        self.places.append(place)
        self.offsets.append(offset)
        self.rows.append(row)


def join(tapes: Sequence[Path], into: Path) -> Joined:
    """Write the partition folders `tapes` (`<session>/frames/<name>`) as one, into a new folder.

    Raises:
        SessionError: a tape does not say where its events come from.
        ResourceError: the disk refuses.
    """
    readers = [FrameReader(tape) for tape in tapes]
    try:
        numbers: dict[Place, int] = {}
        surveys = [_survey(reader, tape, numbers) for reader, tape in zip(readers, tapes, strict=True)]
        stamps, members, rows, joined = _ordered(surveys, numbers)
        writer = FrameWriter(into)
        for start in range(0, len(stamps), _PIECE_ROWS):
            piece = slice(start, start + _PIECE_ROWS)
            _copy(readers, stamps[piece], members[piece], rows[piece], writer)
        writer.close()
    finally:
        for reader in readers:
            reader.close()
    return joined


def _survey(reader: FrameReader, tape: Path, numbers: dict[Place, int]) -> _Rows:
    """Note every frame of a tape; `numbers` are those of the places, and grow."""
    found = _Rows()
    pending: list[tuple[int, int, str]] = []
    for chunk in _chunks(reader):
        stamps = chunk.received_ns.tolist()
        for index, code in enumerate(chunk.codes.tolist()):
            feed, row = chunk.names[code], chunk.first_row + index
            if feed == CLOCK_FEED:
                found.add(stamps[index], _CLOCK, stamps[index], row)
            elif feed == KAFKA_FEED:
                _place(pending, _mark(tape, chunk, index), numbers, found, tape)
                pending.clear()
            else:
                pending.append((row, stamps[index], feed))
    _place(pending, Mark(False, []), numbers, found, tape)
    return found


def _place(pending: list[tuple[int, int, str]], mark: Mark, numbers: dict[Place, int], found: _Rows, tape: Path) -> None:
    """Note frames that a mark stands behind."""
    sources: list[tuple[int, int, int]] = []
    for run in mark.runs:
        topic, number, _ = mark.partitions[run.partition]
        place = numbers.setdefault((topic, number), len(numbers))
        sources += [(place, offset, run.ingested_ns) for offset in range(run.offset, run.offset + run.count)]
    unknown = max(0, len(pending) - len(sources))
    for row, stamp_ns, feed in pending[:unknown]:
        if feed != GAP_FEED:
            expected = "a member's tape of topics, written by this version: replay it by itself"
            raise SessionError(f"{tape}: row {row} does not say which offset it was read from, expected {expected}")
        found.add(stamp_ns, _OWN, len(found.rows), row)
    told = pending[unknown:]  # where retention has cut the tape between frames and their mark, the mark tells of more
    for (row, stamp_ns, _), (place, offset, ingested_ns) in zip(told, sources[len(sources) - len(told) :], strict=True):
        found.add(ingested_ns or stamp_ns, place, offset, row)


def _ordered(surveys: Sequence[_Rows], numbers: dict[Place, int]) -> tuple[_Column, _Column, _Column, Joined]:
    """Give stamp, tape and row of each frame that goes on the joined tape, in its order.

    As one reader orders them: by the instant of ingestion, then by partition; inside a partition by offset, where one that was
    stamped before its predecessor is as old as that.
    """
    rank = {numbers[place]: number for number, place in enumerate(sorted(numbers))} | {_CLOCK: _CLOCK, _OWN: _OWN}
    stamps = _column([each.stamps for each in surveys])
    places = np.array([rank[place] for each in surveys for place in each.places], np.int64)
    offsets = _column([each.offsets for each in surveys])
    rows = _column([each.rows for each in surveys])
    members = np.repeat(np.arange(len(surveys), dtype=np.int64), [len(each.rows) for each in surveys])

    offsets = np.where(places == _OWN, offsets * len(surveys) + members, offsets)  # no two of these are the same
    by_offset = np.lexsort((stamps, offsets, places))
    places, offsets = places[by_offset], offsets[by_offset]
    is_new = np.ones(len(by_offset), bool)
    is_new[1:] = (places[1:] != places[:-1]) | (offsets[1:] != offsets[:-1])
    kept, places = by_offset[is_new], places[is_new]
    stamps, members, rows = stamps[kept], members[kept], rows[kept]
    begins = [0, *(np.flatnonzero(places[1:] != places[:-1]) + 1).tolist(), len(places)]
    for begin, end in itertools.pairwise(begins):
        np.maximum.accumulate(stamps[begin:end], out=stamps[begin:end])
    in_time = np.lexsort((np.arange(len(places)), places, stamps))

    events = int(np.count_nonzero(places >= 0))
    joined = Joined(events, sum(sum(place >= 0 for place in each.places) for each in surveys) - events)
    return stamps[in_time], members[in_time], rows[in_time], joined


def _copy(readers: Sequence[FrameReader], stamps: _Column, members: _Column, rows: _Column, writer: FrameWriter) -> None:
    """Write one piece of the joined tape."""
    frames: list[tuple[str, bytes]] = [("", b"")] * len(rows)
    for member, reader in enumerate(readers):
        wanted = np.flatnonzero(members == member)
        wanted = wanted[np.argsort(rows[wanted])]
        chunk: FrameChunk | None = None
        for position, row in zip(wanted.tolist(), rows[wanted].tolist(), strict=True):
            if chunk is None or row >= chunk.end_row:
                chunk = reader.read(row, _PIECE_ROWS)
                assert chunk is not None, "it was there a moment ago"
            frames[position] = chunk.feed(row - chunk.first_row), chunk.payloads[row - chunk.first_row]
    for stamp_ns, (feed, payload) in zip(stamps.tolist(), frames, strict=True):
        writer.append(stamp_ns, feed, payload)
    writer.commit()


def _chunks(reader: FrameReader) -> Iterator[FrameChunk]:
    row = reader.first_row
    while (chunk := reader.read(row, _PIECE_ROWS)) is not None:
        yield chunk
        row += len(chunk)


def _mark(tape: Path, chunk: FrameChunk, index: int) -> Mark:
    try:
        return decode_mark(chunk.payloads[index])
    except ValueError as error:
        raise SessionError(f"{tape}: row {chunk.first_row + index}: {error}, expected how far topics are read: restore it") from error


def _column(parts: Sequence[array[int]]) -> _Column:
    return np.concatenate([np.frombuffer(part, np.int64) if part else np.empty(0, np.int64) for part in parts])
