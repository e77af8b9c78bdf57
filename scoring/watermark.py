"""How far event time has come, judged row by row, so that the cut of a tape into batches can change nothing.

Event time moves with the data: it is the largest event time seen so far. Where a symbol is silent it moves with the recorder's
clock, some `idle` behind it: that allowance covers the skew between the two clocks and the slowest path. A window is closed once
event time has passed its end by the allowed `lateness`. What matters for law 2 is that "passed" is asked of the time reached
*before* each row, never of a batch.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from scoring.records import CLOCK_GRID_NS, NANOSECONDS_PER_SECOND

Instants: TypeAlias = NDArray[np.int64]
"""int64[n], nanoseconds UTC."""

UNSET_NS = -(1 << 62)
"""Before any data."""


class Watermark(msgspec.Struct):
    """Event time of one input of one symbol."""

    lateness_ns: int = 10 * NANOSECONDS_PER_SECOND
    """How long a window waits for rows that are out of order."""
    idle_ns: int = 5 * NANOSECONDS_PER_SECOND
    """How far event time stays behind the recorder's clock while nothing arrives."""
    reached_ns: int = UNSET_NS
    """Event time reached."""

    @property
    def closed_ns(self) -> int:
        """Windows that end at or before this instant are closed."""
        return self.reached_ns - self.lateness_ns

    def advance(self, event_ns: Instants, received_ns: Instants) -> Instants:
        """Take rows in tape order and give the event time reached before each of them (int64[n]).

        Row i is too late for a window that ends at or before `result[i] - lateness_ns`.
        """
        clock = received_ns // CLOCK_GRID_NS * CLOCK_GRID_NS - self.idle_ns
        before = np.empty(len(event_ns), np.int64)
        if len(before):
            before[0] = self.reached_ns
            before[1:] = event_ns[:-1]
            np.maximum(before, clock, out=before)
            np.maximum.accumulate(before, out=before)
            self.reached_ns = max(int(before[-1]), int(event_ns[-1]))
        return before

    def advance_one(self, event_ns: int, received_ns: int) -> int:
        """Take one row: `advance` for a single one, without arrays."""
        before = max(self.reached_ns, received_ns // CLOCK_GRID_NS * CLOCK_GRID_NS - self.idle_ns)
        self.reached_ns = max(before, event_ns)
        return before

    def tick(self, at_ns: int) -> None:
        """Take a mark of the recorder's clock."""
        self.reached_ns = max(self.reached_ns, at_ns - self.idle_ns)
