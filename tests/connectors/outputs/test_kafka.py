"""The sink against a real broker of the client library's own: what is acknowledged, what waits, and what is refused."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator

import msgspec
import pytest
from confluent_kafka import Consumer, Message, TopicPartition

from connectors.outputs.kafka import KafkaOutputSettings, KafkaPartition, KafkaSink, kafka_sink, producer_properties
from connectors.outputs.outbox import PARTITION
from connectors.outputs.output_health import OutputHealth
from connectors.wire.kafka import Event
from connectors.wire.kafka_connection import KafkaSettings
from scoring.duration import Duration
from scoring.errors import ResourceError, SettingError
from scoring.records import CandleRow, Rows, Table, to_columns
from tests.connectors.kafka_broker import PARTITIONS, broker
from tests.waiting import wait_until

QUICK = KafkaOutputSettings(linger=Duration.parse("1ms"))
IMPATIENT = msgspec.structs.replace(QUICK, patience=Duration.parse("300ms"))


@pytest.fixture(scope="module")
def cluster() -> Iterator[KafkaSettings]:
    with broker() as address:
        yield KafkaSettings(bootstrap=address)


def messages_of(cluster: KafkaSettings, topic: str, count: int) -> list[Message]:
    consumer = Consumer({"bootstrap.servers": cluster.bootstrap, "group.id": "looker", "auto.offset.reset": "earliest"})
    consumer.assign([TopicPartition(topic, number, 0) for number in range(PARTITIONS)])
    found: list[Message] = []
    deadline = time.monotonic() + 10
    while len(found) < count:
        assert time.monotonic() < deadline
        found += [message for message in consumer.consume(100, 0.1) if message.error() is None]
    consumer.close()
    return found


def event(number: int, topic: str) -> Event:
    return Event(topic, b"BTCUSDT", b"%d" % number, "binance", f"5f3a/{number}")


def nobody() -> KafkaSettings:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return KafkaSettings(bootstrap=f"127.0.0.1:{probe.getsockname()[1]}")


def wait_for_empty(sink: KafkaPartition) -> None:
    wait_until(lambda: not sink.snapshot())


def test_events_of_one_key_arrive_in_order_with_their_headers(cluster: KafkaSettings) -> None:
    sink = KafkaPartition(cluster, QUICK)
    sink.write_batch([[event(number, "raw") for number in range(200)], [event(200, "raw")]])
    wait_for_empty(sink)
    sink.close()
    found = messages_of(cluster, "raw", 201)
    assert [int(message.value() or b"") for message in found] == list(range(201))
    assert found[7].key() == b"BTCUSDT"
    assert found[7].headers() == [("event_id", b"5f3a/7"), ("feed", b"binance")]


def test_rows_of_tables_that_have_a_topic_are_produced_as_json(cluster: KafkaSettings) -> None:
    candle = CandleRow("BTCUSDT", 60 * 10**9, 1.0, 2.0, 0.5, 1.5, 10.0, 15.0, 3, 4.0)
    settings = msgspec.structs.replace(QUICK, results={Table.CANDLES: "candles"})
    sink = KafkaPartition(cluster, settings)
    sink.write_batch([Rows(Table.CANDLES, "BTCUSDT", to_columns(CandleRow, [candle]), 0), Rows(Table.ALERTS, "x", {}, 0)])
    sink.close()
    (message,) = messages_of(cluster, "candles", 1)
    assert (message.key(), message.headers()) == (b"BTCUSDT", [("table", b"candles")])
    content = json.loads(message.value() or b"")
    assert (content["open_at"], content["close"], content["trade_count"]) == ("1970-01-01T00:01:00.000000Z", 1.5, 3)


def test_what_is_not_acknowledged_is_in_the_snapshot_and_produced_on_resume(cluster: KafkaSettings) -> None:
    away = KafkaPartition(nobody(), IMPATIENT)
    away.write_batch([[event(number, "resumed") for number in range(30)]])
    kept = away.snapshot()
    assert kept == [event(number, "resumed") for number in range(30)]
    with pytest.raises(ResourceError, match="30 events are not acknowledged"):
        away.close()
    sink = KafkaPartition(cluster, QUICK, kept)
    sink.write_batch([[event(30, "resumed")]])
    sink.close()
    assert [int(message.value() or b"") for message in messages_of(cluster, "resumed", 31)] == list(range(31))


def test_a_full_sink_holds_the_flow_up_and_then_gives_up() -> None:
    sink = KafkaPartition(nobody(), msgspec.structs.replace(IMPATIENT, max_events=10))
    started = time.monotonic()
    with pytest.raises(ResourceError, match="nothing was acknowledged for 300ms, expected brokers"):
        sink.write_batch([[event(number, "full") for number in range(20)]])
    assert time.monotonic() - started > 0.3
    with pytest.raises(ResourceError):
        sink.close()


def test_an_event_that_is_too_large_ends_the_flow_and_says_which_setting(cluster: KafkaSettings) -> None:
    sink = KafkaPartition(cluster, msgspec.structs.replace(QUICK, largest_message=2_000))
    with pytest.raises(ResourceError, match=r"kafka topic large: .* expected kafka\.output\.largest_message"):
        sink.write_batch([[Event("large", b"", b"x" * 3_000)]])
    sink.close()


def test_settings_that_cannot_be_stop_the_start() -> None:
    with pytest.raises(SettingError, match="No such configuration property"):
        kafka_sink(KafkaSettings(properties={"no.such.property": "1"}), QUICK)
    with pytest.raises(SettingError, match="exactness rests on it"):
        KafkaSink(KafkaSettings(properties={"acks": "1"}), QUICK)
    with pytest.raises(SettingError, match=r"kafka\.tls = true"):
        kafka_sink(KafkaSettings(ca="ca.pem"), QUICK)
    assert producer_properties(KafkaSettings(), QUICK)["enable.idempotence"] is True


def test_health_tells_what_is_acknowledged_what_waits_and_that_brokers_are_away(cluster: KafkaSettings) -> None:
    sink = kafka_sink(cluster, QUICK)
    health = OutputHealth("kafka out", sink.standing)
    assert health() == (), "it does not run here yet"
    part = sink.build_part("kafka", PARTITION, None)
    part.write_batch([[event(number, "standing") for number in range(30)]])
    wait_for_empty(part)
    (row,) = health()
    assert (row.source, row.state, row.frames, row.lag, row.last_error) == ("kafka out", "live", 30, 0, "")
    assert row.last_ns > 0
    part.close()
    away = KafkaPartition(nobody(), IMPATIENT)
    away.write_batch([[event(1, "standing")]])
    wait_until(lambda: away.standing().held != "")
    (row,) = OutputHealth("kafka out", away.standing)()
    assert (row.state, row.frames, row.lag) == ("stale", 0, 1)
    assert "Connection refused" in row.last_error or "brokers are down" in row.last_error
    assert away.standing().waited_s > 0
    with pytest.raises(ResourceError):
        away.close()


def test_there_is_one_partition_for_ever(cluster: KafkaSettings) -> None:
    sink = kafka_sink(cluster, QUICK)
    assert (sink.list_parts(), sink.part_fn("BTCUSDT")) == ([PARTITION], 0)
    part = sink.build_part("kafka", PARTITION, None)
    part.write_batch([[event(1, "built")]])
    part.close()
    assert len(messages_of(cluster, "built", 1)) == 1
