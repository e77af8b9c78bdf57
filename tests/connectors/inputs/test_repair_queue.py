"""What is wanted, as a law over the news of gaps, with `Continuity` as the source of true news."""

from __future__ import annotations

import pickle
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from connectors.inputs.repair_queue import Page, QueueSettings, RepairQueue, Span, merged, within, without
from scoring.market.continuity import Continuity
from scoring.records import Batch, Clock, Gap, Kind, MarketItem, Trade, empty_columns


def gap(from_id: int, to_id: int, repaired: int = 0, from_ns: int = 0, symbol: str = "BTCUSDT", missing: int = 0) -> Gap:
    count = missing or to_id - from_id + 1
    return Gap(symbol, symbol, Kind.TRADE, from_ns or from_id, from_ns + 1, from_id, to_id, count, repaired, "id jump")


def book_gap(from_ns: int, to_ns: int) -> Gap:
    return Gap("BTCUSDT", "BTCUSDT", Kind.DEPTH, from_ns, to_ns, 0, 0, 0, 0, "book break")


def ids_of(spans: list[Span]) -> set[int]:
    return {number for low, high in spans for number in range(low, high + 1)}


def trades(ids: list[int]) -> Batch:
    columns = {name: np.zeros(len(ids), column.dtype) for name, column in empty_columns(Trade).items()}
    return Batch(Kind.TRADE, "BTCUSDT", {**columns, "trade_id": np.array(ids, np.int64), "event_ns": np.array(ids, np.int64) // 3})


def news_of(arrivals: list[int]) -> list[Gap]:
    """Give what `Continuity` says when trades arrive in this order, three to an instant."""
    items: list[MarketItem] = [trades([trade_id]) for trade_id in arrivals]
    return [item for item in Continuity("BTCUSDT").update([*items, Clock(1)]) if isinstance(item, Gap)]


ARRIVALS = st.lists(st.integers(2, 60), unique=True, max_size=40).map(lambda ids: [1, *ids])


@given(ARRIVALS, st.data())
def test_any_order_of_the_same_news_wants_the_same(arrivals: list[int], data: st.DataObject) -> None:
    news = news_of(arrivals)
    queue, other = RepairQueue(), RepairQueue()
    for gap in news:
        queue.take(gap)
    for gap in data.draw(st.permutations(news + news[::2])):
        other.take(gap)
    assert other.wanted("BTCUSDT") == queue.wanted("BTCUSDT")
    assert other.open_gaps() == queue.open_gaps()
    assert other.repaired == queue.repaired


@given(ARRIVALS)
def test_every_missing_trade_is_wanted_and_nothing_outside_of_open_gaps(arrivals: list[int]) -> None:
    queue = RepairQueue()
    for gap in news_of(arrivals):
        queue.take(gap)
    missing = set(range(1, max(arrivals))) - set(arrivals)
    wanted = ids_of(queue.wanted("BTCUSDT"))
    assert missing <= wanted
    assert queue.is_wanting() == bool(missing)
    assert wanted <= set(range(2, max(arrivals)))


@given(ARRIVALS, st.integers(1, 20), st.sets(st.integers(1, 60)), st.integers(0, 5))
def test_asking_page_after_page_brings_all_that_is_served_and_ends(arrivals: list[int], limit: int, lost: set[int], restart: int) -> None:
    queue = RepairQueue(QueueSettings(tries=2))
    for gap in news_of(arrivals):
        queue.take(gap)
    wanted = ids_of(queue.wanted("BTCUSDT"))
    brought: list[int] = []
    given_up: list[Span] = []
    turns = 0
    while (page := queue.next_page(limit)) is not None:
        assert page.limit <= limit
        served = [number for number in range(page.from_id, 61) if number not in lost][:limit]
        ids = queue.wants(page.symbol, served)
        brought += ids
        given_up += queue.answered(page, ids)
        turns += 1
        assert turns <= 200
        if turns == restart:
            queue = pickle.loads(pickle.dumps(queue))
    assert sorted(brought) == sorted(wanted - lost)  # each once
    assert ids_of(given_up) == wanted & lost
    assert queue.given_up == len(wanted & lost)


def test_the_oldest_gap_comes_first_and_a_page_takes_along_what_is_near() -> None:
    queue = RepairQueue()
    queue.take(gap(500, 520, from_ns=300, symbol="ETHUSDT"))
    queue.take(gap(40, 45, from_ns=200))
    queue.take(gap(10, 14, from_ns=100))
    assert queue.next_page(1000) == Page("BTCUSDT", 10, 45)
    assert queue.next_page(20) == Page("BTCUSDT", 10, 14)
    assert queue.next_page(1000, skip={"BTCUSDT"}) == Page("ETHUSDT", 500, 520)
    assert queue.next_page(1000, skip={"BTCUSDT", "ETHUSDT"}) is None


def test_a_gap_that_closes_by_itself_is_wanted_no_more() -> None:
    queue = RepairQueue()
    queue.take(gap(10, 14))
    queue.take(gap(10, 14, repaired=3))
    assert queue.wanted("BTCUSDT") == [(10, 14)]
    queue.take(gap(10, 14, repaired=5))
    assert (queue.wanted("BTCUSDT"), queue.open_gaps(), queue.repaired) == ([], 0, 1)


def test_what_is_on_the_tape_is_not_asked_for_again_while_its_gap_is_open() -> None:
    queue = RepairQueue()
    queue.take(gap(10, 14))
    queue.answered(Page("BTCUSDT", 10, 14), [10, 11, 12, 13, 14])
    assert queue.next_page(1000) is None
    assert queue.open_gaps() == 1
    queue.take(gap(10, 14, repaired=2))
    assert queue.next_page(1000) is None


def test_what_is_not_served_is_given_up_after_so_many_tries_and_its_gap_stays_open() -> None:
    queue = RepairQueue(QueueSettings(tries=3))
    queue.take(gap(10, 14))
    for tried in (1, 2):
        page = queue.next_page(1000)
        assert page
        assert queue.answered(page, [13]) == []
        assert queue.tried("BTCUSDT") == tried
    page = queue.next_page(1000)
    assert page
    assert queue.answered(page, []) == [(10, 12), (14, 14)]
    assert (queue.next_page(1000), queue.open_gaps(), queue.given_up, queue.tried("BTCUSDT")) == (None, 1, 4, 0)


def test_tries_count_anew_where_some_of_it_came() -> None:
    queue = RepairQueue(QueueSettings(tries=2))
    queue.take(gap(10, 14))
    queue.answered(Page("BTCUSDT", 10, 14), [])
    queue.answered(Page("BTCUSDT", 10, 14), [10])
    assert queue.tried("BTCUSDT") == 1
    assert queue.wanted("BTCUSDT") == [(11, 14)]


def test_one_instant_may_begin_two_gaps_one_after_the_other() -> None:
    queue = RepairQueue()
    queue.take(gap(10, 14, from_ns=7))
    queue.take(gap(10, 14, from_ns=7, repaired=5))
    queue.take(gap(20, 22, from_ns=7))
    assert queue.wanted("BTCUSDT") == [(20, 22)]


def test_a_broken_book_waits_until_its_newest_gap_is_healed() -> None:
    queue = RepairQueue()
    assert not queue.is_broken("BTCUSDT")
    queue.take(book_gap(5, 0))
    assert queue.is_broken("BTCUSDT")
    assert queue.open_gaps() == 1
    queue.take(book_gap(5, 9))
    queue.take(book_gap(5, 0))
    assert not queue.is_broken("BTCUSDT")
    queue.take(book_gap(12, 0))
    queue.take(book_gap(5, 9))
    assert queue.is_broken("BTCUSDT")


def test_what_no_request_repairs_is_left_out() -> None:
    queue = RepairQueue()
    queue.take(Gap("live", "*", "*", 5, 0, 0, 0, 0, 0, "disconnected"))
    queue.take(Gap("live", "BTCUSDT", Kind.QUOTE, 5, 0, 0, 0, 0, 0, "disconnected"))
    assert (queue.open_gaps(), queue.is_wanting(), queue.next_page(10), queue.wants("BTCUSDT", [5])) == (0, False, None, [])
    assert queue.tried("BTCUSDT") == 0


def test_memory_is_bounded_by_the_newest_gaps() -> None:
    queue = RepairQueue(QueueSettings(gaps=3, closed=2))
    for number in range(10, 100, 10):
        queue.take(gap(number, number + 1))
        queue.take(gap(number + 5, number + 6, repaired=2))
    assert queue.wanted("BTCUSDT") == [(70, 71), (80, 81), (90, 91)]
    assert len(queue.symbols["BTCUSDT"].gaps) == 5
    queue.answered(Page("BTCUSDT", 70, 71), [70, 71])
    queue.take(gap(100, 101))
    assert queue.symbols["BTCUSDT"].settled == []  # of a gap that is forgotten


SPANS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 6)).map(lambda span: (span[0], span[0] + span[1])), max_size=8)


@given(SPANS, SPANS, st.integers(0, 30), st.integers(0, 30))
def test_spans_are_sets_of_ids(some: list[Span], others: list[Span], low: int, high: int) -> None:
    one, two = merged(some), merged(others)
    assert ids_of(one) == ids_of(some)
    assert all(before[1] + 1 < after[0] for before, after in pairwise(one))
    assert ids_of(without(one, two)) == ids_of(one) - ids_of(two)
    assert ids_of(within(one, low, high)) == ids_of(one) & set(range(low, high + 1))
