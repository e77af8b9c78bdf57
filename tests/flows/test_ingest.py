"""The page that moves events into topics: live from lines, from a recording, within a budget."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from connectors.inputs.kafka_client import KafkaInputSettings
from connectors.inputs.kafka_source import KafkaFrames
from connectors.inputs.lines import LinesFeed, LinesSettings
from connectors.inputs.source import STOP, Chunk
from connectors.outputs.kafka import KafkaOutputSettings
from connectors.outputs.kafka_budget import BudgetSettings
from connectors.tape.manifest import PartitionInfo, refresh
from connectors.tape.recorder import RecorderSettings
from connectors.tape.writer import FrameWriter
from connectors.wire.kafka_connection import KafkaSettings
from flows import ingest
from flows.running import RecoverySettings, run
from flows.sessions import open_session
from flows.settings import Shaping
from scoring.duration import Duration
from tests.connectors.kafka_broker import PARTITIONS, broker
from tests.waiting import wait_until

START_NS = 1_700_000_000 * 10**9
QUICK = KafkaOutputSettings(linger=Duration.parse("1ms"))


@pytest.fixture
def cluster() -> Iterator[KafkaSettings]:
    with broker() as address:
        yield KafkaSettings(bootstrap=address)


def frames_in(cluster: KafkaSettings) -> list[tuple[int, str, bytes]]:
    settings = KafkaInputSettings(group="looker", partitions=tuple(range(PARTITIONS)))
    source = KafkaFrames("kafka", cluster, settings, None, to_end=True)
    chunks: list[Chunk] = []
    try:
        while True:
            chunks += source.next_batch()
    except StopIteration:
        source.close()
    frames = [chunk.frames for chunk in chunks if chunk.frames]
    return [(int(each.received_ns[index]), each.feed(index), each.payloads[index]) for each in frames for index in range(len(each))]


def recorded(folder: Path) -> list[tuple[int, str, bytes]]:
    """Record a short session of two partitions."""
    open_session(folder, {name: PartitionInfo(symbols=("BTCUSDT",)) for name in ("binance", "telegram")}, Shaping(), origin="test")
    frames = []
    for name in ("binance", "telegram"):
        writer = FrameWriter(folder / "frames" / name)
        for number in range(300):
            at_ns = START_NS + number * 10_000_000 + (name == "telegram")
            payload = b'{"stream":"btcusdt@trade","data":{"t":%d}}' % number if name == "binance" else b'{"channel":"c%d"}' % (number % 5)
            writer.append(at_ns, name, payload)
            frames.append((at_ns, name, payload))
        writer.commit()
        writer.close()
    refresh(folder)
    return sorted(frames)


def test_a_recording_goes_into_topics_and_comes_out_as_it_was(tmp_path: Path, cluster: KafkaSettings) -> None:
    expected = recorded(tmp_path / "session")
    for _ in range(2):  # said twice, it is heard once
        run(ingest.build(ingest.replayed(tmp_path / "session", "max", cluster, QUICK)), RecoverySettings())
    assert frames_in(cluster) == expected


def test_a_budget_thins_what_goes_in(tmp_path: Path, cluster: KafkaSettings) -> None:
    recorded(tmp_path / "session")
    output = msgspec.structs.replace(QUICK, budget=BudgetSettings(interval=Duration.parse("1s")))
    run(ingest.build(ingest.replayed(tmp_path / "session", "max", cluster, output)), RecoverySettings())
    found = frames_in(cluster)
    assert [payload for _, feed, payload in found if feed == "binance"] == [
        b'{"stream":"btcusdt@trade","data":{"t":%d}}' % number for number in (99, 199, 299)
    ]
    assert sum(feed == "telegram" for _, feed, _ in found) == 300, "what is said once is not sampled"


def test_lines_go_live_into_topics(tmp_path: Path, cluster: KafkaSettings) -> None:
    lines = [b'{"stream":"btcusdt@trade","data":{"t":%d}}' % number for number in range(500)]
    with socket.create_server(("127.0.0.1", 0)) as server:
        sender = threading.Thread(target=send, args=(server, lines), daemon=True)
        sender.start()
        feed = LinesFeed(LinesSettings(port=int(server.getsockname()[1])))
        plugs = ingest.live([feed], time.time_ns, tmp_path / "tape", RecorderSettings(), cluster, QUICK)
        stopping = threading.Thread(target=stop_after, args=(feed, len(lines)), daemon=True)
        stopping.start()
        try:
            run(ingest.build(plugs), RecoverySettings())
        finally:
            stopping.join()
            STOP.clear()
    assert Counter(payload for _, _, payload in frames_in(cluster)) == Counter(lines)


def stop_after(feed: LinesFeed, lines: int) -> None:
    """Stop the flow once so many lines have come and it had time to read them off its tape."""
    try:
        wait_until(lambda: feed.health() and feed.health()[0].frames >= lines)
        time.sleep(1)
    finally:
        STOP.set()


def send(server: socket.socket, lines: list[bytes]) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(100)
        connection.sendall(b"\n".join(lines) + b"\n")
        connection.recv(1)


def test_chunks_without_frames_carry_time(tmp_path: Path, cluster: KafkaSettings) -> None:
    recorded(tmp_path / "session")
    plugs = ingest.replayed(tmp_path / "session", "max", cluster, QUICK)
    assert plugs.route(Chunk("binance", None, (), 0, 0, 7)) == ("binance", ingest.Passing([], 7))
