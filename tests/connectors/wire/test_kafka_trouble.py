"""Of all that a client says, the line that tells what to look at."""

from __future__ import annotations

from connectors.wire.kafka_trouble import Trouble


def test_what_says_why_stays_until_something_else_is_known() -> None:
    trouble = Trouble()
    assert trouble.take("_TIMED_OUT", "Failed to get metadata: Local: Timed out")
    assert trouble.reason == "Failed to get metadata: Local: Timed out"
    assert trouble.take("_ALL_BROKERS_DOWN", "1/1 brokers are down")
    assert trouble.take("_TRANSPORT", "Failed to get metadata: Local: Broker transport failure")
    assert trouble.reason == "1/1 brokers are down, expected brokers at kafka.bootstrap that want kafka.tls and kafka.sasl as they are set"
    assert trouble.take("_TRANSPORT", "127.0.0.1:9092/bootstrap: Connect failed")
    assert trouble.take("_ALL_BROKERS_DOWN", "1/1 brokers are down")
    assert trouble.reason == "127.0.0.1:9092/bootstrap: Connect failed"
    assert trouble.take("_SSL", "handshake\n failed")
    assert trouble.take("_TRANSPORT", "127.0.0.1:9092/bootstrap: Connect failed")
    assert trouble.reason == "handshake failed, expected brokers and kafka.ca, kafka.certificate, kafka.key to fit each other"
    assert trouble.take("_AUTHENTICATION", "no")
    assert trouble.reason.startswith("no, expected brokers that know kafka.user")
    assert not trouble.take("REBALANCE_IN_PROGRESS", "rebalance")
    assert trouble.reason == "rebalance"


def test_with_brokers_that_are_there_all_is_forgotten() -> None:
    trouble = Trouble()
    trouble.take("_RESOLVE", "nowhere")
    trouble.clear()
    assert trouble.reason == ""
    trouble.take("_ALL_BROKERS_DOWN", "1/1 brokers are down")
    assert trouble.reason.startswith("1/1 brokers are down, expected")


def test_a_certificate_that_is_missed_after_the_handshake_is_no_broken_connection() -> None:
    trouble = Trouble()
    said = "ssl://127.0.0.1:9093/bootstrap: Receive failed: error:0A00045C:SSL routines::tlsv13 alert certificate required"
    assert trouble.take("_TRANSPORT", said)
    assert trouble.reason == f"{said}, expected brokers and kafka.ca, kafka.certificate, kafka.key to fit each other"
