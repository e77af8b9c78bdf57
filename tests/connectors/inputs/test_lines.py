"""Lines over TCP, onto a live tape, out of a live partition: a real server, a real recorder, real files."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from connectors.inputs.lines import LinesFeed, LinesSettings
from connectors.inputs.live import LiveFrames
from connectors.inputs.source import STOP
from connectors.tape.recorder import Recorder
from scoring.duration import Duration
from tests.waiting import wait_until


class Server(threading.Thread):
    """Sends `script[n]` to the n-th client and ends the connection."""

    def __init__(self, script: list[bytes]) -> None:
        super().__init__(daemon=True)
        self.script, self.asked = script, list[int]()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.socket.getsockname()[1])

    def run(self) -> None:
        with self.socket:
            for content in self.script:
                connection, _ = self.socket.accept()
                with connection, connection.makefile("rb") as reader:
                    self.asked.append(msgspec.json.decode(reader.readline())["have"])
                    connection.sendall(content)

    def settings(self) -> LinesSettings:
        return LinesSettings(port=self.port, retry=Duration.parse("20ms"), longest_line=100)


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    made = Recorder(tmp_path / "frames" / "live")
    yield made
    made.close()


def frames_of(recorder: Recorder, count: int) -> list[bytes]:
    wait_until(lambda: recorder.committed("binance") >= count)
    row, found = 0, list[bytes]()
    while (chunk := recorder.read(row, 1000)) is not None:
        found += [chunk.payloads[index] for index in chunk.rows_of("binance").tolist()]
        row += len(chunk)
    return found


def test_lines_become_frames_and_each_connection_goes_on_where_the_tape_is(recorder: Recorder) -> None:
    server = Server([b"one\ntwo\npart", b"three\n", b""])
    server.start()
    feed = LinesFeed(server.settings())
    feed.start(recorder)
    assert frames_of(recorder, 3) == [b"one", b"two", b"three"]  # what was cut off is asked for again, not kept
    server.join(10)
    feed.close()
    assert server.asked == [0, 2, 3]


def test_a_line_without_an_end_is_cut_where_memory_would_be_lost(recorder: Recorder) -> None:
    server = Server([b"x" * 250 + b"\n"])
    server.start()
    feed = LinesFeed(server.settings())
    feed.start(recorder)
    found = b"".join(frames_of(recorder, 1))
    feed.close()
    server.join(10)
    assert set(found) == {ord("x")}


def test_a_line_that_was_cut_is_still_one_frame_so_that_none_after_it_is_left_out(recorder: Recorder) -> None:
    server = Server([b"x" * (1 << 20) + b"\nnext\n", b"last\n", b""])
    server.start()
    feed = LinesFeed(server.settings())
    feed.start(recorder)
    found = frames_of(recorder, 3)
    server.join(10)
    feed.close()
    assert server.asked == [0, 2, 3]
    assert found[1:] == [b"next", b"last"]


def test_a_feed_that_is_just_connecting_can_be_stopped(recorder: Recorder) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=256) as silent:
        settings = LinesSettings(port=int(silent.getsockname()[1]))
        for turn in range(60):
            feed = LinesFeed(settings)
            feed.start(recorder)
            time.sleep(turn * 2e-5)
            stopping = threading.Thread(target=feed.close, daemon=True)
            stopping.start()
            stopping.join(5)
            assert not stopping.is_alive()


def test_nobody_there_is_tried_again_and_can_be_stopped(recorder: Recorder) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    feed = LinesFeed(LinesSettings(port=port, retry=Duration.parse("10ms")))
    feed.start(recorder)
    time.sleep(0.1)
    started = time.monotonic()
    feed.close()
    assert time.monotonic() - started < 10
    assert recorder.committed("binance") == 0


def test_a_live_partition_hands_on_what_is_written_and_resumes_at_its_row(tmp_path: Path) -> None:
    folder = tmp_path / "frames" / "live"
    server = Server([b"a\nb\nc\n"])
    server.start()
    live = LiveFrames("live", lambda: Recorder(folder), [LinesFeed(server.settings())], 2, None)
    seen: list[bytes] = []
    deadline = time.monotonic() + 10
    while seen != [b"a", b"b", b"c"]:
        assert time.monotonic() < deadline
        for chunk in live.next_batch():
            assert chunk.frames is not None
            seen += [chunk.frames.payloads[index] for index in chunk.frames.rows_of("binance").tolist()]
    position = live.snapshot()
    STOP.set()
    try:
        with pytest.raises(StopIteration):
            live.next_batch()
    finally:
        STOP.clear()
    live.close()
    again = LiveFrames("live", lambda: Recorder(folder), [], 100, position)
    later = [chunk for _ in range(400) for chunk in again.next_batch()]
    while not later:  # marks of the clock come at least
        later += again.next_batch()
    again.close()
    assert not any(len(chunk.frames.rows_of("binance")) for chunk in later if chunk.frames)


def test_it_says_how_it_is_doing(recorder: Recorder) -> None:
    server = Server([b"one\ntwo\n"])
    server.start()
    feed = LinesFeed(server.settings())
    assert feed.health() == ()
    feed.start(recorder)
    frames_of(recorder, 2)
    wait_until(lambda: feed.health()[0].state == "down")  # the server went away after its only connection
    health = feed.health()[0]
    feed.close()
    assert (health.source, health.frames) == ("binance lines", 2)
    assert health.last_ns <= health.at_ns
    assert "refused" in health.last_error
