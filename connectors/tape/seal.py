"""Sealing: an Arrow stream that will not grow any more becomes zstd Parquet, and a crash at any point loses nothing.

The Parquet file appears under its name at once and whole (written aside, synced, renamed); only then does the stream go. Whoever
finds both after a crash checks the Parquet file against the stream and keeps one of them. Streams are rewritten piece by piece,
so memory is bounded by a row group. How many frames each feed has stands in the file's metadata, so that a restart need not
count them.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from connectors.tape.frames import SCHEMA, FrameChunk, Segment, from_arrow, segments, to_arrow
from connectors.tape.messages import MessageScanner

_FEEDS: Final = b"ghosttape.feeds"
_GROUP_ROWS: Final = 1 << 14
"""Rows in a row group: what a reader holds at once."""
_GROUP_BYTES: Final = 1 << 23
"""Payload bytes after which a row group ends earlier."""
_COMPRESSION_LEVEL: Final = 3


def recover(folder: Path) -> None:
    """Seal every open segment of a partition, each cut after its last whole record batch, and clear what a crash left."""
    for partial in folder.glob("*.tmp"):
        partial.unlink()
    for segment in segments(folder):
        if segment.is_open:
            seal(segment)


def seal(segment: Segment) -> None:
    """Turn the stream of a segment into Parquet; a segment without a frame goes away."""
    rows = whole_rows(segment.open_path)
    if segment.sealed_path.exists() and sealed_rows(segment.sealed_path) != rows:
        segment.sealed_path.unlink()
    if rows and not segment.sealed_path.exists():
        _rewrite(segment, rows)
    segment.open_path.unlink()


def whole_rows(path: Path) -> int:
    """Count the frames of a stream up to its last whole record batch."""
    scanner = MessageScanner(path)
    try:
        return sum(scanner.advance())
    finally:
        scanner.close()


def sealed_rows(path: Path) -> int | None:
    """Count the frames of a sealed segment, None where it is no whole Parquet file."""
    try:
        return int(pq.read_metadata(path).num_rows)
    except (pa.ArrowException, OSError):
        return None


def feed_counts(segment: Segment) -> Counter[str]:
    """Count the frames of each feed in one sealed segment; read them where another program wrote it and left no counts."""
    metadata = pq.read_metadata(segment.sealed_path).metadata or {}
    if _FEEDS in metadata:
        return Counter(msgspec.json.decode(metadata[_FEEDS], type=dict[str, int]))
    return Counter(str(feed) for feed in pq.read_table(segment.sealed_path, columns=["feed"]).column(0).to_pylist())


def last_received_ns(segment: Segment) -> int:
    """Give the receive time of the last frame of a sealed segment."""
    with pq.ParquetFile(segment.sealed_path) as file:
        column = file.read_row_group(file.num_row_groups - 1, columns=["received_ns"]).column(0)
    return int(column[-1].as_py())


def count_chunk(chunk: FrameChunk) -> Counter[str]:
    """Count the frames of each feed in a chunk."""
    counts: Counter[str] = Counter()
    for code, rows in Counter(chunk.codes.tolist()).items():
        counts[chunk.names[code]] = rows
    return counts


def _rewrite(segment: Segment, rows: int) -> None:
    partial = segment.sealed_path.with_suffix(".tmp")
    counts: Counter[str] = Counter()
    with partial.open("wb") as file:
        with pq.ParquetWriter(
            file,
            SCHEMA,
            compression="zstd",
            compression_level=_COMPRESSION_LEVEL,
            use_dictionary=["feed"],  # type: ignore[arg-type]  # a list of columns, which the stubs do not know
            column_encoding={"received_ns": "DELTA_BINARY_PACKED", "payload": "PLAIN"},
            write_statistics=["received_ns"],
        ) as writer:
            for chunk in _groups(segment, rows):
                writer.write_batch(to_arrow(chunk))
                counts += count_chunk(chunk)
            writer.add_key_value_metadata({_FEEDS.decode(): msgspec.json.encode(counts).decode()})
        file.flush()
        os.fsync(file.fileno())
    partial.replace(segment.sealed_path)
    sync_folder(segment.sealed_path.parent)


def _groups(segment: Segment, rows: int) -> Iterator[FrameChunk]:
    """Give the frames of a stream in chunks the size of a row group, or a little more."""
    batches: list[pa.RecordBatch] = []
    first_row, held_rows, held_bytes = segment.first_row, 0, 0
    with pa.OSFile(str(segment.open_path), "rb") as file, pa.ipc.open_stream(file) as stream:
        while rows:
            batch = stream.read_next_batch()
            batches.append(batch)
            rows -= batch.num_rows
            held_rows += batch.num_rows
            held_bytes += batch.nbytes
            if not rows or held_rows >= _GROUP_ROWS or held_bytes >= _GROUP_BYTES:
                chunk = from_arrow(first_row, batches)
                for start in range(0, len(chunk), _GROUP_ROWS):
                    yield chunk.slice(start, start + _GROUP_ROWS)
                batches, first_row, held_rows, held_bytes = [], chunk.end_row, 0, 0


def sync_folder(folder: Path) -> None:
    """Make a rename in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
