"""Pinning: a stretch of a tape in a second folder, by hard links, so that it stays when the tape drops it.

A sealed segment never changes, so a link to it costs neither space nor time; across disks it is copied. What is not sealed yet is
copied as far as it has whole record batches, and sealed there. The tape goes on meanwhile: it may seal a segment, or drop one,
while it is being pinned, and then it is looked at again.
"""

from __future__ import annotations

import errno
import os
import shutil
from bisect import bisect_left
from pathlib import Path
from typing import Final

from connectors.tape.frames import Segment, segment_at, segments
from connectors.tape.reader import FrameReader
from connectors.tape.seal import recover, sealed_rows
from connectors.tape.writer import FrameWriter, SegmentSettings
from scoring.duration import Duration
from scoring.errors import ResourceError, SessionError

_CUT_ROWS: Final = 1 << 14
"""Frames rewritten at once where a segment is cut."""
_WHOLE: Final = SegmentSettings(rows=1 << 62, bytes=1 << 62, age=Duration.parse("36500d"))
"""Never begins a second segment."""
_LINK_REFUSED: Final = (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP)
"""Another disk, or a file system without links."""


def row_at(folder: Path, instant_ns: int) -> int:
    """Give the first row received at or after an instant; the end of the tape where there is none."""
    reader = FrameReader(folder)

    def received_ns(row: int) -> int:
        chunk = reader.read(row, 1)
        assert chunk is not None  # a row in front of the end
        return int(chunk.received_ns[0])

    try:
        rows = range(reader.first_row, reader.end_row)
        return rows.start + bisect_left(rows, instant_ns, key=received_ns)
    finally:
        reader.close()


def pin_sealed(source: Path, target: Path, from_row: int) -> None:
    """Link every sealed segment that holds rows from `from_row` on, whole; those that are linked stay as they are.

    Raises:
        ResourceError: the disk refuses.
    """
    try:
        target.mkdir(parents=True, exist_ok=True)
        while not _linked(source, target, from_row):
            continue
    except OSError as error:
        raise _refused(target, error) from error


def pin(source: Path, target: Path, from_row: int) -> int:
    """Pin all that is on a tape from `from_row` on, to the row, and give how many rows that are.

    Raises:
        SessionError: there is nothing from that row on.
        ResourceError: the disk refuses.
    """
    pin_sealed(source, target, from_row)
    try:
        while not _copied(source, target, from_row):
            pin_sealed(source, target, from_row)
        recover(target)
        rows = _contiguous(target)
        return _cut(target, from_row, rows)
    except OSError as error:
        raise _refused(target, error) from error


def _linked(source: Path, target: Path, from_row: int) -> bool:
    """Link once; False where a segment went while it was looked at."""
    for segment in _from(segments(source), from_row):
        if not segment.is_sealed or (segment.is_open and sealed_rows(segment.sealed_path) is None):
            continue
        try:
            _link(segment.sealed_path, target / segment.sealed_path.name)
        except FileNotFoundError:
            return False
    return True


def _copied(source: Path, target: Path, from_row: int) -> bool:
    """Copy the streams that are not sealed yet; False where one was sealed while it was looked at."""
    for segment in _from(segments(source), from_row):
        if (target / segment.sealed_path.name).exists():
            continue
        try:
            shutil.copyfile(segment.open_path, target / segment.open_path.name)
        except FileNotFoundError:
            return False
    return True


def _from(held: list[Segment], from_row: int) -> list[Segment]:
    """Give the segments that hold rows from a row on; the end of the last one is not known without a look."""
    return [segment for index, segment in enumerate(held) if index + 1 == len(held) or held[index + 1].first_row > from_row]


def _link(path: Path, to: Path) -> None:
    if to.exists():
        return
    try:
        os.link(path, to)
    except OSError as error:
        if error.errno not in _LINK_REFUSED:
            raise
        partial = to.with_suffix(".tmp")
        shutil.copyfile(path, partial)
        partial.replace(to)


def _contiguous(target: Path) -> int:
    """Remove what stands in front of a hole (the tape dropped what was there), and give the row after the last."""
    end_row = -1
    for segment in segments(target):
        if segment.first_row != end_row:
            for earlier in segments(target):
                if earlier.first_row < segment.first_row:
                    earlier.sealed_path.unlink()
        end_row = segment.first_row + (sealed_rows(segment.sealed_path) or 0)
    return end_row


def _cut(target: Path, from_row: int, end_row: int) -> int:
    """Rewrite the first segment without the rows in front of `from_row`, and give how many rows there are."""
    if end_row <= from_row:
        raise SessionError(f"{target}: nothing was recorded from row {from_row} on, expected some frames: record for longer")
    held = segments(target)
    while len(held) > 1 and held[1].first_row <= from_row:  # linked while it was the last one and its end was not known
        held.pop(0).sealed_path.unlink()
    first = held[0]
    if first.first_row >= from_row:
        return end_row - first.first_row
    aside = target / "cut"
    shutil.rmtree(aside, ignore_errors=True)
    segment_end = next((segment.first_row for segment in held[1:]), end_row)
    reader, writer = FrameReader(target), FrameWriter(aside, from_row, _WHOLE)
    for row in range(from_row, segment_end, _CUT_ROWS):
        chunk = reader.read(row, min(_CUT_ROWS, segment_end - row))
        assert chunk is not None  # rows that were just counted
        for index, (at_ns, payload) in enumerate(zip(chunk.received_ns.tolist(), chunk.payloads, strict=True)):
            writer.append(at_ns, chunk.feed(index), payload)
        writer.commit()
    writer.close()
    reader.close()
    segment_at(aside, from_row).sealed_path.replace(segment_at(target, from_row).sealed_path)
    first.sealed_path.unlink()
    aside.rmdir()
    return end_row - from_row


def _refused(folder: Path, error: OSError) -> ResourceError:
    return ResourceError(f"{folder}: {error.strerror or error}, expected to pin the tape there: check the disk and its permissions")
