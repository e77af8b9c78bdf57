"""A real websocket server on loopback that does what a test tells it."""

from __future__ import annotations

import http
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType

from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

from connectors.tape.reader import FrameReader
from connectors.wire.gap import GAP_FEED, decode_gap
from scoring.records import Gap

WAIT_SECONDS = 30.0
RESET = struct.pack("ii", 1, 0)


def trade(number: int, symbol: str = "BTCUSDT") -> bytes:
    """A trade as the exchange writes it."""
    stream = f"{symbol.lower()}@trade"
    return (
        f'{{"stream":"{stream}","data":{{"e":"trade","E":{1_700_000_000_000 + number},"s":"{symbol}","t":{number},"p":"1.5",'
        f'"q":"2.0","T":{1_700_000_000_000 + number},"m":true,"M":true}}}}'
    ).encode()


class MarketServer:
    """Accepts connections, remembers what they say, and sends only what it is told to."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        """Speak TLS if told to."""
        self.connections: list[ServerConnection] = []
        self.paths: list[str] = []
        self.heard: list[tuple[float, str]] = []
        self.refusal: tuple[int, dict[str, str]] | None = None
        self._tls = tls
        self._changed = threading.Condition()

    def __enter__(self) -> MarketServer:
        """Listen."""
        self._server: Server = serve(
            self._handle,
            "127.0.0.1",
            0,
            ssl=self._tls,
            compression=None,
            process_request=self._answer,
            ping_interval=None,
            close_timeout=0.1,
        )
        self.port = self._server.socket.getsockname()[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Reset what is open and stop."""
        for number in range(len(self.connections)):
            self.drop(number)
        self._server.shutdown()
        self._thread.join()

    @property
    def address(self) -> str:
        """Where to connect to."""
        return f"{'wss' if self._tls else 'ws'}://127.0.0.1:{self.port}"

    def wait_for(self, connections: int) -> None:
        """Wait until so many have connected."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.connections) >= connections, WAIT_SECONDS)

    def send(self, *frames: bytes, to: int = -1) -> None:
        """Send to one connection, the newest if none is named."""
        for frame in frames:
            self.connections[to].send(frame, text=True)

    def publish(self, frame: bytes) -> None:
        """Send to everyone who is there."""
        for connection in tuple(self.connections):
            try:
                connection.send(frame, text=True)
            except ConnectionClosed:
                continue

    def drop(self, number: int) -> None:
        """Reset a connection without a word."""
        connection = self.connections[number]
        try:
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            connection.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def _answer(self, connection: ServerConnection, request: Request) -> Response | None:  # noqa: ARG002 (told by name)
        self.paths.append(request.path)
        if self.refusal is None:
            return None
        status, headers = self.refusal
        body = b"refused"
        return Response(status, http.HTTPStatus(status).phrase, Headers({**headers, "Content-Length": str(len(body))}), body)

    def _handle(self, connection: ServerConnection) -> None:
        with self._changed:
            self.connections.append(connection)
            self._changed.notify_all()
        try:
            for message in connection:
                self.heard.append((time.monotonic(), str(message)))
        except ConnectionClosed:
            return


def frames_of(folder: Path) -> Iterator[tuple[str, int, bytes]]:
    """Read a partition from disk: feed, receive time, payload."""
    with closing(FrameReader(folder)) as reader:
        row = 0
        while (chunk := reader.read(row, 100_000)) is not None:
            for index, payload in enumerate(chunk.payloads):
                yield chunk.feed(index), int(chunk.received_ns[index]), payload
            row = chunk.end_row


def gaps_of(frames: Sequence[tuple[str, int, bytes]]) -> list[Gap]:
    """Pick the gaps."""
    return [decode_gap(payload) for feed, _, payload in frames if feed == GAP_FEED]
