"""Settings become properties, and what does not go together is told."""

from __future__ import annotations

import pytest

from connectors.wire.kafka_connection import KafkaSettings, connection
from scoring.errors import SettingError


def test_a_plain_cluster_needs_its_address_alone() -> None:
    assert connection(KafkaSettings(), {"acks": "all"}) == {
        "bootstrap.servers": "127.0.0.1:9092",
        "security.protocol": "PLAINTEXT",
        "acks": "all",
    }


def test_certificates_and_passwords_become_properties() -> None:
    cluster = KafkaSettings(
        tls=True, ca="ca.pem", certificate="us.pem", key="us.key", key_password="k", sasl="SCRAM-SHA-512", user="us", password="p"
    )
    assert connection(cluster, {}) == {
        "bootstrap.servers": "127.0.0.1:9092",
        "security.protocol": "SASL_SSL",
        "ssl.ca.location": "ca.pem",
        "ssl.certificate.location": "us.pem",
        "ssl.key.location": "us.key",
        "ssl.key.password": "k",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "us",
        "sasl.password": "p",
    }
    assert connection(KafkaSettings(tls=True), {})["security.protocol"] == "SSL"
    assert connection(KafkaSettings(sasl="PLAIN", user="us", password="p"), {})["security.protocol"] == "SASL_PLAINTEXT"


def test_more_properties_are_handed_on() -> None:
    assert connection(KafkaSettings(properties={"client.id": "x"}), {})["client.id"] == "x"


@pytest.mark.parametrize(
    ("cluster", "told"),
    [
        (KafkaSettings(properties={"sasl.password": "secret"}), "a setting of its own"),
        (KafkaSettings(properties={"acks": "1"}), "exactness rests on it"),
        (KafkaSettings(ca="ca.pem"), "kafka.tls = true"),
        (KafkaSettings(tls=True, certificate="us.pem"), "together"),
        (KafkaSettings(tls=True, key="us.key"), "together"),
        (KafkaSettings(sasl="PLAIN", user="us"), "kafka.user and kafka.password"),
        (KafkaSettings(password="secret"), "kafka.sasl to say how"),
    ],
)
def test_what_does_not_go_together_is_told_without_secrets(cluster: KafkaSettings, told: str) -> None:
    with pytest.raises(SettingError, match=told) as refused:
        connection(cluster, {"acks": "all"})
    assert "secret" not in str(refused.value)
