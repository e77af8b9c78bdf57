"""Many partitions, one order: messages are handed on by the instant they were ingested, and time is known to have come so far.

A partition's own order is kept; between partitions the older message goes first, so reading the same topics again gives the same
order however fast each was fetched. A partition from which nothing has come yet holds the others back, until it says that it is
at its end; from then on it holds back only what is younger than `wait`, which covers the way of a message from its stamp to here.
So a reader that comes back after an hour lives that hour through in order, with the clock of that hour: its windows close as
they would have closed, and nothing in it is late. Pure: what time it is comes in as an argument.
"""

from __future__ import annotations

import heapq
from collections import deque
from typing import Final, Generic, TypeVar

from connectors.wire.kafka_marks import Place

Item = TypeVar("Item")

_FAR: Final = 1 << 62


class _Queue(Generic[Item]):
    """What has come from one partition and is not handed on."""

    def __init__(self) -> None:
        self.waiting: deque[tuple[int, Item]] = deque()
        self.last_ns = 0
        self.at_end = False


class Order(Generic[Item]):
    """Messages of several partitions."""

    def __init__(self, wait_ns: int) -> None:
        """Take how long an empty partition holds back what is young."""
        self._wait_ns = wait_ns
        self._queues: dict[Place, _Queue[Item]] = {}
        self._reached_ns = 0

    def add(self, place: Place) -> None:
        """Wait for a partition from now on."""
        self._queues[place] = _Queue()

    def drop(self, place: Place) -> None:
        """Forget a partition, and what has come from it."""
        self._queues.pop(place, None)

    def push(self, place: Place, stamp_ns: int, item: Item) -> None:
        """Take a message; one stamped before its partition's last is as old as that."""
        queue = self._queues[place]
        queue.last_ns = max(queue.last_ns, stamp_ns)
        queue.at_end = False
        queue.waiting.append((queue.last_ns, item))

    def end(self, place: Place) -> None:
        """Hear that a partition holds nothing more, now."""
        if place in self._queues:
            self._queues[place].at_end = True

    def doubt(self) -> None:
        """Hear that nothing is fetched: no partition is known to be at its end."""
        for queue in self._queues.values():
            queue.at_end = False

    def doubtful(self) -> list[Place]:
        """Name the partitions that hold the others back without a message of their own."""
        return [place for place, queue in self._queues.items() if not queue.waiting and not queue.at_end]

    def is_exhausted(self) -> bool:
        """Say whether every partition was at its end, and all of it is handed on."""
        return bool(self._queues) and all(queue.at_end and not queue.waiting for queue in self._queues.values())

    def waiting(self, place: Place) -> int:
        """Count what has come from a partition and is not handed on."""
        return len(self._queues[place].waiting) if place in self._queues else 0

    def take(self, now_ns: int, most: int) -> list[tuple[int, Place, Item]]:
        """Hand on what is due, in order: (when it was ingested, its partition, the message)."""
        heads = [(queue.waiting[0][0], place) for place, queue in self._queues.items() if queue.waiting]
        heapq.heapify(heads)
        empty = ((self._bound(queue, now_ns), place) for place, queue in self._queues.items() if not queue.waiting)
        limit = min(empty, default=(_FAR, ("", 0)))  # with the partition, which decides between two of one instant
        taken: list[tuple[int, Place, Item]] = []
        while heads and heads[0] <= limit and len(taken) < most:
            stamp_ns, place = heads[0]
            queue = self._queues[place]
            taken.append((stamp_ns, place, queue.waiting.popleft()[1]))
            if queue.waiting:
                heapq.heapreplace(heads, (queue.waiting[0][0], place))
            else:
                heapq.heappop(heads)
                limit = min(limit, (self._bound(queue, now_ns), place))
        return taken

    def reached(self, now_ns: int) -> int:
        """Say how far time has come: whatever was ingested before that instant has been handed on. Never goes back."""
        bounds = (queue.waiting[0][0] if queue.waiting else self._bound(queue, now_ns) for queue in self._queues.values())
        self._reached_ns = max(self._reached_ns, min(bounds, default=0))
        return self._reached_ns

    def _bound(self, queue: _Queue[Item], now_ns: int) -> int:
        """Give the instant up to which nothing more can come from an empty partition."""
        return max(queue.last_ns, now_ns - self._wait_ns) if queue.at_end else queue.last_ns
