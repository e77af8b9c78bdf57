"""Frames: the bytes as received, in chunks of columns, and the segments of a partition that hold them.

A chunk holds the feed of each row as a small integer, so that a decoder takes all rows of one feed with one comparison, and the
payloads as a list, because that is what decoders of bytes take. A segment is named by the row of its first frame: a position on
the tape is one integer, and the file that holds it is found by its name.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeAlias, cast

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Instants: TypeAlias = NDArray[np.int64]
"""int64[n], nanoseconds UTC."""

SCHEMA: Final = pa.schema(
    [
        pa.field("received_ns", pa.int64(), nullable=False),
        pa.field("feed", pa.dictionary(pa.int32(), pa.string()), nullable=False),
        pa.field("payload", pa.binary(), nullable=False),
    ]
)
"""The columns of a segment, open or sealed."""
_PAYLOAD: Final = SCHEMA.field("payload").type

_NOWHERE: Final = np.empty(0, np.intp)
_FEW: Final = 16
"""Below this many frames a list is the faster way."""
_SEGMENT: Final = re.compile(r"(\d{12})\.(arrow|parquet)")


class FrameChunk(msgspec.Struct, frozen=True):
    """Frames of one partition, in tape order, without a hole."""

    first_row: int
    """Row on the partition of the first frame."""
    received_ns: Instants
    """int64[n], never decreasing."""
    codes: NDArray[np.int32]
    """int32[n]: the feed of each frame, an index into `names`."""
    names: tuple[str, ...]
    """Feeds; some may have no frame here."""
    payloads: list[bytes]

    def __len__(self) -> int:
        """Count the frames."""
        return len(self.payloads)

    @property
    def end_row(self) -> int:
        """The position after it."""
        return self.first_row + len(self.payloads)

    def slice(self, start: int, stop: int) -> FrameChunk:
        """Give the frames from `start` up to `stop`, counted inside the chunk from 0."""
        received_ns = self.received_ns[start:stop]
        return FrameChunk(self.first_row + start, received_ns, self.codes[start:stop], self.names, self.payloads[start:stop])

    def rows_of(self, feed: str) -> NDArray[np.intp]:
        """Give the indices (intp[k], ascending) of the frames of one feed."""
        if feed not in self.names:
            return _NOWHERE
        code = self.names.index(feed)
        if len(self.payloads) < _FEW:
            return np.array([index for index, held in enumerate(self.codes.tolist()) if held == code], np.intp)
        return np.flatnonzero(self.codes == code)

    def feed(self, index: int) -> str:
        """Name the feed of one frame."""
        return self.names[int(self.codes[index])]


class Segment(msgspec.Struct, frozen=True):
    """The file, or while it is being sealed the two files, that hold the frames from `first_row` on."""

    first_row: int
    open_path: Path
    sealed_path: Path
    is_open: bool
    """The Arrow stream is there."""
    is_sealed: bool
    """The Parquet file is there."""


def segments(folder: Path) -> list[Segment]:
    """List the segments of a partition in tape order; a missing folder holds none."""
    found: dict[str, set[str]] = {}
    if folder.is_dir():
        for match in filter(None, (_SEGMENT.fullmatch(path.name) for path in folder.iterdir())):
            found.setdefault(match[1], set()).add(match[2])
    return [
        Segment(int(stem), folder / f"{stem}.arrow", folder / f"{stem}.parquet", "arrow" in forms, "parquet" in forms)
        for stem, forms in sorted(found.items())
    ]


def segment_at(folder: Path, first_row: int) -> Segment:
    """Name the files of the segment that starts at a row."""
    return Segment(first_row, folder / f"{first_row:012d}.arrow", folder / f"{first_row:012d}.parquet", False, False)


def from_arrow(first_row: int, batches: Sequence[pa.RecordBatch]) -> FrameChunk:
    """Take frames out of Arrow; at least one batch."""
    chunks = []
    for batch in batches:
        received_ns, feeds, payloads = batch.columns
        assert isinstance(feeds, pa.DictionaryArray)
        codes, names = feeds.indices.to_numpy(), tuple(str(name) for name in feeds.dictionary.to_pylist())
        chunks.append(FrameChunk(first_row, received_ns.to_numpy(), codes, names, cast(list[bytes], payloads.to_pylist())))
        first_row += len(payloads)
    return concatenate(chunks)


def to_arrow(chunk: FrameChunk) -> pa.RecordBatch:
    """Put frames into one record batch."""
    feeds = pa.DictionaryArray.from_arrays(chunk.codes, _dictionary(chunk.names))
    columns = [pa.array(chunk.received_ns), feeds, pa.array(chunk.payloads, _PAYLOAD)]
    return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)


@functools.lru_cache(maxsize=64)
def _dictionary(names: tuple[str, ...]) -> pa.StringArray:
    return pa.array(names, pa.string())


def concatenate(chunks: Sequence[FrameChunk]) -> FrameChunk:
    """Join chunks that follow one another; at least one."""
    if len(chunks) == 1:
        return chunks[0]
    names = max((chunk.names for chunk in chunks), key=len)
    known = {name: code for code, name in enumerate(names)}
    codes = []
    for chunk in chunks:
        if names[: len(chunk.names)] == chunk.names:
            codes.append(chunk.codes)
        else:
            codes.append(np.array([known.setdefault(name, len(known)) for name in chunk.names], np.int32)[chunk.codes])
    payloads: list[bytes] = []
    for chunk in chunks:
        payloads += chunk.payloads
    received_ns = np.concatenate([chunk.received_ns for chunk in chunks])
    return FrameChunk(chunks[0].first_row, received_ns, np.concatenate(codes), tuple(known), payloads)
