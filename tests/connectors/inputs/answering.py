"""A site on loopback that answers as it is told, and remembers what it was asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec

from connectors.inputs.live import LiveFeed
from connectors.tape.recorder import Recorder
from tests.waiting import wait_until


class Reply(msgspec.Struct, frozen=True):
    """One answer."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = {}
    delay_s: float = 0.0
    """Before each piece."""
    pieces: int = 1
    """How many the body is sent in; without a length if more than one."""


class Asked(msgspec.Struct, frozen=True):
    """One question, as it came in."""

    path: str
    headers: dict[str, str]
    """Names in lower case."""
    at: float
    """Monotonic seconds."""


class Site:
    """Answers the n-th question for a path with the n-th of its replies, the last one again and again; others with 404."""

    def __init__(self, replies: Mapping[str, Sequence[Reply]]) -> None:
        """Take the replies by path, without what follows `?`."""
        self.replies = {path: list(those) for path, those in replies.items()}
        self.asked: list[Asked] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.answer(self)

            def log_message(self, format: str, *arguments: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Note a question and reply."""
        path = handler.path.partition("?")[0]
        self.asked.append(Asked(handler.path, {name.lower(): value for name, value in handler.headers.items()}, time.monotonic()))
        told = self.replies.get(path, [Reply(status=404)])
        reply = told.pop(0) if len(told) > 1 else told[0]
        try:
            self.send(handler, reply)
        except (BrokenPipeError, ConnectionResetError):
            handler.close_connection = True  # who asked had enough

    def send(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        """Send one reply, in its pieces."""
        handler.send_response(reply.status)
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        if reply.pieces == 1:
            handler.send_header("Content-Length", str(len(reply.body)))
        handler.end_headers()
        for piece in range(reply.pieces):
            time.sleep(reply.delay_s)
            size = -(-len(reply.body) // reply.pieces)
            handler.wfile.write(reply.body[piece * size : (piece + 1) * size])
            handler.wfile.flush()

    def wait_for(self, questions: int) -> list[Asked]:
        """Wait until so many questions came in."""
        wait_until(lambda: len(self.asked) >= questions)
        return self.asked


@contextmanager
def serving(replies: Mapping[str, Sequence[Reply]]) -> Iterator[Site]:
    """Run a site for the time of a test."""
    site = Site(replies)
    thread = threading.Thread(target=site.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.server.shutdown()
        site.server.server_close()
        thread.join()


@contextmanager
def running(feed: LiveFeed, folder: Path) -> Iterator[Recorder]:
    """Run a feed on a tape of its own."""
    recorder = Recorder(folder)
    feed.start(recorder)
    try:
        yield recorder
    finally:
        feed.close()
        recorder.close()


def frames(recorder: Recorder, feed: str, count: int) -> list[bytes]:
    """Wait for frames of one feed and give all there are."""
    wait_until(lambda: recorder.committed(feed) >= count)
    row, found = recorder.first_row, list[bytes]()
    while (chunk := recorder.read(row, 10_000)) is not None:
        found += [chunk.payloads[index] for index in chunk.rows_of(feed).tolist()]
        row += len(chunk)
    return found
