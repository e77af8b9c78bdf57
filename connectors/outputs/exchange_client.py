"""One websocket connection: what it has subscribed to, the line its frames take, and the ways to end it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
from collections import Counter
from collections.abc import Coroutine
from typing import Any, Final

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.protocol import State

from connectors.outputs.exchange_line import Line
from connectors.outputs.exchange_streams import Opening, Session

_RESET: Final = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
"""SO_LINGER: close at once, with a reset."""


class Client:
    """A connection."""

    def __init__(self, connection: ServerConnection, number: int, opening: Opening, counts: Counter[str]) -> None:
        """Take the n-th connection (from 1) and what its address asks for."""
        self.connection, self.number = connection, number
        self.session = Session(opening)
        self.line = Line(self, number, counts)
        self._tasks: set[asyncio.Task[None]] = set()

    def write(self, data: bytes) -> None:
        """Hand whole frames to the socket; nothing goes out once a goodbye has."""
        if self.connection.state is State.OPEN:
            self.connection.transport.write(data)

    @property
    def waiting_bytes(self) -> int:
        """How much the client has not taken yet."""
        return self.connection.transport.get_write_buffer_size()

    def reset(self) -> None:
        """Drop the TCP connection without a word; what was not sent yet is lost."""
        raw = self.connection.transport.get_extra_info("socket")
        if raw is not None and not self.connection.transport.is_closing():
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.connection.transport.abort()

    def goodbye(self) -> None:
        """Close the connection properly."""
        self._do(self.connection.close(CloseCode.GOING_AWAY))

    def send(self, payload: bytes) -> None:
        """Send a message of its own."""
        self._do(self.connection.send(payload, text=True))

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(_unless_closed(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _unless_closed(work: Coroutine[Any, Any, None]) -> None:
    with contextlib.suppress(ConnectionClosed):
        await work
