"""The sink that never makes the flow wait for a disk, and never loses a row.

A row handed to an `Outbox` is either durable or in its snapshot, at any moment. A thread writes; the flow's thread only appends
to a list and copies it. After a crash the rows of the snapshot are written again, and since writers upsert by key, again is as
good as once (at-least-once delivery, exactly-once effect). When more rows wait than a setting allows, the outbox pushes back on
the flow instead of growing or dropping. What is behind it (archive, warehouse) is a `Writer`, which knows nothing of the engine.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

import msgspec
from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

from scoring.duration import Duration
from scoring.errors import ResourceError
from scoring.records import Rows

PARTITION: Final = "one"
"""The only partition of an output, for ever: everything goes there, whatever its key."""

_POLL_SECONDS: Final = 0.005
"""How long a full outbox sleeps before it looks again."""


class OutboxSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How rows are gathered before they are written."""

    flush_interval: Duration = Duration.parse("250ms")
    """Longest wait of a row before a write begins, while the writer keeps up. Shorter is fresher, longer is cheaper."""
    flush_rows: int = 50_000
    """So many rows are written at once, without waiting for the interval."""
    max_rows: int = 200_000
    """So many rows may wait; beyond it the flow waits. 200,000 rows of 25 columns are about 40 MB."""
    busy_share: float = 0.25
    """Largest share of the time, above 0 up to 1, spent writing before rows are gathered longer: one large write costs less than many."""
    retry_interval: Duration = Duration.parse("2s")
    """Longest pause between two tries at a target that another process holds."""
    patience: Duration = Duration.parse("60s")
    """How long a full outbox, or one that is closing, waits for a held target before it gives up with an error."""


class Held(ResourceError):
    """Another process holds the target for now; the same write may succeed later."""


class Writer(Protocol):
    """Where an outbox puts its rows. All calls come from one thread, but for `close`, which comes after the last of them."""

    def write(self, rows: list[Rows]) -> None:
        """Upsert rows by key, in order; they are durable on return.

        Raises:
            Held: nothing was written, try again later.
            ResourceError: it cannot be written.
        """

    def close(self) -> None:
        """Let go of everything."""


class Standing(msgspec.Struct, frozen=True):
    """How an output is doing at one moment; lengths of time are seconds of this machine."""

    written: int
    """Rows that are durable, since the start."""
    waiting: int
    """Rows that are not yet."""
    waited_s: float = 0.0
    """How long the oldest of them has waited, at most; 0 where none waits."""
    flushed_s: float = math.inf
    """How long ago a write ended; infinite before the first."""
    held: str = ""
    """Who holds the target just now; empty where nobody does."""
    next_try_s: float = 0.0
    """When it is tried again, from now; 0 where nobody holds it."""
    failed: str = ""
    """Why it cannot go on; empty where it can."""


