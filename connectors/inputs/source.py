"""The one Bytewax source: it hands on a tape, an old one or the growing end of a live one, from any position on.

Bytewax holds every source of a flow back until all of them have passed an epoch, so there is one `op.input`, and everything
that arrives is multiplexed on the tape before it. A partition of the tape is a partition of the source; its snapshot is its
position on the tape, so that recovery and replay are the same thing. `next_batch` waits one millisecond at most.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final, TypeAlias

import msgspec
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition

from connectors.tape.frames import FrameChunk
from scoring.records import CLOCK_GRID_NS, Batch, Gap, SourceHealth

STOP: Final = threading.Event()
"""Set to end every source of this process: state is kept, nothing is closed early."""

WAIT_SECONDS: Final = 0.001
"""How long a source may hold its worker when nothing is due."""

ALWAYS: Final = datetime(2020, 1, 1, tzinfo=UTC)
"""Asks Bytewax to call again at once; waiting is done inside `next_batch`, where new data ends it."""

Position: TypeAlias = tuple[int, ...]
"""Where to read on. Frames: (row,). Columns: (chunk, rows handed on of each of its batches …). `ENDED` after the end."""

ENDED: Final[Position] = (-1,)


class Chunk(msgspec.Struct, frozen=True):
    """What one partition of a tape hands on at once."""

    partition: str
    frames: FrameChunk | None
    """Frames as received, or None on a tape of columns."""
    items: tuple[Batch | Gap, ...]
    """Decoded batches and gaps, on a tape of columns."""
    rows: int
    """How many frames or rows it holds."""
    last_ns: int
    """Newest receive time handed on so far."""
    clock_ns: int
    """Newest mark of the clock that this chunk has passed, 0 if none: goes after everything else in it."""
    ended: bool = False
    """The tape ends here."""
    health: tuple[SourceHealth, ...] = ()
    """How the feeds of a live tape are doing, once a mark of the clock."""


def passed_mark(last_ns: int, before_ns: int) -> int:
    """Give the mark on the clock grid that time has passed since `before_ns`, or 0."""
    mark = last_ns // CLOCK_GRID_NS * CLOCK_GRID_NS
    return mark if mark > before_ns else 0


class TapePartition(StatefulSourcePartition[Chunk, Position]):
    """One partition of a tape, being read."""

    def next_awake(self) -> datetime:
        """Ask to be called again at once."""
        return ALWAYS


class TapeSource(FixedPartitionedSource[Chunk, Position]):
    """Reads the partitions of a tape."""

    def __init__(self, partitions: Mapping[str, Callable[[Position | None], TapePartition]]) -> None:
        """Take how each partition is opened at a position (None: its start)."""
        self._partitions = dict(partitions)

    def list_parts(self) -> list[str]:
        """Name every partition; Bytewax forbids that one ever disappears."""
        return sorted(self._partitions)

    def build_part(self, step_id: str, for_part: str, resume_state: Position | None) -> TapePartition:  # noqa: ARG002
        """Open a partition where the last snapshot left it."""
        return self._partitions[for_part](resume_state)


def stop_on_signals() -> None:
    """End the flow gracefully on SIGTERM and SIGINT: Bytewax's own way drops the last snapshot and closes nothing."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: STOP.set())
