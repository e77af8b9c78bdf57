"""The websocket server of the feed, in a thread and an event loop of its own, so that no client can hold up the flow.

The port is taken in the thread that starts it: a port in use stops the start, not the server's thread.
"""

from __future__ import annotations

import asyncio
import errno
import http
import logging
import socket
import threading
from typing import Final, Protocol

from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from connectors.outputs import feed_door, feed_health
from connectors.outputs.feed_board import Board
from connectors.outputs.feed_reader import Reader
from connectors.outputs.feed_settings import FeedSettings
from scoring.errors import ResourceError
from scoring.feed import Control, Hello

_REQUEST_BYTES: Final = 16 * 1024
"""Longest message a client may send: a subscription."""
_GOODBYE_S: Final = 0.1
"""How long clients have, at the end, to take the last news and to say goodbye."""
_LOOK_S: Final = 0.005
"""How often it looks whether they have."""
_THREAD_S: Final = 1.0
"""How long the thread may take to end before it is left behind."""

_log = logging.getLogger("ghosttape.feed")
_log.addFilter(lambda record: record.getMessage() != "opening handshake failed")


class Driven(Protocol):
    """What clients drive; called in the server's thread."""

    def watched(self) -> None:
        """Hear that a client is there."""

    def apply(self, control: Control) -> None:
        """Do what a client asks."""


class FeedServer:
    """A running server; `close` stops it."""

    def __init__(self, board: Board, hello: Hello, settings: FeedSettings, driven: Driven | None = None) -> None:
        """Take the port and start serving; `driven` is the tape of a replay.

        Raises:
            ResourceError: the port cannot be had.
        """
        self._board = board
        self._hello = hello
        self._settings = settings
        self._driven = driven
        self._readers: set[Reader] = set()
        self._sent_before = 0
        self._socket = listen(settings.host, settings.port)
        self.port: int = self._socket.getsockname()[1]
        """The port it listens on, also where 0 was asked for."""
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Tell clients the last news and say goodbye; takes less than 200 ms."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(_THREAD_S)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        server = serve(
            self._serve_client,
            sock=self._socket,
            process_request=self._answer,
            origins=[None],
            compression=None,
            max_size=_REQUEST_BYTES,
            close_timeout=_GOODBYE_S,
            server_header=None,
            logger=_log,
        )
        async with server as running:
            await self._stop.wait()
            running.close(close_connections=False)
            deadline = self._loop.time() + _GOODBYE_S
            while self._readers and self._loop.time() < deadline:
                await asyncio.sleep(_LOOK_S)
            for reader in self._readers:
                reader.abort()

    async def _serve_client(self, connection: ServerConnection) -> None:
        control = self._driven.apply if self._driven else None
        reader = Reader(connection, self._board, self._hello, self._settings.interval.seconds, control)
        if self._driven:
            self._driven.watched()
        self._readers.add(reader)
        try:
            await reader.run(self._stop)
        finally:
            self._readers.discard(reader)
            self._sent_before += reader.sent

    def _answer(self, _connection: ServerConnection, request: Request) -> Response | None:
        path = feed_door.path_of(request)
        if path == "/healthz":
            return feed_door.answer(http.HTTPStatus.OK, feed_health.health(self._hello, self._board, len(self._readers)), feed_door.JSON)
        if not feed_door.may_enter(request, self._settings.token):
            return feed_door.refuse(
                http.HTTPStatus.UNAUTHORIZED, "this feed needs the token of the flow: ?token=… or Authorization: Bearer …"
            )
        if path == "/metrics":
            sent = self._sent_before + sum(reader.sent for reader in self._readers)
            return feed_door.answer(http.HTTPStatus.OK, feed_health.metrics(self._board, len(self._readers), sent), feed_door.PROMETHEUS)
        if path != "/":
            return feed_door.refuse(http.HTTPStatus.NOT_FOUND, "the feed is at /, health at /healthz, counts at /metrics")
        if len(self._readers) >= (places := self._settings.clients):
            return feed_door.refuse(http.HTTPStatus.SERVICE_UNAVAILABLE, f"all {places} places are taken: see feed.clients")
        return None


def listen(host: str, port: int) -> socket.socket:
    """Take the port.

    Raises:
        ResourceError: it cannot be had.
    """
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            todo = "stop the program that has it, or set feed.port to another (0 for any free one)"
            raise ResourceError(f"feed: port {port} on {host} is in use: {todo}") from error
        raise ResourceError(f"feed: cannot listen on {host} port {port} ({error.strerror}): set feed.host and feed.port") from error
