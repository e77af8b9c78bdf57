"""Events of several streams, put together in tape order."""

from __future__ import annotations

import numpy as np
import pytest

from connectors.wire.binance_batches import Assembly
from connectors.wire.binance_routes import Event, Route
from connectors.wire.binance_streams import (
    AggregateEvent,
    BookEvent,
    DiffEvent,
    Kline,
    KlineEvent,
    Level,
    QuoteEvent,
    RestTrade,
    TradeEvent,
)
from scoring.records import DepthDiffs, DepthSnapshot, Kind

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


def ids_of(update: DepthDiffs | DepthSnapshot) -> list[int]:
    return update.last_id.tolist() if isinstance(update, DepthDiffs) else [update.last_id]


def test_books_are_merged_by_the_index_of_their_frames() -> None:
    together = assembly(3)
    together.add(route(Event.DIFF), np.array([0, 2]), [DiffEvent(AT_MS, 1, 1, [], []), DiffEvent(AT_MS, 3, 3, [], [])])
    together.add(route(Event.SNAPSHOT), np.array([1]), [BookEvent(2, [], [])])
    (book,) = together.books()
    assert [ids_of(update) for update in book.updates] == [[1], [2], [3]]


@pytest.mark.parametrize("count", [4, 200])
def test_diffs_of_several_streams_are_one_run_between_snapshots(count: int) -> None:
    together = assembly(2 * count + 3)
    even, odd = np.arange(0, 2 * count, 2), np.arange(1, 2 * count, 2)
    for at in (odd, even):
        together.add(route(Event.DIFF), at, [DiffEvent(AT_MS, index, index, [Level(index + 1.0, 2.0)], []) for index in at.tolist()])
    together.add(route(Event.SNAPSHOT), np.array([2 * count, 2 * count + 1]), [BookEvent(-1, [], []), BookEvent(-2, [], [])])
    together.add(route(Event.DIFF), np.array([2 * count + 2]), [DiffEvent(AT_MS, 7, 7, [], [Level(5.0, 6.0)])])
    (book,) = together.books()
    assert [ids_of(update) for update in book.updates] == [list(range(2 * count)), [-1], [-2], [7]]
    first, _, _, last = book.updates
    assert isinstance(first, DepthDiffs)
    assert isinstance(last, DepthDiffs)
    assert (np.diff(first.received_ns) == 1).all()
    assert first.bids.tolist() == [[index + 1.0, 2.0] for index in range(2 * count)]
    assert (first.bid_stops.tolist(), first.ask_stops.tolist()) == (list(range(1, 2 * count + 1)), [0] * 2 * count)
    assert (last.bids.tolist(), last.asks.tolist(), last.bid_stops.tolist(), last.ask_stops.tolist()) == ([], [[5.0, 6.0]], [0], [1])


@pytest.mark.parametrize("count", [1, 100])
def test_a_diff_that_is_refused_leaves_its_run(count: int) -> None:
    together = assembly(count + 1)
    events = [DiffEvent(AT_MS, 1, 1 + number, [Level(1.0 + number, 1.0)] * number, []) for number in range(count)]
    together.add(route(Event.DIFF), np.arange(count + 1), [DiffEvent(AT_MS, 2, 1, [], []), *events])
    assert [index for index, _ in together.refused] == [0]
    (book,) = together.books()
    (diffs,) = book.updates
    assert isinstance(diffs, DepthDiffs)
    assert diffs.last_id.tolist() == list(range(1, count + 1))
    assert np.diff(diffs.bid_stops, prepend=0).tolist() == list(range(count))


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
