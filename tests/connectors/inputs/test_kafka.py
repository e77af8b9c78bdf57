"""Topics onto a tape: a real broker of the client library's own, a real recorder, real files."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from connectors.inputs.kafka import KafkaFeed
from connectors.inputs.kafka_client import KafkaInputSettings, consumer_properties
from connectors.inputs.kafka_clock import TopicClock
from connectors.outputs.kafka import KafkaOutputSettings, KafkaPartition
from connectors.tape.recorder import Recorder
from connectors.wire.gap import GAP_FEED, decode_gap
from connectors.wire.kafka import Event, event_id, stamp
from connectors.wire.kafka_connection import KafkaSettings
from connectors.wire.kafka_topics import TopicNames
from scoring.duration import Duration
from scoring.errors import SessionError, SettingError
from tests.connectors.kafka_broker import PARTITIONS, broker
from tests.waiting import wait_until

START_NS = time.time_ns()
ALL = tuple(range(PARTITIONS))


class Tape(Recorder):
    """A recorder on the clock of its feed."""

    def __init__(self, folder: Path) -> None:
        self.topic_clock = TopicClock()
        super().__init__(folder / "frames" / "live", clock=self.topic_clock)

    def feed(self, cluster: KafkaSettings, settings: KafkaInputSettings) -> KafkaFeed:
        return KafkaFeed(cluster, settings, self.topic_clock)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with broker() as found:
        yield found


@pytest.fixture
def cluster(address: str, request: pytest.FixtureRequest) -> KafkaSettings:
    """Topics of this test alone."""
    name = request.node.name.replace("[", ".").replace("]", "")[-80:]
    topic = f"{name}.trades"
    return KafkaSettings(bootstrap=address, topics=TopicNames(topic, topic, topic, f"{name}.prices", f"{name}.social", f"{name}.gaps"))


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Tape]:
    made = Tape(tmp_path)
    yield made
    made.close()


def event(cluster: KafkaSettings, number: int, producer: str = "a", symbol: str = "") -> Event:
    payload = b'{"stream":"btcusdt@trade","data":{"t":%d}}' % number
    key = (symbol or f"S{number % 7}").encode()
    return Event(cluster.topics.trades, key, stamp(payload, START_NS + number), "binance", event_id(producer, number))


def produce(cluster: KafkaSettings, events: list[Event]) -> None:
    sink = KafkaPartition(cluster, KafkaOutputSettings(linger=Duration.parse("1ms")))
    sink.write_batch([events])
    sink.close()


def settings(**more: object) -> KafkaInputSettings:
    return KafkaInputSettings(**{"partitions": ALL, "commit": Duration.parse("10ms"), **more})  # type: ignore[arg-type]


def payloads_of(recorder: Tape, feed: str = "binance") -> list[bytes]:
    row, found = recorder.first_row, list[bytes]()
    while (chunk := recorder.read(row, 1_000)) is not None:
        found += [chunk.payloads[index] for index in chunk.rows_of(feed).tolist()]
        row += len(chunk)
    return found


def numbers_of(recorder: Tape) -> list[int]:
    return sorted(int(payload.rpartition(b":")[2][:-2]) for payload in payloads_of(recorder))


def run_until(recorder: Tape, feed: KafkaFeed, frames: int) -> None:
    feed.start(recorder)
    wait_until(lambda: recorder.committed("binance") >= frames)
    feed.close()


def committed(cluster: KafkaSettings, group: str = "ghosttape") -> int:
    consumer = Consumer({"bootstrap.servers": cluster.bootstrap, "group.id": group})
    found = consumer.committed([TopicPartition(cluster.topics.trades, number) for number in ALL], timeout=5)
    consumer.close()
    return sum(max(0, each.offset) for each in found)


def test_events_become_the_frames_they_were(cluster: KafkaSettings, recorder: Tape) -> None:
    events = [event(cluster, number) for number in range(500)]
    produce(cluster, events)
    run_until(recorder, recorder.feed(cluster, settings()), 500)
    assert numbers_of(recorder) == list(range(500))
    by_key: dict[int, list[int]] = {}
    for payload in payloads_of(recorder):
        number = int(payload.rpartition(b":")[2][:-2])
        by_key.setdefault(number % 7, []).append(number)
    assert all(numbers == sorted(numbers) for numbers in by_key.values()), "what is of one key stays in order"


def test_a_tape_goes_on_where_it_ends(cluster: KafkaSettings, tmp_path: Path) -> None:
    for start, stop in ((0, 100), (100, 300)):
        produce(cluster, [event(cluster, number) for number in range(start, stop)])
        recorder = Tape(tmp_path)
        run_until(recorder, recorder.feed(cluster, settings(group=f"g{start}")), stop)  # the group knows nothing: the tape does
        assert numbers_of(recorder) == list(range(stop))
        recorder.close()


def test_what_a_killed_producer_says_again_is_known(cluster: KafkaSettings, recorder: Tape) -> None:
    produce(cluster, [event(cluster, number) for number in range(100)])
    produce(cluster, [event(cluster, number) for number in range(60, 150)])
    produce(cluster, [event(cluster, number, producer="b") for number in range(150, 160)])
    run_until(recorder, recorder.feed(cluster, settings()), 160)
    assert numbers_of(recorder) == list(range(160))


def test_producers_are_known_to_whoever_reads_on_with_another_tape(cluster: KafkaSettings, tmp_path: Path) -> None:
    produce(cluster, [event(cluster, number) for number in range(100)])
    first, second = Tape(tmp_path / "a"), Tape(tmp_path / "b")
    run_until(first, first.feed(cluster, settings()), 100)
    produce(cluster, [event(cluster, number) for number in range(50, 130)])
    run_until(second, second.feed(cluster, settings()), 30)
    assert numbers_of(second) == list(range(100, 130))
    first.close()
    second.close()


def test_messages_of_other_programs_become_frames_of_their_topics_feed(cluster: KafkaSettings, recorder: Tape) -> None:
    other = Producer({"bootstrap.servers": cluster.bootstrap})
    other.produce(cluster.topics.trades, b'{"e":"trade"}')
    other.produce(cluster.topics.social, b'{"channel":"calls", "ingestion_timestamp": 5}')
    other.produce(cluster.topics.social, b"")
    assert other.flush(10) == 0
    feed = recorder.feed(cluster, settings())
    feed.start(recorder)
    wait_until(lambda: recorder.committed("binance") == 1 and recorder.committed("telegram") == 2)
    feed.close()
    assert payloads_of(recorder) == [b'{"e":"trade"}']
    assert sorted(payloads_of(recorder, "telegram")) == [b"", b'{"channel":"calls", "ingestion_timestamp": 5}']


def test_offsets_are_committed_once_the_snapshot_after_is_taken(cluster: KafkaSettings, recorder: Tape) -> None:
    produce(cluster, [event(cluster, number) for number in range(50)])
    feed = recorder.feed(cluster, settings(group="slow"))
    feed.start(recorder)
    wait_until(lambda: recorder.committed("binance") >= 50)
    time.sleep(0.2)
    feed.snapshotted(recorder.end_row)
    time.sleep(0.3)
    assert committed(cluster, "slow") == 0, "one snapshot says where the flow is, the next one that it is stored"
    feed.snapshotted(recorder.end_row)
    wait_until(lambda: committed(cluster, "slow") == 50)
    feed.close()


def test_a_feed_that_leaves_commits_what_is_on_its_tape(cluster: KafkaSettings, recorder: Tape) -> None:
    produce(cluster, [event(cluster, number) for number in range(50)])
    run_until(recorder, recorder.feed(cluster, settings(group="leaving")), 50)
    assert committed(cluster, "leaving") == 50


@pytest.mark.slow
def test_a_feed_that_leaves_a_group_that_changes_waits_until_its_commit_is_taken(cluster: KafkaSettings, tmp_path: Path) -> None:
    produce(cluster, [event(cluster, number) for number in range(50)])
    first, second = Tape(tmp_path / "a"), Tape(tmp_path / "b")
    grouped = settings(group="changing", partitions=(), session_timeout=Duration.parse("6s"))
    leaving, coming = first.feed(cluster, grouped), second.feed(cluster, grouped)
    leaving.start(first)
    wait_until(lambda: first.committed("binance") >= 50)
    coming.start(second)
    time.sleep(1)  # the group takes some seconds for a new member, and refuses commits meanwhile
    leaving.close()
    assert committed(cluster, "changing") == 50
    coming.close()
    first.close()
    second.close()


def test_topics_are_paused_while_the_flow_is_behind(cluster: KafkaSettings, recorder: Tape) -> None:
    feed = recorder.feed(cluster, settings(most_behind=200, batch=50))
    feed.read_to(0)
    feed.start(recorder)
    produce(cluster, [event(cluster, number) for number in range(300)])
    wait_until(lambda: recorder.end_row > 200)
    time.sleep(0.3)
    produce(cluster, [event(cluster, number) for number in range(300, 600)])
    wait_until(lambda: feed.health()[0].lag >= 300)
    assert recorder.committed("binance") <= 300

    def has_read_all() -> bool:
        feed.read_to(recorder.end_row)
        return recorder.committed("binance") == 600 and feed.health()[0].lag == 0

    wait_until(has_read_all)
    feed.close()
    assert numbers_of(recorder) == list(range(600))


def test_what_topics_have_dropped_unread_is_a_gap(cluster: KafkaSettings, tmp_path: Path) -> None:
    one = [event(cluster, number, symbol="BTCUSDT") for number in range(10)]
    produce(cluster, one)
    recorder = Tape(tmp_path)
    run_until(recorder, recorder.feed(cluster, settings(group="late")), 10)
    filler = stamp(b'{"stream":"x","data":"%b"}' % os.urandom(450_000).hex().encode(), START_NS)
    numbers = range(10, 28)  # the broker keeps 5 MB of a partition
    produce(cluster, [Event(cluster.topics.trades, b"BTCUSDT", filler, "binance", event_id("a", number)) for number in numbers])
    feed = recorder.feed(cluster, settings(group="late"))
    feed.start(recorder)
    wait_until(lambda: recorder.committed(GAP_FEED) == 1)
    gap = decode_gap(payloads_of(recorder, GAP_FEED)[0])
    assert (gap.source, gap.symbol, gap.kind) == ("live", "*", "*")
    assert 0 < gap.from_ns < gap.to_ns
    found = re.search(r"has offsets (\d+) to 28, expected 10", gap.reason)
    assert found is not None
    wait_until(lambda: recorder.committed("binance") == 10 + 28 - int(found[1]))
    assert feed.health()[0].gaps_open == 1
    feed.close()
    recorder.close()


def test_health_tells_rate_and_lag_and_that_nobody_is_there(cluster: KafkaSettings, recorder: Tape) -> None:
    feed = recorder.feed(cluster, settings())
    assert feed.health() == ()
    feed.start(recorder)
    wait_until(lambda: feed.health()[0].state == "live")
    produce(cluster, [event(cluster, number) for number in range(100)])
    wait_until(lambda: feed.health()[0].rate > 0)
    wait_until(lambda: feed.health()[0].frames == 100)
    feed.close()
    assert feed.health()[0].state == "down"
    nobody = recorder.feed(KafkaSettings(bootstrap="127.0.0.1:1"), settings())
    nobody.start(recorder)
    wait_until(lambda: nobody.health()[0].state == "down")
    assert nobody.health()[0].last_error
    started = time.monotonic()
    nobody.close()
    assert time.monotonic() - started < 8


def test_settings_the_client_library_refuses_stop_the_start(recorder: Tape) -> None:
    feed = recorder.feed(KafkaSettings(properties={"no.such.property": "1"}), settings())
    with pytest.raises(SettingError, match="No such configuration property"):
        feed.start(recorder)


def test_a_mark_that_cannot_be_read_is_told(cluster: KafkaSettings, recorder: Tape) -> None:
    recorder.put(recorder.now(), "kafka", b"oops")
    recorder.flush()
    with pytest.raises(SessionError, match="not a mark of topics"):
        recorder.feed(cluster, settings()).start(recorder)


def test_exactness_is_not_to_be_set_by_hand() -> None:
    assert consumer_properties(KafkaSettings(), settings(member="one"))["group.instance.id"] == "one"
    with pytest.raises(SettingError, match="exactness rests on it"):
        consumer_properties(KafkaSettings(properties={"enable.auto.commit": "true"}), settings())
