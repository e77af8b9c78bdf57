"""Events to rows: instants, and the same refusals one by one as for columns."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.wire import binance_rows as rows
from connectors.wire.binance_streams import (
    AggregateEvent,
    BookEvent,
    DiffEvent,
    Kline,
    KlineEvent,
    Level,
    QuoteEvent,
    RestKline,
    TradeEvent,
)
from scoring.records import Candle, Quote, Trade, columns_of

MAX_AHEAD_NS = 60_000_000_000
AT_MS = 1_723_161_255_208
BODY = Kline(AT_MS - 60_000, "1m", 1.0, 4.0, 0.5, 2.0, 10.0, 20.0, 7, 5.0, True)


@pytest.mark.parametrize(
    ("instant", "expected_ns"),
    [(0, 0), (AT_MS, AT_MS * 1_000_000), (AT_MS * 1_000 + 1, AT_MS * 1_000_000 + 1_000), ((1 << 53) - 1, ((1 << 53) - 1) * 1_000)],
)
def test_milliseconds_and_microseconds_are_told_apart_by_their_size(instant: int, expected_ns: int) -> None:
    assert rows.to_ns(instant) == expected_ns < 1 << 63


aggregates = st.builds(
    AggregateEvent,
    trade_id=st.integers(0, 1 << 40),
    price=st.floats(0.1, 1e6),
    quantity=st.floats(0.1, 1e6),
    first_id=st.integers(0, 3),
    last_id=st.integers(0, 3),
    happened_at=st.sampled_from([0, AT_MS, AT_MS + 60_000, AT_MS + 60_001, AT_MS * 1_000, (1 << 53) - 1]),
    buyer_is_maker=st.booleans(),
)


@given(st.lists(aggregates, min_size=1, max_size=40))
@settings(max_examples=100, deadline=None)
def test_columns_and_single_events_agree_on_values_and_on_what_is_refused(events: list[AggregateEvent]) -> None:
    received_ns = np.full(len(events), AT_MS * 1_000_000)
    columns = rows.trade_columns(events, received_ns, repaired=False)
    assert list(columns) == list(columns_of(Trade))
    assert columns["event_ns"].tolist() == [rows.to_ns(event.happened_at) for event in events]
    assert columns["first_id"].tolist() == [event.first_id for event in events]
    refused = [row for row, event in enumerate(events) if rows.refusal(event, AT_MS * 1_000_000, MAX_AHEAD_NS)]
    suspects = rows.suspects([columns[name] for name in ("received_ns", "event_ns", "first_id", "last_id")], MAX_AHEAD_NS)
    assert set(refused) <= set(suspects)
    assert len(events) < 16 or refused == list(suspects)


def test_a_single_trade_is_its_own_first_and_last() -> None:
    columns = rows.trade_columns([TradeEvent(5, 1.0, 2.0, AT_MS, True)] * 3, np.zeros(3, np.int64), repaired=True)
    assert columns["first_id"].tolist() == columns["last_id"].tolist() == [5, 5, 5]
    assert columns["repaired"].tolist() == [True] * 3


def test_an_event_may_be_behind_its_receive_time_by_any_span_and_ahead_by_the_setting() -> None:
    event = DiffEvent(AT_MS, 1, 1, [], [])
    assert rows.refusal(event, AT_MS * 1_000_000 + 10**18, MAX_AHEAD_NS) == ""
    assert rows.refusal(event, AT_MS * 1_000_000 - MAX_AHEAD_NS, MAX_AHEAD_NS) == ""
    assert "ahead" in rows.refusal(event, AT_MS * 1_000_000 - MAX_AHEAD_NS - 1, MAX_AHEAD_NS)
    assert "ids from 2 to 1" in rows.refusal(DiffEvent(AT_MS, 2, 1, [], []), AT_MS * 1_000_000, MAX_AHEAD_NS)


def test_quotes_keep_the_order_of_their_columns() -> None:
    columns = rows.quote_columns([QuoteEvent(1, 2.0, 3.0, 4.0, 5.0)], np.array([9]))
    assert list(columns) == list(columns_of(Quote))
    assert [column[0] for column in columns.values()] == [9, 9, 1, 2.0, 3.0, 4.0, 5.0]


def test_book_events_take_the_time_they_have() -> None:
    found = rows.depth_snapshot(BookEvent(3, [(1.0, 2.0)], []), 7, whole=True)
    assert (found.event_ns, found.received_ns, found.last_id, found.whole) == (7, 7, 3, True)


def test_updates_of_the_book_become_columns() -> None:
    events = [DiffEvent(AT_MS, 1, 2, [Level(1.0, 0.0)], []), DiffEvent(AT_MS * 1_000, 3, 4, [], [Level(2.0, 3.0), Level(4.0, 5.0)])]
    found = rows.depth_diffs(rows.diff_heads(events, np.array([7, 8])), events)
    assert [found.received_ns.tolist(), found.first_id.tolist(), found.last_id.tolist()] == [[7, 8], [1, 3], [2, 4]]
    assert found.event_ns.tolist() == [AT_MS * 1_000_000] * 2
    assert (found.bid_stops.tolist(), found.ask_stops.tolist()) == ([1, 1], [0, 2])
    assert (found.bids.tolist(), found.asks.tolist()) == ([[1.0, 0.0]], [[2.0, 3.0], [4.0, 5.0]])


@pytest.mark.parametrize(("closed", "interval", "expected"), [(True, "1m", True), (False, "1m", False), (True, "5m", False)])
def test_a_streamed_candle_says_whether_it_is_final(closed: bool, interval: str, expected: bool) -> None:
    body = Kline(AT_MS, interval, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1, 1.0, closed)
    assert rows.is_closed_minute(KlineEvent(AT_MS, body), 0) is expected


def test_a_past_candle_is_final_once_its_close_has_passed() -> None:
    past = RestKline(AT_MS - 60_000, 1.0, 1.0, 1.0, 1.0, 1.0, AT_MS, 1.0, 1, 1.0)
    assert not rows.is_closed_minute(past, AT_MS * 1_000_000)
    assert rows.is_closed_minute(past, AT_MS * 1_000_000 + 1)
    backwards = RestKline(AT_MS + 1, 1.0, 1.0, 1.0, 1.0, 1.0, AT_MS, 1.0, 1, 1.0)
    assert "a candle that starts at" in rows.refusal(backwards, AT_MS * 1_000_000, MAX_AHEAD_NS)
    assert rows.refusal(past, AT_MS * 1_000_000, MAX_AHEAD_NS) == ""


def test_candles_of_both_origins_have_the_same_columns() -> None:
    past = RestKline(AT_MS - 60_000, 1.0, 4.0, 0.5, 2.0, 10.0, AT_MS, 20.0, 7, 5.0)
    columns = rows.candle_columns([KlineEvent(AT_MS, BODY), past], np.array([1, 2]))
    assert list(columns) == list(columns_of(Candle))
    assert columns["received_ns"].tolist() == [1, 2]
    assert all(column[0] == column[1] for name, column in columns.items() if name != "received_ns")
