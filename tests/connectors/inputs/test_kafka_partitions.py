"""What a reader tells the brokers, and tells them again until they have taken it."""

from __future__ import annotations

import threading

from confluent_kafka import KafkaError, TopicPartition

from connectors.inputs.kafka_client import KafkaInputSettings, open_consumer
from connectors.inputs.kafka_order import Order
from connectors.inputs.kafka_partitions import Partitions
from connectors.inputs.kafka_position import Settling
from connectors.wire.kafka_connection import KafkaSettings
from connectors.wire.kafka_marks import Reached
from scoring.duration import Duration

ONE, TWO = ("trades", 0), ("trades", 1)


def test_what_brokers_refuse_while_a_group_changes_is_committed_again() -> None:
    settings, settling = KafkaInputSettings(session_timeout=Duration.parse("1s")), Settling(0)  # closing waits so long
    consumer = open_consumer(KafkaSettings(bootstrap="127.0.0.1:1"), settings, lambda _: None)
    partitions = Partitions(consumer, settings, {}, settling, Order(0), threading.Event(), lambda _: None)
    settling.put({ONE: Reached(5), TWO: Reached(2)})
    settling.on_tape(1, end_row=7)
    partitions.commit_stored(7)
    assert partitions.untaken == {ONE: Reached(5), TWO: Reached(2)}
    partitions.taken(KafkaError(KafkaError.REBALANCE_IN_PROGRESS), [TopicPartition(*ONE, 5), TopicPartition(*TWO, 2)])
    assert partitions.untaken == {ONE: Reached(5), TWO: Reached(2)}

    settling.put({ONE: Reached(8)})
    settling.on_tape(2, end_row=9)
    partitions.commit_stored(9)
    partitions.taken(None, [TopicPartition(*ONE, 5), TopicPartition(*TWO, 2)])
    assert partitions.untaken == {ONE: Reached(8)}, "an older commit does not stand for a newer one"
    partitions.taken(None, [TopicPartition(*ONE, 8), TopicPartition(*TWO, 2)])
    assert partitions.untaken == {}
    consumer.close()
