"""The live flow with a probe beside the feed: `python -m tests.bench.live_flow FILE` notes when candles get there, until stopped."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import msgspec
from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition
from msgspec.structs import replace

from connectors.outputs.feed import FeedItem
from flows import ports
from flows.main import build
from flows.running import run
from flows.settings import load
from scoring.records import Pulse, Rows, Table


class Notes(msgspec.Struct):
    """What the probe saw."""

    shown: list[tuple[int, int]] = []
    """Open time of a candle, and when it was shown, ns."""
    frames: int = 0
    """Frames the flow has decoded."""
    rejects: int = 0
    gaps: int = 0
    rows: dict[str, int] = {}
    """Final rows, by table."""


class _Probe(StatefulSinkPartition[FeedItem, None]):
    def __init__(self, file: Path) -> None:
        self._file, self._notes = file, Notes()

    def write_batch(self, items: list[FeedItem]) -> None:
        now_ns = time.time_ns()
        notes = self._notes
        for item in items:
            if isinstance(item, Rows) and not item.provisional:
                notes.rows[item.table] = notes.rows.get(item.table, 0) + len(item)
                if item.table is Table.CANDLES:
                    notes.shown += [(opened_ns, now_ns) for opened_ns in item.columns["open_ns"].tolist()]
            elif isinstance(item, Pulse):
                notes.frames, notes.rejects = item.frames, item.rejects

    def snapshot(self) -> None:
        return None

    def close(self) -> None:
        self._notes.gaps = self._notes.rows.get(Table.GAPS, 0)
        self._file.write_bytes(msgspec.json.encode(self._notes))


class Probe(FixedPartitionedSink[FeedItem, None]):
    """Stands beside the feed."""

    def __init__(self, file: Path) -> None:
        """Write into a file at the end."""
        self._file = file

    def list_parts(self) -> list[str]:
        """Name the one partition."""
        return ["one"]

    def part_fn(self, item_key: str) -> int:  # noqa: ARG002
        """Send everything to it."""
        return 0

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> _Probe:  # noqa: ARG002
        """Start it."""
        return _Probe(self._file)


def main(file: Path) -> None:
    """Run as `just live` does."""
    settings, _ = load()
    plugs, shaping = ports.live()
    screens = {**plugs.screens, "probe": Probe(file)}
    run(build(replace(plugs, screens=screens), shaping), settings.recovery, recovery=Path(settings.data_dir) / "recovery")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