class Outbox(StatefulSinkPartition[Rows, list[Rows]]):
    """Rows on their way to a writer."""

    def __init__(self, writer: Writer, settings: OutboxSettings, resume_state: list[Rows] | None = None) -> None:
        """Start the writing thread, first with what was not durable before."""
        self._writer = writer
        self._settings = settings
        self._changed = threading.Condition()
        self._waiting = deque(resume_state or ())
        self._waiting_rows = sum(map(len, self._waiting))
        self._waiting_since = time.monotonic()
        self._written_rows = 0
        self._flushed_at = -math.inf
        self._next_try_at = 0.0
        self._closing = False
        self._held: Held | None = None
        self._held_since = 0.0
        self._error: Exception | None = None
        self._error_told = False
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
        self._thread.start()

    def write_batch(self, values: list[Rows]) -> None:
        """Take final rows, of which each piece has some.

        Raises:
            ResourceError: the writer failed, or is held by another process for longer than `patience` while the outbox is full.
        """
        self._raise_error()
        while self._waiting_rows >= self._settings.max_rows:
            self._raise_error()
            if self._out_of_patience():
                raise ResourceError(str(self._held))
            time.sleep(_POLL_SECONDS)
        with self._changed:
            was_idle = not self._waiting
            if was_idle:
                self._waiting_since = time.monotonic()
            self._waiting.extend(values)
            self._waiting_rows += sum(map(len, values))
            if was_idle or self._waiting_rows >= self._settings.flush_rows:
                self._changed.notify()

    def snapshot(self) -> list[Rows]:
        """Give what is not durable yet.

        Raises:
            ResourceError: the writer failed.
        """
        self._raise_error()
        with self._changed:
            return list(self._waiting)

    def standing(self) -> Standing:
        """Say how it is doing, from any thread and without waiting for a write."""
        with self._changed:
            now, error, held = time.monotonic(), self._error, self._held
            return Standing(
                self._written_rows,
                self._waiting_rows,
                waited_s=now - self._waiting_since if self._waiting else 0.0,
                flushed_s=now - self._flushed_at,
                held=str(held) if held else "",
                next_try_s=max(self._next_try_at - now, 0.0) if held else 0.0,
                failed=str(error) or type(error).__name__ if error else "",
            )

    def close(self) -> None:
        """Write everything that waits and stop.

        Raises:
            ResourceError: the writer failed and nobody was told yet.
        """
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()
        self._writer.close()
        if not self._error_told:
            self._raise_error()

    def _run(self) -> None:
        try:
            pause = 0.0
            while self._wait(pause):
                pause = self._write()
        except Exception as error:
            self._error = error

    def _wait(self, pause: float) -> bool:
        """Sleep until a write is due; False where nothing is left to write, ever."""
        with self._changed:
            while not self._waiting and not self._closing:
                self._changed.wait()
            due = time.monotonic() + pause
            while (left := due - time.monotonic()) > 0 and (self._held or not self._is_urgent()):
                self._changed.wait(min(left, _POLL_SECONDS * 10) if self._closing else left)
            return bool(self._waiting)

    def _is_urgent(self) -> bool:
        return self._closing or self._waiting_rows >= min(self._settings.flush_rows, self._settings.max_rows)

    def _write(self) -> float:
        """Write what waits now and give the seconds to gather rows before the next time."""
        with self._changed:
            batch = list(self._waiting)
        began = time.monotonic()
        try:
            self._writer.write(batch)
        except Held as error:
            return self._wait_for_holder(error)
        with self._changed:
            self._held = None
            self._flushed_at, self._waiting_since = time.monotonic(), began  # what waits now came after this write began
            for rows in batch:
                self._waiting.popleft()
                self._waiting_rows -= len(rows)
                self._written_rows += len(rows)
        took = time.monotonic() - began
        return max(self._settings.flush_interval.seconds, took / self._settings.busy_share - took)

    def _wait_for_holder(self, error: Held) -> float:
        """Remember who holds the target and give the seconds until the next try, twice as long each time."""
        now = time.monotonic()
        if self._held is None:
            self._held_since = now
        self._held = error
        if self._closing and self._out_of_patience():
            raise error
        pause = min(max(self._settings.flush_interval.seconds, now - self._held_since), self._settings.retry_interval.seconds)
        self._next_try_at = now + pause
        return pause

    def _out_of_patience(self) -> bool:
        return self._held is not None and time.monotonic() - self._held_since > self._settings.patience.seconds

    def _raise_error(self) -> None:
        error = self._error
        if error is None:
            return
        self._error_told = True
        if isinstance(error, ResourceError):
            raise ResourceError(str(error)) from error
        said = str(error).partition("\n")[0]
        raise ResourceError(f"writing results failed, {type(error).__name__}: {said}; what was not stored is written on resume") from error


class OutboxSink(FixedPartitionedSink[Rows, list[Rows]]):
    """A durable output: `op.output("archive", keyed, OutboxSink(...))` with items `(key, rows)`."""

    def __init__(self, open_writer: Callable[[], Writer], settings: OutboxSettings) -> None:
        """Keep how to open the writer; it is opened where the partition runs."""
        self._open_writer = open_writer
        self._settings = settings
        self._outbox: Outbox | None = None

    def standing(self) -> Standing | None:
        """Say how it is doing, from any thread; None where the partition does not run in this process (yet)."""
        return self._outbox.standing() if self._outbox else None

    def list_parts(self) -> list[str]:
        """Name the one partition; the engine puts it on one worker."""
        return [PARTITION]

    def part_fn(self, item_key: str) -> int:  # noqa: ARG002
        """Send everything to it."""
        return 0

    def build_part(self, step_id: str, for_part: str, resume_state: list[Rows] | None) -> Outbox:  # noqa: ARG002
        """Open the writer and give it what was not durable before."""
        self._outbox = Outbox(self._open_writer(), self._settings, resume_state)
        return self._outbox
