"""The writer of a partition: frames are on the disk, in whole record batches, before anyone is shown them.

One commit is one record batch and one write to the operating system, so a crash of the program loses nothing that was committed,
and a crash of the machine loses at most what the sync setting allows. A segment that has grown large or old is finished, the next
one begins at once, and the finished one is sealed in a thread, because compressing 64 MB would hold up the feeds for a second.
"""

from __future__ import annotations

import enum
import io
import os
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa

from connectors.tape.frames import SCHEMA, FrameChunk, Instants, Segment, segment_at, segments, to_arrow
from connectors.tape.seal import count_chunk, feed_counts, last_received_ns, recover, seal, sealed_rows, sync_folder
from scoring.duration import Duration
from scoring.errors import ResourceError, SessionError

_BEFORE_ALL_NS = -(1 << 63)


class Sync(enum.StrEnum):
    """When written bytes are forced from the operating system to the disk."""

    COMMIT = "commit"
    """At every commit: safe against a power cut, some milliseconds each."""
    INTERVAL = "interval"
    """In groups, once per `sync_interval`."""
    NEVER = "never"
    """When the operating system likes; sealed files are always synced."""


class SegmentSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a segment is synced and sealed."""

    rows: int = 250_000
    """Frames after which a segment is sealed; above 0."""
    bytes: int = 64 << 20
    """Bytes of the stream after which a segment is sealed."""
    age: Duration = Duration.parse("15m")
    """Time after its first commit at which a segment is sealed, at the next commit."""
    sync: Sync = Sync.INTERVAL
    sync_interval: Duration = Duration.parse("1s")
    """Longest time between syncs, checked at commits; what a power cut may cost."""


class FrameWriter:
    """Appends frames to one partition. Any thread may append; one thread commits."""

    def __init__(self, folder: Path, start_row: int | None = None, settings: SegmentSettings | None = None) -> None:
        """Open a partition for appending, after sealing what a crash left open.

        `start_row` numbers the first frame of an empty partition (0 by default), or says what a partition that holds frames
        must go on with.

        Raises:
            SessionError: the partition goes on with another row than `start_row`, or its last segment is broken.
            ResourceError: the disk refuses.
        """
        self._folder = folder
        self._settings = settings or SegmentSettings()
        self._lock = threading.Lock()
        self._pending = _Pending([], [], [])
        self._codes: dict[str, int] = {}
        self._stream: _Stream | None = None
        self._sealer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="seal")
        self._sealing: list[Future[None]] = []
        self.clamped = 0
        """Frames whose stamp was before that of the frame in front of them, and was raised to it."""
        self.counts: Counter[str] = Counter()
        """Frames of each feed on the tape, from before this writer too."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            recover(folder)
        except OSError as error:
            raise _refused(folder, error) from error
        self.end_row, self._last_ns = self._survey(start_row)

    def append(self, received_ns: int, feed: str, *payloads: bytes) -> None:
        """Take frames that arrived together."""
        self.extend([received_ns] * len(payloads), feed, payloads)

    def extend(self, received_ns: Sequence[int] | Instants, feed: str, payloads: Sequence[bytes]) -> None:
        """Take frames of one feed with a stamp each (int64[n], ns UTC)."""
        stamps = received_ns.tolist() if isinstance(received_ns, np.ndarray) else received_ns
        with self._lock:
            code = self._codes.setdefault(feed, len(self._codes))
            self._pending.received_ns.extend(stamps)
            self._pending.codes.extend([code] * len(payloads))
            self._pending.payloads.extend(payloads)

    def commit(self) -> FrameChunk | None:
        """Write what was appended as one record batch, and give it; None where there was nothing.

        Raises:
            ResourceError: the disk refuses, now or while an earlier segment was sealed. The writer is of no use then: open another.
        """
        with self._lock:
            pending, self._pending = self._pending, _Pending([], [], [])
            names = tuple(self._codes)
        if not pending.payloads:
            return None
        chunk = FrameChunk(self.end_row, self._clamp(pending.received_ns), np.array(pending.codes, np.int32), names, pending.payloads)
        try:
            self._collect(wait=False)
            if self._stream is None:
                self._stream = _Stream(segment_at(self._folder, self.end_row))
            self._stream.write(chunk, self._settings)
            self.end_row = chunk.end_row
            self.counts.update(count_chunk(chunk))
            if self._stream.is_full(self._settings):
                self._finish()
        except OSError as error:
            raise _refused(self._folder, error) from error
        return chunk

    def seal(self) -> None:
        """Seal the open segment now, and wait until all are.

        Raises:
            ResourceError: the disk refuses.
        """
        try:
            self._finish()
            self._collect(wait=True)
        except OSError as error:
            raise _refused(self._folder, error) from error

    def close(self, seal: bool = True) -> None:
        """Commit what is pending and let go of the files; without `seal` the last segment stays a stream.

        Raises:
            ResourceError: the disk refuses.
        """
        try:
            self.commit()
            if seal:
                self.seal()
            elif self._stream is not None:
                self._stream.finish()
                self._stream = None
            self._collect(wait=True)
        except OSError as error:
            raise _refused(self._folder, error) from error
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Let go of the files as they are: what was not committed is lost, and the next writer seals what is left open."""
        if self._stream is not None:
            self._stream.abandon()
            self._stream = None
        self._sealer.shutdown(wait=True)

    def _survey(self, start_row: int | None) -> tuple[int, int]:
        """Count what is there, and give (next row, last stamp)."""
        held = segments(self._folder)
        if not held:
            return start_row or 0, _BEFORE_ALL_NS
        end_row = held[0].first_row
        for segment in held:
            rows = sealed_rows(segment.sealed_path)
            if rows is None or segment.first_row != end_row:
                raise SessionError(f"{segment.sealed_path}: broken, or the one before it: expected row {end_row} on: restore the file")
            self.counts += feed_counts(segment)
            end_row += rows
        if start_row not in (None, end_row):
            raise SessionError(f"{self._folder}: ends before row {end_row}, expected row {start_row}: choose an empty session")
        return end_row, last_received_ns(held[-1])

    def _clamp(self, received_ns: list[int]) -> Instants:
        """Raise stamps that are before those in front of them."""
        stamps = np.array(received_ns, np.int64)
        if received_ns[0] >= self._last_ns and (len(stamps) == 1 or bool((stamps[1:] >= stamps[:-1]).all())):
            self._last_ns = received_ns[-1]
            return stamps
        clamped = np.maximum(np.maximum.accumulate(stamps), self._last_ns)
        self.clamped += int(np.count_nonzero(clamped != stamps))
        self._last_ns = int(clamped[-1])
        return clamped

    def _finish(self) -> None:
        """End the open segment and hand it to the thread that seals."""
        if self._stream is not None:
            self._stream.finish()
            self._sealing.append(self._sealer.submit(seal, self._stream.segment))
            self._stream = None

    def _collect(self, wait: bool) -> None:
        """Let an error of the sealing thread surface here."""
        while self._sealing and (wait or self._sealing[0].done()):
            self._sealing.pop(0).result()


class _Pending(msgspec.Struct):
    """What was appended since the last commit."""

    received_ns: list[int]
    codes: list[int]
    payloads: list[bytes]


class _Stream:
    """The open segment. Arrow writes into memory, so that one commit is one write to the file."""

    def __init__(self, segment: Segment) -> None:
        self.segment = segment
        self._file = segment.open_path.open("xb", buffering=0)
        sync_folder(segment.open_path.parent)
        self._buffer = io.BytesIO()
        self._arrow = pa.ipc.new_stream(self._buffer, SCHEMA)
        self._opened_at = self._synced_at = time.monotonic_ns()
        self._rows = self._bytes = 0

    def write(self, chunk: FrameChunk, settings: SegmentSettings) -> None:
        self._arrow.write_batch(to_arrow(chunk))
        self._flush()
        self._rows += len(chunk)
        now = time.monotonic_ns()
        if settings.sync is Sync.COMMIT or (settings.sync is Sync.INTERVAL and now - self._synced_at >= settings.sync_interval):
            os.fsync(self._file.fileno())
            self._synced_at = now

    def is_full(self, settings: SegmentSettings) -> bool:
        age = time.monotonic_ns() - self._opened_at
        return self._rows >= settings.rows or self._bytes >= settings.bytes or age >= settings.age

    def finish(self) -> None:
        self._arrow.close()
        self._flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def abandon(self) -> None:
        self._file.close()

    def _flush(self) -> None:
        content = self._buffer.getvalue()
        self._buffer.seek(0)
        self._buffer.truncate()
        self._bytes += len(content)
        view = memoryview(content)
        while view:
            view = view[self._file.write(view) :]


def _refused(folder: Path, error: OSError) -> ResourceError:
    return ResourceError(f"{folder}: {error.strerror or error}, expected to write the tape: check the disk and its permissions")
