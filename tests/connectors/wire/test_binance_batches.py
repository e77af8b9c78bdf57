"""Events of several streams, put together in tape order."""

from __future__ import annotations

import numpy as np
import pytest

from connectors.wire.binance_batches import Assembly
from connectors.wire.binance_routes import Event, Route
from connectors.wire.binance_streams import AggregateEvent, BookEvent, DiffEvent, Kline, KlineEvent, QuoteEvent, RestTrade, TradeEvent
from scoring.records import Kind

AT_MS = 1_723_161_255_208


def assembly(count: int) -> Assembly:
    return Assembly(np.full(count, AT_MS * 1_000_000) + np.arange(count), 60_000_000_000)


def route(event: Event, symbol: str = "BTCUSDT") -> Route:
    return Route(symbol, event, True)


def trade(number: int, at_ms: int = AT_MS) -> TradeEvent:
    return TradeEvent(number, 1.0, 1.0, at_ms, False)


def test_pieces_of_one_kind_are_merged_by_the_index_of_their_frames() -> None:
    together = assembly(5)
    together.add(route(Event.TRADE), np.array([0, 2, 4]), [trade(0), trade(2), trade(4)])
    together.add(
        route(Event.REPAIRED_TRADE), np.array([1, 3]), [RestTrade(1, 1.0, 1.0, AT_MS, False), RestTrade(3, 1.0, 1.0, AT_MS, False)]
    )
    (batch,) = together.batches()
    assert batch["trade_id"].tolist() == [0, 1, 2, 3, 4]
    assert batch["repaired"].tolist() == [False, True, False, True, False]
    assert (np.diff(batch["received_ns"]) == 1).all()


def test_books_are_merged_by_the_index_of_their_frames() -> None:
    together = assembly(3)
    together.add(route(Event.DIFF), np.array([0, 2]), [DiffEvent(AT_MS, 1, 1, [], []), DiffEvent(AT_MS, 3, 3, [], [])])
    together.add(route(Event.SNAPSHOT), np.array([1]), [BookEvent(2, [], [])])
    (book,) = together.books()
    assert [update.last_id for update in book.updates] == [1, 2, 3]


@pytest.mark.parametrize("count", [1, 100])
def test_what_is_refused_leaves_its_batch_and_keeps_its_index(count: int) -> None:
    together = assembly(count + 1)
    events = [AggregateEvent(number, 1.0, 1.0, 1, 1, AT_MS, False) for number in range(count)]
    together.add(route(Event.AGGREGATE), np.arange(count + 1), [*events, AggregateEvent(9, 1.0, 1.0, 2, 1, AT_MS, False)])
    assert [index for index, _ in together.refused] == [count]
    assert [len(batch) for batch in together.batches()] == [count]


def test_a_stream_of_which_nothing_is_left_gives_no_batch_and_no_book() -> None:
    together = assembly(3)
    together.add(route(Event.TRADE), np.array([0]), [trade(1, AT_MS + 99_000)])
    together.add(route(Event.DIFF), np.array([1]), [DiffEvent(AT_MS, 2, 1, [], [])])
    body = Kline(AT_MS, "1m", 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1, 1.0, False)
    together.add(route(Event.KLINE), np.array([2]), [KlineEvent(AT_MS, body)])
    assert (together.batches(), together.books(), len(together.refused), together.ignored) == ([], [], 2, 1)


def test_batches_are_sorted_by_kind_and_symbol() -> None:
    together = assembly(3)
    together.add(route(Event.TRADE, "B"), np.array([0]), [trade(1)])
    together.add(route(Event.TRADE, "A"), np.array([1]), [trade(1)])
    together.add(route(Event.QUOTE, "B"), np.array([2]), [QuoteEvent(1, 1.0, 1.0, 1.0, 1.0)])
    assert [(batch.kind, batch.symbol) for batch in together.batches()] == [(Kind.QUOTE, "B"), (Kind.TRADE, "A"), (Kind.TRADE, "B")]
