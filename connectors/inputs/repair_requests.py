"""Where the flow's gaps become requests: a sink of one partition in front of the repair.

Its snapshot is what the repair still wants. So a kill between a gap and its repair loses nothing: the flow resumes with the same
wants, and what was fetched in between stands on the tape behind the position it resumes from.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

from connectors.inputs.repair import RepairFeed
from scoring.records import Gap, Rows, Table

PARTITION: Final = "one"
"""The only partition, for ever: everything goes there, whatever its key."""


class RepairPartition(StatefulSinkPartition[Rows, bytes]):
    """Hands gaps to a feed."""

    def __init__(self, feed: RepairFeed, resume_state: bytes | None) -> None:
        """Ask again for what was wanted."""
        self._feed = feed
        if resume_state is not None:
            feed.resume(resume_state)

    def write_batch(self, values: list[Rows]) -> None:
        """Take rows of gaps; others are not about repair."""
        gaps = [gap for rows in values if rows.table is Table.GAPS for gap in gaps_of(rows)]
        if gaps:
            self._feed.take(gaps)

    def snapshot(self) -> bytes:
        """Give what is still wanted."""
        return self._feed.snapshot()


class RepairRequests(FixedPartitionedSink[Rows, bytes]):
    """`op.output("repairs", keyed, RepairRequests(feed))` with items `(key, rows)`, in the process of the feed."""

    def __init__(self, feed: RepairFeed) -> None:
        """Take the feed that repairs."""
        self._feed = feed

    def list_parts(self) -> list[str]:
        """Name the one partition."""
        return [PARTITION]

    def part_fn(self, item_key: str) -> int:  # noqa: ARG002
        """Send everything to it."""
        return 0

    def build_part(self, step_id: str, for_part: str, resume_state: bytes | None) -> RepairPartition:  # noqa: ARG002
        """Connect to the feed."""
        return RepairPartition(self._feed, resume_state)


def gaps_of(rows: Rows) -> Iterator[Gap]:
    """Give the rows of `Table.GAPS` as gaps."""
    for values in zip(*(rows.columns[name].tolist() for name in Gap.__struct_fields__), strict=True):
        yield Gap(*values)
