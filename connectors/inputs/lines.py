"""A feed of lines over TCP: any program can put frames on the tape, and lose none.

The client connects and says in one line which feed it is and how many of its frames are on the tape already,
`{"feed": "binance", "have": 1234}`; the other end sends its frames from that one on, one payload per line, and ends the
connection when it has no more. So a broken connection or a killed recorder costs nothing: the next connection goes on from what
is on the tape.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Sequence

import msgspec

from connectors.tape.recorder import Recorder
from scoring.duration import Duration
from scoring.errors import ResourceError
from scoring.records import SourceHealth

_RECEIVE_BYTES = 1 << 18


class LinesSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a feed of lines comes from."""

    port: int
    """TCP port of the program that sends."""
    host: str = "127.0.0.1"
    """Its address."""
    feed: str = "binance"
    """How the payloads are decoded: the name of a feed on the tape."""
    retry: Duration = Duration.parse("1s")
    """How long after a lost connection the next one is tried."""
    longest_line: int = 16 << 20
    """Bytes; a longer line is cut there, and what it becomes is a reject."""


class LinesFeed:
    """Receives in a thread of its own, stamps each line when its bytes arrive, and puts it on the tape."""

    def __init__(self, settings: LinesSettings) -> None:
        """Take where to connect to."""
        self._settings = settings
        self._stopped = threading.Event()
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._now: Callable[[], int] | None = None
        self._state, self._last_error = "connecting", ""
        self._last_ns = self._frames = 0

    def start(self, recorder: Recorder) -> None:
        """Begin to receive."""
        self._now = recorder.now
        self._thread = threading.Thread(target=self._run, args=(recorder,), name="lines", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop receiving and wait for the thread."""
        self._stopped.set()
        if self._socket is not None:
            try:
                self._socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                self._socket = None  # the other end was quicker: there is nothing to shut down
        if self._thread is not None:
            self._thread.join()

    def health(self) -> Sequence[SourceHealth]:
        """Say how it is doing."""
        clock, name = self._now, f"{self._settings.feed} lines"
        return (SourceHealth(name, clock(), self._state, self._last_ns, self._frames, last_error=self._last_error),) if clock else ()

    def _run(self, recorder: Recorder) -> None:
        address = (self._settings.host, self._settings.port)
        while not self._stopped.is_set():
            try:
                with socket.create_connection(address, timeout=1.0) as connection:
                    self._socket = connection
                    if not self._stopped.is_set():  # whoever closes first says so, then looks for the socket
                        self._receive(connection, recorder)
                self._state = "connecting"
            except OSError as error:
                self._socket = None  # refused, lost or timed out: tried again below
                self._state, self._last_error = "down", str(error)
            except ResourceError:
                return  # the tape cannot be written any more: who reads it is told the same, and ends the flow
            self._stopped.wait(self._settings.retry.seconds)

    def _receive(self, connection: socket.socket, recorder: Recorder) -> None:
        feed = self._settings.feed
        recorder.flush()  # what an earlier connection brought is counted before asking for the rest
        connection.sendall(msgspec.json.encode({"feed": feed, "have": recorder.committed(feed)}) + b"\n")
        connection.settimeout(None)
        self._state = "live"
        for received_ns, lines in self._lines(connection, recorder.now):
            recorder.put_many(received_ns, feed, lines)
            self._last_ns, self._frames = received_ns, self._frames + len(lines)

    def _lines(self, connection: socket.socket, now: Callable[[], int]) -> Iterator[tuple[int, list[bytes]]]:
        """Give whole lines as they arrive, with the instant of their last bytes."""
        rest, cutting = b"", False
        while data := connection.recv(_RECEIVE_BYTES):
            received_ns = now()
            *lines, rest = (rest + data).split(b"\n")
            if cutting and lines:  # the end of a line that was cut: one line stays one frame, or `have` would say too much
                del lines[0]
                cutting = False
            if cutting:
                rest = b""
            elif len(rest) > self._settings.longest_line:
                lines, rest, cutting = [*lines, rest], b"", True
            if lines:
                yield received_ns, lines
