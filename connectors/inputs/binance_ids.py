"""Two connections, one tape: what both bring during a rotation goes on the tape once, and nothing is left out.

The old connection is followed until the new one has shown, stream by stream, that it was there in time: as soon as the old one has
reached an event that the new one has brought as well, everything later is on the new one, and from then on whichever is first is
taken. Until then what the new one brings is held back, so that the tape keeps the order of each stream. When the old one is let go
the new one may still bring, late, what the old one has brought: so ids are looked at for a while longer.

Each kind of stream has its own number: trades their ids, quotes and books the id of the update, candles the instant of the event.
What has none (an unknown stream, a reply, a broken message) is passed on from both, and may stand on the tape twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

from connectors.wire.binance_routes import OPENING

_NUMBERS: Final = (
    (b"trade", re.compile(rb'"t":(\d+)')),
    (b"aggTrade", re.compile(rb'"a":(\d+)')),
    (b"bookTicker", re.compile(rb'"u":(\d+)')),
    (b"depth", re.compile(rb'"(?:u|lastUpdateId)":(\d+)')),
    (b"kline_", re.compile(rb'"E":(\d+)')),
)
"""By the beginning of a stream's name behind its symbol."""
_REMEMBERED: Final = 1 << 16
"""Numbers kept per stream: several seconds of the busiest one."""

Event: TypeAlias = tuple[bytes, int]
"""A stream and the number of one of its events."""


def event_of(frame: bytes) -> Event | None:
    """Say which event of which stream this is; None where nothing in it says so.

    >>> event_of(b'{"stream":"btcusdt@trade","data":{"e":"trade","E":3,"s":"BTCUSDT","t":12,"p":"1.0"}}')
    (b'btcusdt@trade', 12)
    """
    if not frame.startswith(OPENING):
        return None
    stream = frame[len(OPENING) : frame.find(b'"', len(OPENING))]
    kind = stream.partition(b"@")[2]
    number = next((pattern.search(frame) for beginning, pattern in _NUMBERS if kind.startswith(beginning)), None)
    return (stream, int(number[1])) if number else None


class _Stream:
    """What is known of one stream while it changes hands."""

    def __init__(self) -> None:
        self.seen: dict[int, None] = {}
        """Numbers that were passed on, oldest first."""
        self.newest_old = -1
        """Highest number of the old connection."""
        self.first_new: int | None = None
        """First number of the new connection."""
        self.held: list[tuple[int, bytes]] = []
        """What the new connection brought too early."""

    @property
    def joined(self) -> bool:
        """Whether both connections are known to overlap."""
        return self.first_new is not None and self.newest_old >= self.first_new

    def take(self, number: int) -> bool:
        """Say whether this event is new, and remember it."""
        if number in self.seen:
            return False
        self.seen[number] = None
        if len(self.seen) > _REMEMBERED:
            del self.seen[next(iter(self.seen))]
        return True

    def release(self) -> list[bytes]:
        """Give what was held back and did not come from the old connection."""
        held, self.held = self.held, []
        return [frame for number, frame in held if self.take(number)]


class Handover:
    """From one connection to its successor. Begins before the successor connects, so that no event is missed between them."""

    def __init__(self) -> None:
        """Begin with nothing known."""
        self._streams: dict[bytes, _Stream] = {}
        self._alone = False
        self._held = 0
        self.duplicates = 0
        """Events that both brought."""

    @property
    def holds(self) -> bool:
        """Whether something of the new connection is held back: the old one has not come so far."""
        return self._held > 0

    @property
    def proven(self) -> bool:
        """Whether the streams the new connection brought are all known to overlap, and there are any."""
        begun = [stream for stream in self._streams.values() if stream.first_new is not None]
        return bool(begun) and all(stream.joined for stream in begun)

    def old(self, frames: Iterable[bytes]) -> list[bytes]:
        """Take what the old connection brought; give what goes on the tape."""
        return [passed for frame in frames for passed in self._follow(frame, self._of_old)]

    def new(self, frames: Iterable[bytes]) -> list[bytes]:
        """Take what the new connection brought; give what goes on the tape."""
        return [passed for frame in frames for passed in self._follow(frame, self._of_new)]

    def finish(self) -> list[bytes]:
        """Do without the old connection; give what was held back."""
        self._alone = True
        return [frame for stream in self._streams.values() for frame in self._release(stream)]

    def _follow(self, frame: bytes, of: Callable[[_Stream, int, bytes], list[bytes]]) -> list[bytes]:
        event = event_of(frame)
        return [frame] if event is None else of(self._streams.setdefault(event[0], _Stream()), event[1], frame)

    def _of_old(self, stream: _Stream, number: int, frame: bytes) -> list[bytes]:
        stream.newest_old = max(stream.newest_old, number)
        passed = self._once(stream, number, frame)
        return passed + self._release(stream) if stream.held and stream.joined else passed

    def _of_new(self, stream: _Stream, number: int, frame: bytes) -> list[bytes]:
        if stream.first_new is None:
            stream.first_new = number
        if stream.joined or self._alone:
            return self._once(stream, number, frame)
        stream.held.append((number, frame))
        self._held += 1
        return []

    def _once(self, stream: _Stream, number: int, frame: bytes) -> list[bytes]:
        if stream.take(number):
            return [frame]
        self.duplicates += 1
        return []

    def _release(self, stream: _Stream) -> list[bytes]:
        held = len(stream.held)
        self._held -= held
        released = stream.release()
        self.duplicates += held - len(released)
        return released
