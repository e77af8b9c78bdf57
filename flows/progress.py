"""A screen for people without one: how far a replay has come, as one line that moves."""

from __future__ import annotations

from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from connectors.outputs.outbox import PARTITION
from scoring.records import Pulse, Rows


class ProgressSink(FixedPartitionedSink[Rows | Pulse, None]):
    """Shows the share of the tape that was handed on, and the frames so far."""

    def __init__(self, description: str) -> None:
        """Take what to call it."""
        self._description = description

    def list_parts(self) -> list[str]:
        """Name the one partition."""
        return [PARTITION]

    def part_fn(self, item_key: str) -> int:  # noqa: ARG002
        """Send everything to it."""
        return 0

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> _ProgressPartition:  # noqa: ARG002
        """Begin the line."""
        return _ProgressPartition(self._description)


class _ProgressPartition(StatefulSinkPartition[Rows | Pulse, None]):
    def __init__(self, description: str) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[frames]:>10,} frames"), TimeRemainingColumn())
        console = Console(stderr=True)
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task: TaskID = self._progress.add_task(description, total=1.0, frames=0)
        self._frames: dict[str, int] = {}
        self._share: dict[str, float] = {}
        self._progress.start()

    def write_batch(self, items: list[Rows | Pulse]) -> None:
        for item in items:
            if isinstance(item, Pulse):
                self._frames[item.source] = item.frames
                self._share[item.source] = (item.at_ns - item.start_ns) / max(item.end_ns - item.start_ns, 1)
        if self._share:
            self._progress.update(self._task, completed=min(self._share.values()), frames=sum(self._frames.values()))

    def snapshot(self) -> None:
        return None

    def close(self) -> None:
        self._progress.stop()
