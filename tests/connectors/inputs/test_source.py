"""The source: partitions by name, opened where they were left."""

from __future__ import annotations

import signal
import subprocess
import sys

from connectors.inputs.source import ALWAYS, Chunk, Position, TapePartition, TapeSource, passed_mark
from scoring.records import CLOCK_GRID_NS


class Still(TapePartition):
    def __init__(self, position: Position | None) -> None:
        self.position = position

    def next_batch(self) -> list[Chunk]:
        return []

    def snapshot(self) -> Position:
        return self.position or (0,)


def test_partitions_are_named_in_order_and_opened_at_their_position() -> None:
    source = TapeSource({"b": Still, "a": Still})
    assert source.list_parts() == ["a", "b"]
    part = source.build_part("tape", "b", (7,))
    assert part.snapshot() == (7,)
    assert part.next_awake() == ALWAYS


def test_a_mark_is_passed_once() -> None:
    assert passed_mark(CLOCK_GRID_NS - 1, 0) == 0
    assert passed_mark(CLOCK_GRID_NS + 1, 0) == CLOCK_GRID_NS
    assert passed_mark(CLOCK_GRID_NS + 9, CLOCK_GRID_NS) == 0


def test_signals_only_ask_to_stop() -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        code = f"""
import os
from connectors.inputs.source import STOP, stop_on_signals
stop_on_signals()
os.kill(os.getpid(), {int(number)})
assert STOP.wait(5)
"""
        assert subprocess.run([sys.executable, "-c", code], timeout=30, check=False).returncode == 0
