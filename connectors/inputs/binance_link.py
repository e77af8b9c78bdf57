"""One websocket of a shard: subscribing at the pace that is allowed, and hearing what is no market data.

A link is ready when all its streams are subscribed to: at once where they fit into the address, otherwise after the last reply.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence

import msgspec

from connectors.inputs.websocket_client import WebSocketClient
from connectors.wire.binance_routes import OPENING

_SPECIAL = OPENING + b"!"
"""How frames begin that concern no symbol."""
_SHUTDOWN = b"serverShutdown"
_TOLD = 200
"""How many characters of an error are shown."""


class _Reply(msgspec.Struct):
    """The answer to a message."""

    id: int | str | None = None
    error: msgspec.Raw = msgspec.Raw()


class Link:
    """A connection of a shard, from its handshake on."""

    def __init__(
        self,
        client: WebSocketClient,
        host: str,
        messages: Sequence[bytes],
        per_second: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take an open connection, and the messages that subscribe to what its address does not name, numbered from 1."""
        self.client, self.host = client, host
        self._monotonic, self._pause_s = monotonic, 1 / per_second
        self.opened_at = self.heard_at = monotonic()
        self.heard = False
        """Whether market data has come."""
        self.last_ns = 0
        """When the last frame came, receive time."""
        self.shutting_down = False
        """Whether the server said that it will go."""
        self.error = ""
        """What the server disliked about a message."""
        self._unsent = deque(messages)
        self._unanswered = set(range(1, len(messages) + 1))
        self._next_at = self.opened_at

    @property
    def ready(self) -> bool:
        """Whether all streams are subscribed to."""
        return not self._unanswered

    @property
    def sends_at(self) -> float:
        """When the next message is due, monotonic seconds."""
        return self._next_at if self._unsent else float("inf")

    def gives_up_at(self, silence_s: float) -> float:
        """Give when this link is of no use: nothing came for so long, or no reply to the last message."""
        unanswered = self._unanswered and not self._unsent
        return (min(self.heard_at, self._next_at) if unanswered else self.heard_at) + silence_s

    def keep_pace(self) -> None:
        """Send the next message if it is due.

        Raises:
            OSError: the connection is lost.
        """
        now = self._monotonic()
        if self._unsent and now >= self._next_at:
            self._next_at = now + self._pause_s
            self.client.send(self._unsent.popleft())

    def hear(self, received_ns: int, frames: Sequence[bytes]) -> None:
        """Note that frames came, and what those say that are no market data."""
        self.last_ns, self.heard_at = received_ns, self._monotonic()
        unusual = [frame for frame in frames if not frame.startswith(OPENING) or frame.startswith(_SPECIAL)]
        if len(unusual) < len(frames):
            self.heard = True
        for frame in unusual:
            self._hear_notice(frame)

    def _hear_notice(self, frame: bytes) -> None:
        if _SHUTDOWN in frame:
            self.shutting_down = True
            return
        try:
            reply = msgspec.json.decode(frame, type=_Reply)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return  # no reply to us: whoever decodes the tape says what it is
        if error := bytes(reply.error):
            self.error = f"{self.host}: {error.decode(errors='replace')[:_TOLD]}"
        self._unanswered.discard(reply.id if isinstance(reply.id, int) else 0)
