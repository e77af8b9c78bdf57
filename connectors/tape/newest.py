"""The newest frames of one feed, read from the end of a tape backwards: where an input that resumes finds what it knew.

A sealed segment says in its metadata how many frames each feed has, so segments without the feed cost one look, and of the others
only the row groups that hold it are read. Posts are rare among market data: minutes of tape lie between two of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from connectors.tape.frames import Segment, from_arrow, segments
from connectors.tape.seal import feed_counts, last_received_ns


def newest_first(folder: Path, feed: str) -> Iterator[tuple[int, bytes]]:
    """Give (receive time in ns, payload) of a feed from the newest sealed frame on; ends where segments have been dropped meanwhile."""
    for segment in reversed(segments(folder)):
        try:
            if segment.is_sealed and feed_counts(segment)[feed]:
                yield from _backwards(segment, feed)
        except FileNotFoundError:
            return  # dropped by the retention since the folder was listed: what is older is gone as well


def end_ns(folder: Path) -> int:
    """Give the receive time of the newest sealed frame; 0 on an empty tape."""
    sealed = [segment for segment in segments(folder) if segment.is_sealed]
    return last_received_ns(sealed[-1]) if sealed else 0


def _backwards(segment: Segment, feed: str) -> Iterator[tuple[int, bytes]]:
    with pq.ParquetFile(segment.sealed_path, read_dictionary=["feed"]) as file:
        for group in reversed(range(file.num_row_groups)):
            if not _holds(file, group, feed):
                continue
            chunk = from_arrow(0, file.read_row_group(group, use_threads=False).to_batches())
            for index in np.flip(chunk.rows_of(feed)).tolist():
                yield int(chunk.received_ns[index]), chunk.payloads[index]


def _holds(file: pq.ParquetFile, group: int, feed: str) -> bool:
    """Look whether a row group holds a feed, without its payloads."""
    for feeds in file.read_row_group(group, columns=["feed"], use_threads=False).column(0).chunks:
        assert isinstance(feeds, pa.DictionaryArray)
        names = feeds.dictionary.to_pylist()
        if feed in names and bool(np.any(feeds.indices.to_numpy() == names.index(feed))):
            return True
    return False
