"""Brokers that ask who comes: real handshakes on loopback, through the output and back through the input."""

from __future__ import annotations

import shutil
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from connectors.inputs.kafka import KafkaFeed
from connectors.inputs.kafka_client import KafkaInputSettings
from connectors.inputs.kafka_clock import TopicClock
from connectors.outputs.kafka import KafkaOutputSettings, KafkaPartition
from connectors.outputs.output_health import OutputHealth
from connectors.tape.recorder import Recorder
from connectors.wire.kafka import Event, event_id, stamp
from connectors.wire.kafka_connection import KafkaSettings
from scoring.duration import Duration
from scoring.errors import ResourceError
from scoring.records import SourceHealth
from tests.connectors.kafka_broker import PARTITIONS, broker
from tests.connectors.kafka_guard import KEY_PASSWORD, Certificates, guard
from tests.waiting import wait_until

QUICK = KafkaOutputSettings(linger=Duration.parse("1ms"), patience=Duration.parse("300ms"))
EVENTS = 100
USERS = {"ghosttape": "open"}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl here to make certificates with")
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def address() -> Iterator[str]:
    with broker() as found:
        yield found


def with_certificate(bootstrap: str, certificates: Certificates) -> KafkaSettings:
    key = certificates.client.with_suffix(".key")
    own = KafkaSettings(bootstrap, certificate=str(certificates.client), key=str(key), key_password=KEY_PASSWORD)
    return msgspec.structs.replace(own, tls=True, ca=str(certificates.ca))


def with_password(cluster: KafkaSettings, password: str) -> KafkaSettings:
    return msgspec.structs.replace(cluster, sasl="PLAIN", user="ghosttape", password=password)


def assert_there_and_back(cluster: KafkaSettings, folder: Path) -> None:
    """Produce events with our output and read them with our input."""
    now_ns = time.time_ns()
    sink = KafkaPartition(cluster, msgspec.structs.replace(QUICK, patience=Duration.parse("20s")))
    payloads = [b'{"stream":"btcusdt@trade","data":{"t":%d}}' % number for number in range(EVENTS)]
    events = [
        Event(cluster.topics.trades, b"S%d" % (number % 7), stamp(payload, now_ns), "binance", event_id("a", number))
        for number, payload in enumerate(payloads)
    ]
    sink.write_batch([events])
    sink.close()
    clock = TopicClock()
    recorder = Recorder(folder / "frames" / "live", clock=clock)
    feed = KafkaFeed(cluster, KafkaInputSettings(partitions=tuple(range(PARTITIONS))), clock)
    feed.start(recorder)
    wait_until(lambda: recorder.committed("binance") >= EVENTS)
    feed.close()
    chunk = recorder.read(0, 1_000)
    assert chunk is not None
    assert sorted(chunk.payloads[index] for index in chunk.rows_of("binance").tolist()) == sorted(payloads)
    recorder.close()


def healths_of(cluster: KafkaSettings, folder: Path) -> tuple[SourceHealth, SourceHealth]:
    """Say how our output and our input are doing once they are refused."""
    sink = KafkaPartition(cluster, QUICK)
    sink.write_batch([[Event(cluster.topics.trades, b"", b"1", "binance")]])
    clock = TopicClock()
    recorder = Recorder(folder / "frames" / "live", clock=clock)
    feed = KafkaFeed(cluster, KafkaInputSettings(partitions=(0,)), clock)
    feed.start(recorder)
    wait_until(lambda: "expected" in sink.standing().held and "expected" in feed.health()[0].last_error)
    time.sleep(1.5)  # what follows from the first error is said later
    (produced,), (read,) = OutputHealth("kafka out", sink.standing)(), feed.health()
    feed.close()
    recorder.close()
    with pytest.raises(ResourceError, match="1 events are not acknowledged"):
        sink.close()
    return produced, read


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def test_with_a_certificate_events_go_there_and_back(
    address: str, certificates: Certificates, version: ssl.TLSVersion, tmp_path: Path
) -> None:
    context = certificates.context()
    context.maximum_version = context.minimum_version = version
    with guard(address, context) as bootstrap:
        assert_there_and_back(with_certificate(bootstrap, certificates), tmp_path)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def test_without_a_certificate_health_names_what_to_look_at(
    address: str, certificates: Certificates, version: ssl.TLSVersion, tmp_path: Path
) -> None:
    context = certificates.context()
    context.maximum_version = context.minimum_version = version
    with guard(address, context) as bootstrap:
        produced, read = healths_of(KafkaSettings(bootstrap, tls=True, ca=str(certificates.ca)), tmp_path)
    assert (produced.state, read.state) == ("stale", "down")
    for row in (produced, read):
        assert "SSL" in row.last_error
        assert row.last_error.endswith("expected brokers and kafka.ca, kafka.certificate, kafka.key to fit each other")
        assert "\n" not in row.last_error


def test_a_broker_that_nobody_vouches_for_gets_no_events(address: str, certificates: Certificates, tmp_path: Path) -> None:
    with guard(address, certificates.context()) as bootstrap:
        produced, _ = healths_of(msgspec.structs.replace(with_certificate(bootstrap, certificates), ca=""), tmp_path)
    assert "certificate verify failed" in produced.last_error
    assert "kafka.ca" in produced.last_error


def test_with_certificate_and_password_events_go_there_and_back(address: str, certificates: Certificates, tmp_path: Path) -> None:
    with guard(address, certificates.context(), USERS) as bootstrap:
        assert_there_and_back(with_password(with_certificate(bootstrap, certificates), "open"), tmp_path)


def test_with_a_password_events_go_there_and_back(address: str, tmp_path: Path) -> None:
    with guard(address, users=USERS) as bootstrap:
        assert_there_and_back(with_password(KafkaSettings(bootstrap), "open"), tmp_path)


def test_with_a_wrong_password_health_names_what_to_look_at(address: str, tmp_path: Path) -> None:
    with guard(address, users=USERS) as bootstrap:
        for row in healths_of(with_password(KafkaSettings(bootstrap), "sesame"), tmp_path):
            assert row.last_error.endswith("expected brokers that know kafka.user, and kafka.sasl and kafka.password to be right")


def test_without_any_health_names_what_to_look_at(address: str, tmp_path: Path) -> None:
    with guard(address, users=USERS) as bootstrap:
        for row in healths_of(KafkaSettings(bootstrap), tmp_path):
            assert row.last_error.endswith(
                "brokers are down, expected brokers at kafka.bootstrap that want kafka.tls and kafka.sasl as they are set"
            )
