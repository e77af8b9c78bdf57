"""Where each frame goes."""

from __future__ import annotations

import json

import pytest

from connectors.wire.kafka import unstamp
from connectors.wire.kafka_topics import Routes, TopicNames

TOPICS = TopicNames()


def combined(stream: str) -> bytes:
    return json.dumps({"stream": stream, "data": {}}, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    ("feed", "payload", "topic", "key"),
    [
        ("binance", combined("btcusdt@trade"), "binance.trades", b"BTCUSDT"),
        ("binance", combined("btcusdt@aggTrade@rest"), "binance.trades", b"BTCUSDT"),
        ("binance", combined("ethusdt@bookTicker"), "binance.book_ticker", b"ETHUSDT"),
        ("binance", combined("ethusdt@depth@100ms"), "binance.other", b"ETHUSDT"),
        ("binance", combined("!serverShutdown"), "binance.other", b"binance"),
        ("binance", b'{"data":{},"stream":"btcusdt@trade"}', "binance.trades", b"BTCUSDT"),
        ("binance", b'{"stream":"' + b"x" * 200, "binance.other", b"binance"),
        ("binance", b'{"e":"trade","s":"BTCUSDT"}', "binance.trades", b"BTCUSDT"),
        ("binance", b'{"u":7,"s":"BTCUSDT","b":"1"}', "binance.book_ticker", b"BTCUSDT"),
        ("binance", b'{"result":null,"id":1}', "binance.other", b"binance"),
        ("binance", b"\xff", "binance.other", b"binance"),
        ("coingecko", b"{}", "live-prices", b"coingecko"),
        ("fear_greed", b"{}", "live-prices", b"fear_greed"),
        ("telegram", b'{"channel":"calls"}', "live-social", b"calls"),
        ("telegram", b"oops", "live-social", b"telegram"),
        ("news", b'{"source":"coindesk"}', "live-social", b"news/coindesk"),
        ("gap", b'{"symbol":"BTCUSDT"}', "live-gaps", b"BTCUSDT"),
        ("gap", b"oops", "live-gaps", b"*"),
    ],
)
def test_a_frame_goes_to_its_topic_under_its_key(feed: str, payload: bytes, topic: str, key: bytes) -> None:
    routes = Routes(TOPICS, "5f3a")
    for row in (7, 8):  # found, and then remembered
        event = routes.event(feed, payload, 99, row)
        assert event is not None
        assert (event.topic, event.key, event.feed, event.event_id) == (topic, key, feed, f"5f3a/{row}")
        assert unstamp(event.value) == (payload, 99)


@pytest.mark.parametrize("feed", ["clock", "kafka"])
def test_marks_of_the_tape_stay_on_it(feed: str) -> None:
    assert Routes(TOPICS, "5f3a").event(feed, b"", 99, 7) is None


def test_names_of_streams_are_remembered_within_bounds() -> None:
    routes = Routes(TOPICS, "5f3a")
    for number in range((1 << 16) + 10):
        routes.event("binance", combined(f"s{number}@trade"), 1, number)
    assert len(routes._streams) == 1 << 16


def test_topics_know_the_feed_of_what_does_not_say() -> None:
    assert [TOPICS.feed_of(topic) for topic in TOPICS.names()] == ["binance", "binance", "binance", "coingecko", "telegram", "gap"]
    assert TopicNames(trades="one", book_ticker="one", binance="one").names() == ("one", "live-prices", "live-social", "live-gaps")
