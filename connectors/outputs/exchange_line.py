"""What one client is sent: frames, encoded once for all clients, and what a script of faults does to them on the way.

Text frames of a server have a header of two to ten bytes in front of the payload and nothing else, so the frames of a tick are
joined and handed to the socket in one call: a call for each would cost ten times as much as everything else here.
"""

from __future__ import annotations

import struct
from collections import Counter, deque
from collections.abc import Sequence
from random import Random
from typing import Final, Protocol

_TEXT: Final = 0x81
_SHORT: Final = 126
_MEDIUM: Final = 1 << 16


class Socket(Protocol):
    """Where bytes go."""

    def write(self, data: bytes) -> None:
        """Send them, or keep them until they can be sent."""


def encode(payload: bytes) -> bytes:
    """Make a text frame of the websocket.

    >>> encode(b"{}")
    b'\\x81\\x02{}'
    """
    size = len(payload)
    if size < _SHORT:
        return struct.pack("!BB", _TEXT, size) + payload
    if size < _MEDIUM:
        return struct.pack("!BBH", _TEXT, _SHORT, size) + payload
    return struct.pack("!BBQ", _TEXT, _SHORT + 1, size) + payload


class Line:
    """The way to one client."""

    def __init__(self, socket: Socket, seed: int, counts: Counter[str]) -> None:
        """Take where bytes go; `seed` decides how frames are reordered and spoiled; `counts` gathers what was done."""
        self._socket, self._random, self._counts = socket, Random(seed), counts
        self._muted = 0
        self._delay_ns = 0
        self._twice = 0
        self._spoil = 0
        self._shuffle = 0
        self._shuffled: list[bytes] = []
        self._late: deque[tuple[int, bytes]] = deque()
        self._faulty = False

    def put(self, payloads: Sequence[bytes], at_ns: int) -> None:
        """Send payloads that are due at an instant of the session."""
        if self._faulty:
            payloads = self._treat(payloads, at_ns)
        if payloads:
            self._counts["frames"] += len(payloads)
            self._socket.write(b"".join(map(encode, payloads)))

    def release(self, now_ns: int) -> None:
        """Send what was held back until now."""
        due = []
        while self._late and self._late[0][0] <= now_ns:
            due.append(self._late.popleft()[1])
        if due:
            self._counts["frames"] += len(due)
            self._socket.write(b"".join(map(encode, due)))
            self._settle()

    def finish(self, at_ns: int) -> None:
        """Send what waits for others that will not come: the tape has ended."""
        waiting, self._shuffled, self._shuffle = self._shuffled, [], 0
        self.put(waiting, at_ns)

    def mute(self, *, on: bool) -> None:
        """Lose everything from now on, or no more."""
        self._muted += 1 if on else -1
        self._settle()

    def delay(self, by_ns: int) -> None:
        """Send everything so much later from now on."""
        self._delay_ns += by_ns
        self._settle()

    def duplicate(self, frames: int) -> None:
        """Send the next frames twice."""
        self._twice += frames
        self._settle()

    def spoil(self, frames: int) -> None:
        """Corrupt the next frames."""
        self._spoil += frames
        self._settle()

    def reorder(self, frames: int) -> None:
        """Send the next frames in another order, once all of them are there."""
        self._shuffle += frames
        self._settle()

    def _settle(self) -> None:
        self._faulty = bool(self._muted or self._delay_ns or self._twice or self._spoil or self._shuffle or self._late)

    def _treat(self, payloads: Sequence[bytes], at_ns: int) -> Sequence[bytes]:
        """Apply what is wrong, and give what can be sent at once."""
        if self._muted:
            self._counts["frames lost in silence"] += len(payloads)
            return ()
        sent = [treated for payload in payloads for treated in self._one(payload)]
        if self._delay_ns or self._late:
            # Order is kept: nothing overtakes what still waits.
            due_ns = max(at_ns + self._delay_ns, self._late[-1][0] if self._late else 0)
            self._late.extend((due_ns, payload) for payload in sent)
            self._counts["frames delayed"] += len(sent)
            sent = []
        self._settle()
        return sent

    def _one(self, payload: bytes) -> list[bytes]:
        if self._spoil:
            self._spoil -= 1
            self._counts["frames corrupted"] += 1
            payload = _spoiled(payload, self._random)
        sent = [payload]
        if self._twice:
            self._twice -= 1
            self._counts["frames duplicated"] += 1
            sent.append(payload)
        if self._shuffle:
            self._shuffle -= 1
            self._shuffled += sent
            if self._shuffle:
                return []
            sent, self._shuffled = self._shuffled, []
            self._random.shuffle(sent)
            self._counts["frames reordered"] += len(sent)
        return sent


def _spoiled(payload: bytes, random: Random) -> bytes:
    """Cut a payload off, or flip one of its quotes: either way it is no JSON any more, which a flipped digit would be."""
    quotes = [place for place, byte in enumerate(payload) if byte == ord('"')]
    if not quotes or random.random() < 0.5:
        return payload[: random.randrange(len(payload))] if payload else payload
    place = random.choice(quotes)
    return payload[:place] + b"#" + payload[place + 1 :]
