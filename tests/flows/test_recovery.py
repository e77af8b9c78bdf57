"""What a kill costs: nothing. In a replay and at a live end, the stored files are those of an unbroken run."""

from __future__ import annotations

import hashlib
import itertools
import re
import signal
import socket
import threading
import time
from pathlib import Path

import msgspec
import pytest

from connectors.tape.manifest import refresh
from connectors.tape.reader import FrameReader
from tests.flows.conftest import clean_environment, digests_of
from tests.flows.sessions import BUNDLED, cut, finish, free_ports, kill, start
from tests.waiting import wait_until


def files_of(folder: Path) -> dict[str, str]:
    """Hash every file of an archive."""
    archive = folder / "archive"
    return {str(path.relative_to(archive)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(archive.rglob("*.parquet"))}


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cut five minutes with the pump in them out of the bundled session."""
    return cut(BUNDLED, tmp_path_factory.mktemp("sessions") / "story", 560, 300)


def replay(session: Path, folder: Path, speed: str, *more: str) -> list[str]:
    return ["flows.commands.replay", str(session), speed, "--data-dir", str(folder), "--quiet", *more]


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_a_replay_killed_and_resumed_leaves_the_files_of_an_unbroken_one(share: float, story: Path, tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    environment = clean_environment(tmp_path) | {"GHOSTTAPE_RECOVERY__EPOCH": "500ms"}
    finish(start(replay(story, whole, "max"), environment))
    going = start(replay(story, broken, "20x", "--recovery", str(tmp_path / "recovery")), environment)
    wait_until(lambda: (broken / "archive").exists())
    time.sleep(15 * share)
    assert going.poll() is None, "it was to be killed half-way"
    kill(going)
    finish(start(replay(story, broken, "max", "--recovery", str(tmp_path / "recovery")), environment))
    assert digests_of(broken) == digests_of(whole)
    assert files_of(broken) == files_of(whole)


class Exchange(threading.Thread):
    """A real TCP server that sends numbered frames at a steady rate and goes on where the client says it is."""

    def __init__(self, port: int, frames: list[bytes], per_second: int) -> None:
        super().__init__(daemon=True)
        self.frames, self.per_second, self.sent_all = frames, per_second, threading.Event()
        self.resumed_at: list[int] = []
        self.server = socket.create_server(("127.0.0.1", port))

    def run(self) -> None:
        with self.server:
            while not self.sent_all.is_set():
                connection, _ = self.server.accept()
                with connection, connection.makefile("rb") as reader:
                    try:
                        self._send(connection, int(msgspec.json.decode(reader.readline())["have"]))
                    except (OSError, msgspec.DecodeError):
                        continue  # the client was killed: it will come again

    def _send(self, connection: socket.socket, at: int) -> None:
        self.resumed_at.append(at)
        step = self.per_second // 100
        while at < len(self.frames):
            connection.sendall(b"\n".join(self.frames[at : at + step]) + b"\n")
            at += step
            time.sleep(0.01)
        connection.shutdown(socket.SHUT_WR)
        if connection.recv(1) == b"":
            self.sent_all.set()


def fresh_payloads(count: int, per_second: int) -> list[bytes]:
    """Take bundled frames and date their trades as if they were made now, at a steady rate."""
    reader = FrameReader(BUNDLED / "frames" / "binance")
    frames = reader.read(0, count + 2_000)
    reader.close()
    assert frames is not None
    payloads = [frames.payloads[index] for index in frames.rows_of("binance").tolist()][:count]
    now_ms = time.time_ns() // 1_000_000
    return [re.sub(rb'"([ET])":\d+', rb'"\1":%d' % (now_ms + number * 1000 // per_second), each) for number, each in enumerate(payloads)]


@pytest.mark.slow
def test_a_live_flow_killed_three_times_loses_and_doubles_nothing(tmp_path: Path) -> None:
    line_port, feed_port = free_ports(2)
    frames = fresh_payloads(60_000, 5_000)
    exchange = Exchange(line_port, frames, 5_000)
    exchange.start()
    environment = clean_environment(tmp_path) | {
        "GHOSTTAPE_INPUTS__BINANCE__ENABLED": "false",
        "GHOSTTAPE_INPUTS__LINES": f"[{{port = {line_port}, retry = '100ms'}}]",
        "GHOSTTAPE_FEED__PORT": str(feed_port),
        "GHOSTTAPE_RECOVERY__EPOCH": "500ms",
        "GHOSTTAPE_MARKET__BARS": "{widths = ['1s'], lateness = '2s'}",
        "GHOSTTAPE_MARKET__SPREAD": "{width = '1s', lateness = '1s'}",
        "GHOSTTAPE_MARKET__RISK": "{lateness = '2s'}",
    }
    data = tmp_path / "data"
    for turn in range(3):
        going = start(["flows.commands.live"], environment)
        wait_until(lambda: len(exchange.resumed_at) > turn)  # noqa: B023
        time.sleep(2.2)
        assert going.poll() is None, going.communicate()[0]
        kill(going)
    going = start(["flows.commands.live"], environment)
    wait_until(lambda: committed(data) >= len(frames), 60)
    time.sleep(1.0)
    started = time.monotonic()
    going.send_signal(signal.SIGTERM)
    finish(going, 10)
    assert time.monotonic() - started < 5
    assert exchange.resumed_at[0] == 0
    assert all(earlier < later for earlier, later in itertools.pairwise(exchange.resumed_at))
    tape = data / "tape"
    assert payloads_on(tape) == frames  # none lost, none doubled, in order
    # The tape, replayed without a break, says what the broken run has stored; what was open when it stopped is the only difference.
    refresh(tape)
    whole = tmp_path / "whole"
    finish(start(replay(tape, whole, "max", "--form", "frames"), environment))
    assert closed_rows(data) == closed_rows(whole)


def committed(data: Path) -> int:
    folder = data / "tape" / "frames" / "live"
    return len(payloads_on(data / "tape")) if folder.exists() else 0


def payloads_on(tape: Path) -> list[bytes]:
    reader, row, found = FrameReader(tape / "frames" / "live"), 0, list[bytes]()
    while (chunk := reader.read(row, 20_000)) is not None:
        found += [chunk.payloads[index] for index in chunk.rows_of("binance").tolist()]
        row += len(chunk)
    reader.close()
    return found


def closed_rows(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """Read the rows of windows that were closed well before the stop."""
    import duckdb

    found: dict[str, list[tuple[object, ...]]] = {}
    for table, instant in (("trade_metrics", "window_end"), ("spread_metrics", "window_end"), ("risk_metrics", "sampled_at")):
        source = f"read_parquet('{folder}/archive/{table}/**/*.parquet')"
        newest = f"SELECT max({instant}) FROM read_parquet('{folder.parent}/data/archive/{table}/**/*.parquet')"
        plain = "COLUMNS(lambda name: name NOT LIKE '%_at' AND name NOT LIKE 'window%')"
        sql = f"SELECT epoch_us({instant}), {plain} FROM {source} WHERE {instant} <= ({newest}) ORDER BY ALL"
        found[table] = duckdb.execute(sql).fetchall()
    assert found["risk_metrics"]
    return found


def test_a_stop_half_way_keeps_the_state(story: Path, tmp_path: Path) -> None:
    environment = clean_environment(tmp_path)
    recovery, broken, whole = tmp_path / "recovery", tmp_path / "broken", tmp_path / "whole"
    for number in (signal.SIGTERM, signal.SIGINT):
        going = start(replay(story, broken, "20x", "--recovery", str(recovery)), environment)
        wait_until(lambda: (broken / "archive").exists())
        time.sleep(2.0)
        going.send_signal(number)
        said = going.communicate(timeout=20)[0]
        assert going.returncode == 0, said
        assert "stopped before the end" in said
    finish(start(replay(story, broken, "max", "--recovery", str(recovery)), environment))
    finish(start(replay(story, whole, "max"), environment))
    assert digests_of(broken) == digests_of(whole)
