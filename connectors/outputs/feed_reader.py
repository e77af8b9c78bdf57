"""One client of the feed: says hello, gives the snapshot, then what changes and bit by bit the past, as fast as this client can take
it and no faster.

`send` waits while the client's socket is full. Nothing is kept for it meanwhile: when it drains, the reader asks the board what is
newer than what it has told. So a slow client gets the newest state, and the flow never knows.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import inf
from typing import Final

import msgspec
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode

from connectors.outputs.feed_board import Board, Entry
from scoring.feed import Control, Heartbeat, Hello, Subscribe, Topic, decode_request, encode
from scoring.records import ALL_SYMBOLS

HEARTBEAT_S: Final = 1.0
"""Seconds between heartbeats; a client takes several missed ones for a lost feed."""
_SOCKET_BYTES: Final = 128 * 1024
"""What the system may hold back for one client: more of it would be older news."""
_GATHERED_BYTES: Final = 32 * 1024
"""How many bytes of messages, one a line, go out at once: a websocket message costs both sides more than what is in it."""
_PAST_BYTES: Final = 256 * 1024
"""How much of the past a client is told between two looks at what is new: a screen takes it in within a frame or two."""
_MARKET_TOPICS: Final = frozenset(
    {
        Topic.TRADE_METRICS,
        Topic.SPREAD_METRICS,
        Topic.RISK_METRICS,
        Topic.PORTFOLIO,
        Topic.ALERTS,
        Topic.CANDLES,
        Topic.AUDITS,
        Topic.GAPS,
        Topic.POINTS,
    }
)
"""Topics that a choice of symbols narrows: the others speak of sources, channels and assets."""
_EXPECTED: Final = 'expected {"type": "subscribe", "topics": [...] or null, "symbols": [...] or null} or a control'
"""To a client that says anything else; the protocol allows 123 bytes."""


class Reader:
    """One connection."""

    def __init__(
        self, connection: ServerConnection, board: Board, hello: Hello, interval_s: float, control: Callable[[Control], None] | None = None
    ) -> None:
        """Start at nothing seen; `control` does what a client asks of a replay."""
        self._control = control
        self._connection = connection
        self._board = board
        self._hello = hello
        self._interval_s = interval_s
        self._seen = 0
        self._past: Iterator[Entry] = iter(())
        """What this client is still to be told of the past."""
        self._topics: frozenset[str] | None = None
        self._symbols: frozenset[str] | None = None
        self._subscribed = asyncio.Event()
        self.sent = 0
        """Messages sent."""

    async def run(self, stop: asyncio.Event) -> None:
        """Serve the client until it leaves or the feed stops."""
        connected: socket.socket = self._connection.transport.get_extra_info("socket")
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SOCKET_BYTES)
        listening = asyncio.create_task(self._listen())
        try:
            await self._send([encode(self._hello)])
            await self._send_snapshot()
            await self._follow(stop, listening)
        except ConnectionClosed:
            return
        finally:
            listening.cancel()
        if self._board.ended and stop.is_set():
            await self._connection.close(CloseCode.NORMAL_CLOSURE, "the tape has ended")
        elif stop.is_set():
            await self._connection.close(CloseCode.GOING_AWAY, "the flow has stopped")

    def abort(self) -> None:
        """Hang up on a client that takes nothing."""
        self._connection.transport.abort()

    async def _follow(self, stop: asyncio.Event, listening: asyncio.Task[None]) -> None:
        loop = asyncio.get_running_loop()
        started = heartbeat_at = loop.time()
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set() and not listening.done():
                if self._subscribed.is_set():
                    self._subscribed.clear()
                    await self._send_snapshot()
                await self._send_changes()
                await self._send_past()
                if loop.time() >= heartbeat_at:
                    heartbeat_at = loop.time() + HEARTBEAT_S
                    await self._send([encode(Heartbeat(loop.time() - started))])
                await asyncio.wait((stopping, listening), timeout=self._interval_s, return_when=asyncio.FIRST_COMPLETED)
            await self._send_changes()
        finally:
            stopping.cancel()

    async def _send(self, messages: Sequence[bytes]) -> None:
        await self._connection.send(b"\n".join(messages), text=True)
        self.sent += len(messages)

    async def _send_all(self, entries: Iterable[Entry], most_bytes: float = inf) -> None:
        """Write and send messages until so many bytes are told."""
        told, waiting, size = 0, list[bytes](), 0
        for entry in entries:
            waiting.append(entry.frame())
            size += len(waiting[-1])
            if size >= _GATHERED_BYTES:
                await self._send(waiting)
                told, waiting, size = told + size, [], 0
                if told >= most_bytes:
                    return
        if waiting:
            await self._send(waiting)

    async def _send_snapshot(self) -> None:
        self._seen, snapshot = self._board.snapshot(self._wants)
        await self._send([encode(snapshot)])
        self._past = self._board.past(self._wants)

    async def _send_changes(self) -> None:
        self._seen, entries = self._board.since(self._seen)
        await self._send_all(filter(self._wants, entries))

    async def _send_past(self) -> None:
        """Tell some of the past; the rest after the next changes, so that what is new never waits for what is old."""
        await self._send_all(self._past, _PAST_BYTES)

    def _wants(self, entry: Entry) -> bool:
        if self._topics is not None and entry.topic not in self._topics:
            return False
        if self._symbols is None or entry.topic not in _MARKET_TOPICS:
            return True
        return entry.symbol in self._symbols or entry.symbol == ALL_SYMBOLS

    async def _listen(self) -> None:
        try:
            async for text in self._connection:
                request = decode_request(text)
                if isinstance(request, Subscribe):
                    self._subscribe(request)
                elif self._control is not None:
                    self._control(request)
        except msgspec.DecodeError:
            await self._connection.close(CloseCode.POLICY_VIOLATION, _EXPECTED)
        except ConnectionClosed:
            return

    def _subscribe(self, request: Subscribe) -> None:
        self._topics = None if request.topics is None else frozenset(request.topics)
        self._symbols = None if request.symbols is None else frozenset(request.symbols)
        self._subscribed.set()
