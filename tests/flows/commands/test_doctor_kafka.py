"""Brokers that are there, and some that are not."""

from __future__ import annotations

import pytest

from connectors.wire.kafka_connection import KafkaSettings
from flows.commands.doctor_checks import Mark
from flows.commands.doctor_kafka import kafka
from scoring.errors import SettingError
from tests.connectors.kafka_broker import broker


def test_topics_are_looked_for() -> None:
    from confluent_kafka import Producer

    with broker() as address:
        (found,) = kafka(KafkaSettings(bootstrap=address))
        assert found.mark is Mark.WARNING
        assert "no topics binance.trades, binance.book_ticker" in found.found
        producer = Producer({"bootstrap.servers": address})
        for topic in KafkaSettings().topics.names():
            producer.produce(topic, b"{}")
        assert producer.flush(10) == 0
        (found,) = kafka(KafkaSettings(bootstrap=address))
    assert (found.mark, found.found) == (Mark.OK, f"{address}: 1 brokers; all 6 topics exist")


def test_brokers_that_are_away_have_failed() -> None:
    (found,) = kafka(KafkaSettings(bootstrap="127.0.0.1:9"))
    assert found.mark is Mark.FAILED
    assert "kafka.bootstrap" in found.todo


def test_what_the_library_does_not_take_is_refused() -> None:
    with pytest.raises(SettingError, match="properties librdkafka takes"):
        list(kafka(KafkaSettings(properties={"no.such.property": "1"})))
