"""The recorder of a live partition: what feeds put in is on the disk before the flow sees it.

Feeds stamp what they receive and put it in; one thread takes everything that waits, writes it, and only then shows it. The more
waits, the more goes into one commit, so a burst costs no more than a quiet minute. Every 250 ms it puts a mark of the clock on the
tape, in front of what was received after the mark. Where the disk is too slow the feeds are held back (market data is never
dropped); where the disk refuses, feeds and reader get the error.
"""

from __future__ import annotations

import fcntl
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Final, TypeAlias

import msgspec
import pyarrow as pa

from connectors.tape.frames import FrameChunk
from connectors.tape.manifest import MANIFEST, refresh
from connectors.tape.reader import FrameReader
from connectors.tape.tail import Tail
from connectors.tape.writer import FrameWriter, SegmentSettings
from scoring.errors import GhosttapeError, ResourceError
from scoring.records import CLOCK_FEED, CLOCK_GRID_NS, NANOSECONDS_PER_SECOND

LOCK: Final = ".lock"
"""A file that whoever records a partition holds."""

Arrival: TypeAlias = tuple[int, str, Sequence[bytes]]
"""When it arrived (ns), its feed, its payloads."""


class RecorderSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a live partition is recorded."""

    segment: SegmentSettings = SegmentSettings()
    """When segments are synced and sealed."""
    pending_bytes: int = 64 << 20
    """Bytes that may wait to be written; a feed that brings more waits."""
    tail_rows: int = 500_000
    """Newest frames kept in memory for the flow."""
    tail_bytes: int = 64 << 20
    """Payload bytes of them."""


class Recorder:
    """Owns the writer of one partition, in a thread of its own. One reader; any number of feeds."""

    def __init__(self, folder: Path, settings: RecorderSettings | None = None, clock: Callable[[], int] = time.time_ns) -> None:
        """Open `<session>/frames/<partition>` and begin to record; `clock` gives wall time in ns UTC.

        Raises:
            SessionError: what is there is broken.
            ResourceError: the disk refuses, or another process records there.
        """
        self._folder, self._clock = folder, clock
        self._settings = settings or RecorderSettings()
        self._lock_file = _take(folder)
        self._writer = FrameWriter(folder, settings=self._settings.segment)
        self._reader = FrameReader(folder)
        self._tail = Tail(self._settings.tail_rows, self._settings.tail_bytes)
        self._counts = dict(self._writer.counts)
        self._end_row = self._writer.end_row
        self._mark_ns = clock() // CLOCK_GRID_NS * CLOCK_GRID_NS
        self._arrivals: list[Arrival] = []
        self._waiting_bytes = 0
        self._taken = 0
        self._put = 0
        self._failure: ResourceError | None = None
        self._closing = False
        lock = threading.Lock()
        self._arrived = threading.Condition(lock)
        self._moved = threading.Condition(lock)
        self._thread = threading.Thread(target=self._run, name=f"recorder {folder.name}", daemon=True)
        self._thread.start()

    def put(self, received_ns: int, feed: str, payload: bytes) -> None:
        """Take one frame, stamped when its bytes arrived; waits where too much is waiting already.

        Raises:
            ResourceError: the tape cannot be written any more, or the recorder is closed.
        """
        self.put_many(received_ns, feed, (payload,))

    def put_many(self, received_ns: int, feed: str, payloads: Sequence[bytes]) -> None:
        """Take frames that arrived together: `put` for several."""
        self.put_group(((received_ns, feed, payloads),))

    def put_group(self, arrivals: Sequence[Arrival]) -> None:
        """Take frames of several feeds that belong together: after a crash the tape holds all of them or none.

        Raises:
            ResourceError: the tape cannot be written any more, or the recorder is closed.
        """
        size = sum(len(payload) for _, _, payloads in arrivals for payload in payloads)
        with self._moved:
            while self._waiting_bytes and self._waiting_bytes + size > self._settings.pending_bytes and not self._failure:
                self._moved.wait()
            self._check()
            if self._closing:
                raise ResourceError(f"{self._folder}: the recorder is closed, expected it to be open: stop the feeds first")
            self._arrivals.extend(arrivals)
            self._waiting_bytes += size
            self._put += len(arrivals)
            self._arrived.notify()

    def now(self) -> int:
        """Give the recorder's time, ns UTC: what feeds stamp with. A session that is served faster than it was has a faster clock."""
        return self._clock()

    def flush(self) -> None:
        """Wait until everything that was put in before this call is on the tape.

        Raises:
            ResourceError: the tape cannot be written any more.
        """
        with self._moved:
            wanted = self._put
            while self._taken < wanted and not self._failure:
                self._moved.wait()
            self._check()

    def committed(self, feed: str) -> int:
        """Count the frames of a feed that are on the tape, also those of earlier runs."""
        with self._moved:
            return self._counts.get(feed, 0)

    @property
    def first_row(self) -> int:
        """The oldest row that is kept."""
        return self._reader.first_row

    @property
    def end_row(self) -> int:
        """The row after the newest frame on the tape."""
        with self._moved:
            return self._end_row

    def wait(self, row: int, timeout: float) -> bool:
        """Wait at most `timeout` seconds until a row is on the tape, and say whether it is.

        Raises:
            ResourceError: the tape cannot be written any more.
        """
        with self._moved:
            self._moved.wait_for(lambda: self._end_row > row or self._failure is not None, timeout)
            if self._end_row <= row:
                self._check()
            return self._end_row > row

    def read(self, row: int, max_rows: int) -> FrameChunk | None:
        """Give at most `max_rows` frames from `row` on, from memory or from disk, None where there is none yet.

        Raises:
            SessionError: a segment is broken, or the row is older than what is held.
            ResourceError: everything up to the row was read, and the tape cannot be written any more.
        """
        with self._moved:
            self._tail.forget(row)  # the one reader goes on from here: what lies before would only take memory
            end_row, chunk = self._end_row, self._tail.read(row, max_rows)
            if row >= end_row:
                self._check()
                return None
        return chunk or self._reader.read(row, min(max_rows, end_row - row))

    def close(self, seal: bool = True) -> None:
        """Put what waits on the tape, let go of it, and bring the session's manifest up to date, where it has one.

        Raises:
            ResourceError: the tape could not be written.
        """
        with self._moved:
            if self._closing:
                return
            self._closing = True
            self._arrived.notify()
        self._thread.join()
        self._reader.close()
        try:
            if self._failure is not None:
                self._writer.abandon()
                raise self._failure
            self._writer.close(seal)
            session = self._folder.parents[1]
            if (session / MANIFEST).exists():
                refresh(session)
        finally:
            self._lock_file.close()

    def _check(self) -> None:
        """Hand on what stopped the recorder."""
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            while self._turn():
                continue
        except (GhosttapeError, OSError, pa.ArrowException, ValueError, TypeError, OverflowError, MemoryError) as error:
            with self._moved:
                other = ResourceError(f"{self._folder}: {error}, expected to write the tape: start again")
                self._failure = error if isinstance(error, ResourceError) else other
                self._moved.notify_all()

    def _turn(self) -> bool:
        """Wait for frames or for the next mark, write them, show them; False after the last."""
        with self._moved:
            if not self._arrivals and not self._closing:
                self._arrived.wait(max(0, self._mark_ns + CLOCK_GRID_NS - self._clock()) / NANOSECONDS_PER_SECOND)
            arrivals, self._arrivals, self._waiting_bytes = self._arrivals, [], 0
            closing = self._closing
            self._moved.notify_all()
        taken = len(arrivals)
        mark_ns = self._clock() // CLOCK_GRID_NS * CLOCK_GRID_NS
        if mark_ns > self._mark_ns:
            at = next((index for index, (received_ns, _, _) in enumerate(arrivals) if received_ns >= mark_ns), len(arrivals))
            arrivals.insert(at, (mark_ns, CLOCK_FEED, (b"",)))
            self._mark_ns = mark_ns
        for received_ns, feed, payloads in arrivals:
            self._writer.append(received_ns, feed, *payloads)
        self._show(self._writer.commit(), taken)
        return not closing

    def _show(self, chunk: FrameChunk | None, taken: int) -> None:
        with self._moved:
            if chunk is not None:
                self._tail.add(chunk)
                self._end_row = chunk.end_row
                self._counts = dict(self._writer.counts)
            self._taken += taken
            self._moved.notify_all()


def _take(folder: Path) -> IO[bytes]:
    """Take the partition for this process; a process that dies lets go of it."""
    path = folder / LOCK
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = path.open("wb")
    except OSError as error:
        raise ResourceError(f"{path}: {error.strerror}, expected to write the tape: check the folder and its permissions") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise ResourceError(f"{folder}: another process records here, expected to be the only one: stop it, or set data_dir") from None
    return file
