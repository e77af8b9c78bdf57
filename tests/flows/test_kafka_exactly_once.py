"""Through topics and back, with kills on both sides: each event once on the reader's tape, each row as if nothing had happened."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from io import BytesIO
from pathlib import Path

import duckdb
import pyarrow
import pytest
from pyarrow.parquet import read_table

from connectors.inputs.kafka_join import join
from connectors.inputs.pace import Pace
from connectors.inputs.replaying import ReplayedFrames
from connectors.inputs.source import TapeSource
from connectors.tape.reader import FrameReader
from flows.main import build
from flows.running import run
from tests.connectors.kafka_broker import broker
from tests.flows.conftest import clean_environment
from tests.flows.kafka_flow import EPOCH, SYMBOLS, ports, shaping
from tests.flows.sessions import finish, free_ports, kill, start
from tests.flows.test_recovery import Exchange
from tests.waiting import wait_until

FRAMES = 24_000
PER_SECOND = 1_000
COLUMNS = (
    "symbol, epoch_us(window_start), open, high, low, close, volume_base, volume_quote, vwap, trade_count, price_stddev, "
    "first_trade_id, last_trade_id, late_rows, completeness"
)


def fresh_trades(symbols: Sequence[str] = SYMBOLS, per_second: int = PER_SECOND) -> list[bytes]:
    """Make trades that happen from now on at a steady rate."""
    chance, now_ms = random.Random(4), time.time_ns() // 1_000_000
    frames = []
    for number in range(FRAMES):
        symbol, at_ms = symbols[number % len(symbols)], now_ms + number * 1_000 // per_second
        price, quantity = f"{chance.gauss(100, 2):.2f}", f"{chance.uniform(0.001, 3):.3f}"
        data = {
            "e": "trade",
            "E": at_ms,
            "s": symbol,
            "t": number // len(symbols) + 1,
            "p": price,
            "q": quantity,
            "T": at_ms,
            "m": number % 2 == 0,
        }
        frames.append(json.dumps({"stream": f"{symbol.lower()}@trade", "data": data}, separators=(",", ":")).encode())
    return frames


@pytest.fixture
def address() -> Iterator[str]:
    with broker() as found:
        yield found


def payloads_on(tape: Path) -> Counter[bytes]:
    reader = FrameReader(tape)
    row, found = reader.first_row, Counter[bytes]()
    while (chunk := reader.read(row, 10_000)) is not None:
        found.update(chunk.payloads[index] for index in chunk.rows_of("binance").tolist())
        row += len(chunk)
    reader.close()
    return found


def rows_in(folder: Path) -> list[tuple[object, ...]]:
    """Give the rows of an archive, also of one that a flow is writing: each file is read whole, with one handle."""
    while True:
        try:
            bodies = [path.read_bytes() for path in sorted((folder / "archive" / "trade_metrics").rglob("*.parquet"))]
        except FileNotFoundError:  # replaced between its name and its bytes
            continue
        if not bodies:
            return []
        found = pyarrow.concat_tables([read_table(BytesIO(body)) for body in bodies])
        with duckdb.connect() as connection:
            return connection.from_arrow(found).project(COLUMNS).order("ALL").fetchall()


def reached(count: Callable[[], Counter[bytes]], tenths: int) -> bool:
    return count().total() * 10 > tenths * FRAMES


def stop(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    finish(process, 60)


class Ends:
    """The processes of a run."""

    def __init__(self, folder: Path, address: str, port: int) -> None:
        self.folder, self.address, self.port = folder, address, port
        self.environment = clean_environment(folder)

    def ingest(self) -> subprocess.Popen[str]:
        return self._start("ingest", self.folder / "in", str(self.port))

    def read(self, member: str = "", named: bool = False) -> subprocess.Popen[str]:
        return self._start("read", self.folder / f"out{member}", *(["group"] if member else []), *([member] if named else []))

    def ingested(self) -> Counter[bytes]:
        return payloads_on(self.tape("in"))

    def found(self, *members: str) -> Counter[bytes]:
        tapes = (payloads_on(self.tape(f"out{member}")) for member in members or ("",))
        return sum(tapes, Counter[bytes]())

    def tape(self, name: str) -> Path:
        return self.folder / name / "tape" / "frames" / "live"

    def _start(self, role: str, folder: Path, *more: str) -> subprocess.Popen[str]:
        folder.mkdir(exist_ok=True)
        process = start(["tests.flows.kafka_flow", role, str(folder), self.address, *more], self.environment)
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        return process


@pytest.fixture
def ends(tmp_path: Path, address: str) -> Ends:
    (port,) = free_ports(1)
    return Ends(tmp_path, address, port)


def directly(tape: Path, folder: Path, symbols: tuple[str, ...] = SYMBOLS) -> list[tuple[object, ...]]:
    """Give the rows of a tape, of the ingested one without topics in between."""
    reader = FrameReader(tape)
    source = TapeSource({"live": lambda resume: ReplayedFrames("live", reader, Pace(float("inf")), 5_000, resume)})
    run(build(ports(folder, source, symbols), shaping()), EPOCH)
    return rows_in(folder)


@pytest.mark.slow
def test_a_killed_producer_and_a_killed_consumer_lose_and_double_nothing(tmp_path: Path, ends: Ends) -> None:
    frames = fresh_trades()
    exchange = Exchange(ends.port, frames, PER_SECOND)
    exchange.start()
    producer, consumer = ends.ingest(), ends.read()
    for tenths in (1, 4, 7):
        wait_until(partial(reached, ends.found, tenths), 60)
        kill(consumer)
        wait_until(partial(reached, ends.ingested, tenths + 1), 60)
        kill(producer)
        producer, consumer = ends.ingest(), ends.read()
    assert exchange.sent_all.wait(60)
    assert len(exchange.resumed_at) >= 3, "killed in the middle"
    wait_until(lambda: ends.found().total() >= FRAMES, 60)
    stop(producer)
    of_its_tape = directly(ends.tape("out"), tmp_path / "again")
    wait_until(lambda: len(rows_in(tmp_path / "out")) >= len(of_its_tape), 60)
    stop(consumer)
    assert ends.found() == Counter(frames)
    assert rows_in(tmp_path / "out") == of_its_tape
    # What a producer sent after it was killed and started was old by then: joining gives it its instant again.
    assert rows_joined(ends, "", symbols=SYMBOLS) == (0, directly(ends.tape("in"), tmp_path / "direct"))


GROUP_PER_SECOND = FRAMES // 40
"""Slow, because a group takes some seconds for each change of its members."""
MANY = tuple(f"S{number}USDT" for number in range(40))
"""So many keys that every partition has some."""


@pytest.fixture
def grouped(ends: Ends) -> list[bytes]:
    """Send trades of many keys."""
    frames = fresh_trades(MANY, GROUP_PER_SECOND)
    Exchange(ends.port, frames, GROUP_PER_SECOND).start()
    return frames


@pytest.mark.slow
def test_a_group_whose_members_come_and_go_loses_no_event(ends: Ends, grouped: list[bytes]) -> None:
    producer, first = ends.ingest(), ends.read("a")
    wait_until(lambda: ends.found("a"), 60)
    second = ends.read("b")
    wait_until(lambda: ends.found("b"), 60)
    stop(second)
    wait_until(lambda: len(ends.found("a", "b")) >= FRAMES, 120)
    stop(first)
    stop(producer)
    for member in ("a", "b"):
        assert max(ends.found(member).values()) == 1, "on one tape each event stands once"
    assert ends.found("a", "b").keys() == set(grouped)
    # A group that changes again while a partition is handed over refuses the commit: only then it is read twice.
    assert rows_joined(ends, "a", "b") == (ends.found("a", "b").total() - FRAMES, rows_direct(ends))


@pytest.mark.slow
@pytest.mark.parametrize("named", [False, True], ids=["any member", "a named member"])
def test_a_group_that_loses_a_member_loses_no_event(ends: Ends, grouped: list[bytes], named: bool) -> None:
    producer, first = ends.ingest(), ends.read("a", named)
    wait_until(lambda: ends.found("a"), 60)
    second = ends.read("b", named)
    wait_until(lambda: ends.found("b"), 60)
    kill(first)  # others read on from what it had committed: what it had read since stands on both tapes
    time.sleep(2 if named else 10)
    first = ends.read("a", named)
    wait_until(lambda: len(ends.found("a", "b")) >= FRAMES, 120)
    for process in (producer, first, second):
        stop(process)
    for member in ("a", "b"):
        assert max(ends.found(member).values()) == 1, "on one tape each event stands once"
    assert ends.found("a", "b").keys() == set(grouped)
    assert rows_joined(ends, "a", "b") == (ends.found("a", "b").total() - FRAMES, rows_direct(ends))


def rows_direct(ends: Ends) -> list[tuple[object, ...]]:
    return directly(ends.tape("in"), ends.folder / "direct", MANY)


def rows_joined(ends: Ends, *members: str, symbols: tuple[str, ...] = MANY) -> tuple[int, list[tuple[object, ...]]]:
    """Join the members' tapes; give how many events stood on two, and the rows of a replay."""
    into = ends.tape("joined")
    joined = join([ends.tape(f"out{member}") for member in members], into)
    assert joined.events == payloads_on(into).total() == FRAMES
    return joined.doubled, directly(into, ends.folder / "joined", symbols)
