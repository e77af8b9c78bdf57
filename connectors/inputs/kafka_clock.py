"""The clock of a tape that is fed from topics: it stands where the topics have been read to, and runs with ours at their end.

A recorder marks time on its tape, and windows close by those marks. What waits in topics is old when it comes; a clock that ran
ahead of it would make all of it late. So `Recorder(folder, settings, clock)` and `KafkaFeed(…, clock)` share one of these.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from scoring.records import CLOCK_GRID_NS


class TopicClock:
    """Time as the topics tell it, ns UTC. Any thread may ask; the feed moves it."""

    def __init__(self, wall: Callable[[], int] = time.time_ns) -> None:
        """Take the clock that the programs which fill the topics stamp with."""
        self.wall = wall
        self._reached_ns = 0

    def __call__(self) -> int:
        """Give the newest mark of the clock's grid that has been reached: between marks it stands."""
        return self._reached_ns // CLOCK_GRID_NS * CLOCK_GRID_NS

    def move(self, reached_ns: int) -> None:
        """Move on, once what was ingested before an instant is on the tape; it never goes back."""
        self._reached_ns = max(self._reached_ns, reached_ns)
