"""Rows as events."""

from __future__ import annotations

import json
import math

import numpy as np

from connectors.wire.kafka_results import RESULT_TOPICS, result_events
from scoring.records import DecouplingSignal, PostRow, Rows, Table, empty_columns, to_columns


def signal(asset: str, at_ns: int) -> DecouplingSignal:
    return DecouplingSignal(asset, at_ns, math.nan, 2.0, 0.1, 0.2, 0.3, 0.4, 5, 1, 2, math.inf, 0.0, 0.0, False, 0, "complete")


def test_each_row_is_an_event_of_its_own_under_its_subject() -> None:
    rows = Rows(Table.DECOUPLING_SIGNALS, "bitcoin", to_columns(DecouplingSignal, [signal("bitcoin", 1_500_000_000), signal("doge", 0)]), 0)
    first, second = result_events(rows, RESULT_TOPICS)
    assert (first.topic, first.key, second.key) == ("ghosttape.signals", b"bitcoin", b"doge")
    assert (first.headers, first.event_id) == ((("table", "decoupling_signals"),), "")
    found = json.loads(first.value)
    assert found["evaluated_at"] == "1970-01-01T00:00:01.500000Z"
    assert (found["price"], found["average_price"], found["hype_momentum"]) == (None, 2.0, None)
    assert (found["message_count"], found["warming"], found["completeness"]) == (5, False, "complete")
    assert json.loads(second.value)["evaluated_at"] is None


def test_text_that_utf8_cannot_carry_is_replaced() -> None:
    rows = Rows(Table.POSTS, "x", to_columns(PostRow, [PostRow("moon\ud800", 1, 2, 3, "", "up \ud83d", "")]), 0)
    (event,) = result_events(rows, {Table.POSTS: "posts"})
    assert event.key == b"moon?"
    assert json.loads(event.value)["text"] == "up ?"


def test_symbols_come_before_other_keys() -> None:
    columns = {"alert_id": np.array(["a1"], object), "symbol": np.array(["BTCUSDT"], object)}
    (event,) = result_events(Rows(Table.ALERTS, "BTCUSDT", columns, 0), RESULT_TOPICS)
    assert event.key == b"BTCUSDT"


def test_what_has_no_topic_or_is_not_final_is_not_said() -> None:
    columns = to_columns(DecouplingSignal, [signal("bitcoin", 1)])
    assert not list(result_events(Rows(Table.DECOUPLING_SIGNALS, "bitcoin", columns, 0), {}))
    assert not list(result_events(Rows(Table.DECOUPLING_SIGNALS, "bitcoin", columns, 0, provisional=True), RESULT_TOPICS))
    assert not list(result_events(Rows(Table.DECOUPLING_SIGNALS, "bitcoin", empty_columns(DecouplingSignal), 0), RESULT_TOPICS))
