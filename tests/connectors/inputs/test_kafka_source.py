"""Topics as the tape: in order, from any snapshot on, the same every time."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

import pytest
from confluent_kafka import Consumer, TopicPartition

from connectors.inputs.kafka_client import KafkaInputSettings
from connectors.inputs.kafka_source import KafkaFrames
from connectors.inputs.source import ENDED, STOP, Chunk, Position
from connectors.outputs.kafka import KafkaOutputSettings, KafkaPartition
from connectors.wire.kafka import Event, event_id, stamp
from connectors.wire.kafka_connection import KafkaSettings
from connectors.wire.kafka_topics import TopicNames
from scoring.duration import Duration
from scoring.errors import ResourceError, SettingError
from scoring.records import CLOCK_GRID_NS
from tests.connectors.kafka_broker import PARTITIONS, broker
from tests.waiting import wait_until

START_NS = time.time_ns() // CLOCK_GRID_NS * CLOCK_GRID_NS - 600 * 10**9
STEP_NS = 1_000_003
TOPICS = TopicNames("t.trades", "t.quotes", "t.other", "t.prices", "t.social", "t.gaps")


@pytest.fixture(scope="module")
def cluster() -> Iterator[KafkaSettings]:
    with broker() as address:
        found = KafkaSettings(bootstrap=address, topics=TOPICS)
        produce(found, range(3_000))
        yield found


def event(number: int, producer: str = "00ab") -> Event:
    feed, topic = ("binance", TOPICS.trades) if number % 3 else ("telegram", TOPICS.social)
    payload = b'{"number":%d}' % number
    return Event(topic, b"S%d" % (number % 17), stamp(payload, START_NS + number * STEP_NS), feed, event_id(producer, number))


def produce(cluster: KafkaSettings, numbers: range) -> None:
    sink = KafkaPartition(cluster, KafkaOutputSettings(linger=Duration.parse("1ms")))
    sink.write_batch([[event(number) for number in numbers]])
    sink.close()


def opened(cluster: KafkaSettings, resume: Position | None = None, to_end: bool = True, **more: object) -> KafkaFrames:
    given = {"group": f"g{random.random()}", "partitions": tuple(range(PARTITIONS)), "batch": 257, **more}
    return KafkaFrames("kafka", cluster, KafkaInputSettings(**given), resume, to_end)  # type: ignore[arg-type]


def read(source: KafkaFrames, rows: int = 1 << 30) -> list[Chunk]:
    chunks: list[Chunk] = []
    deadline = time.monotonic() + 20
    try:
        while sum(chunk.rows for chunk in chunks) < rows:
            assert time.monotonic() < deadline
            chunks += source.next_batch()
    except StopIteration:
        return chunks
    return chunks


def frames_of(chunks: list[Chunk]) -> list[tuple[int, str, bytes]]:
    return [
        (int(chunk.frames.received_ns[index]), chunk.frames.feed(index), chunk.frames.payloads[index])
        for chunk in chunks
        if chunk.frames
        for index in range(len(chunk.frames))
    ]


EXPECTED = [(START_NS + number * STEP_NS, "binance" if number % 3 else "telegram", b'{"number":%d}' % number) for number in range(3_000)]


def test_partitions_become_one_tape_in_the_order_of_ingestion(cluster: KafkaSettings) -> None:
    source = opened(cluster)
    chunks = read(source)
    assert frames_of(chunks) == EXPECTED
    assert source.snapshot() == ENDED
    assert chunks[-1].ended
    assert [chunk.frames.first_row for chunk in chunks if chunk.frames][:2] == [0, chunks[0].rows]
    source.close()


def test_a_mark_of_the_clock_has_everything_before_it_behind_it(cluster: KafkaSettings) -> None:
    source = opened(cluster)
    handed_on, marks = 0, list[int]()
    for chunk in read(source):
        handed_on += chunk.rows
        if chunk.clock_ns:
            marks.append(chunk.clock_ns)
            assert chunk.clock_ns % CLOCK_GRID_NS == 0
            assert all(stamp_ns >= chunk.clock_ns for stamp_ns, _, _ in EXPECTED[handed_on:])
    assert marks == sorted(set(marks))
    assert marks[-1] > EXPECTED[-1][0], "at the end of the topics time runs on"
    source.close()


def test_a_restart_goes_on_at_the_snapshot(cluster: KafkaSettings) -> None:
    position: Position | None = None
    found: list[tuple[int, str, bytes]] = []
    while position != ENDED:
        source = opened(cluster, position)
        found += frames_of(read(source, 700))
        position = source.snapshot()
        source.close()
    assert found == EXPECTED
    ended = opened(cluster, ENDED)
    assert read(ended) == []
    ended.close()


def test_what_a_killed_producer_says_again_is_known_over_a_restart() -> None:
    with broker() as address:
        cluster = KafkaSettings(bootstrap=address, topics=TOPICS)
        produce(cluster, range(100))
        source = opened(cluster, to_end=False)
        first = frames_of(read(source, 100))
        position = source.snapshot()
        source.close()
        produce(cluster, range(40, 120))
        source = opened(cluster, position)
        assert first + frames_of(read(source)) == EXPECTED[:120]
        source.close()


def test_offsets_of_the_snapshot_before_are_committed(cluster: KafkaSettings) -> None:
    source = opened(cluster, to_end=False, group="shown")
    read(source, 3_000)
    looker = Consumer({"bootstrap.servers": cluster.bootstrap, "group.id": "shown"})
    places = [TopicPartition(TOPICS.trades, number) for number in range(PARTITIONS)]
    source.snapshot()
    time.sleep(0.2)
    assert all(each.offset < 0 for each in looker.committed(places, timeout=5))
    source.snapshot()
    wait_until(lambda: sum(max(0, each.offset) for each in looker.committed(places, timeout=5)) == 2_000)
    looker.close()
    source.close()


def test_an_offset_that_is_gone_is_told(cluster: KafkaSettings) -> None:
    source = opened(cluster)
    read(source, 100)
    (*position,) = source.snapshot()
    source.close()
    position[4] = 10**9
    again = opened(cluster, tuple(position))
    with pytest.raises(ResourceError, match="is gone, expected the brokers to keep"):
        read(again)
    again.close()


def test_stopping_and_health(cluster: KafkaSettings) -> None:
    source = opened(cluster)
    health = [row for chunk in read(source) for row in chunk.health]
    source.close()
    assert health[-1].source == "kafka"
    assert health[-1].state == "live"
    stopped = opened(cluster)
    STOP.set()
    try:
        assert read(stopped) == []
    finally:
        STOP.clear()
    stopped.close()


def test_partitions_must_be_named() -> None:
    with pytest.raises(SettingError, match="numbers of the partitions"):
        opened(KafkaSettings(), partitions=())
