"""Trades and quotes in order: tables for each promise, and a row-by-row model that any cut of any sequence has to match."""

from __future__ import annotations

import pickle
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from scoring.market.continuity import Continuity
from scoring.records import Batch, BookUpdates, Clock, End, Gap, Kind, MarketItem, Quote, Trade, to_columns

SYMBOL = "BTCUSDT"


def trades(*ids: int, event_ns: list[int] | None = None) -> Batch:
    times = event_ns or [10 * trade_id for trade_id in ids]
    rows = [Trade(at, at, i, 100.0 + i, 1.0, False, i, i, False) for i, at in zip(ids, times, strict=True)]
    return Batch(Kind.TRADE, SYMBOL, to_columns(Trade, rows))


def quotes(*ids: int) -> Batch:
    return Batch(Kind.QUOTE, SYMBOL, to_columns(Quote, [Quote(i, i, i, 1.0, 1.0, 2.0, 1.0) for i in ids]))


def jump(from_id: int, to_id: int, repaired: int = 0, missing: int = 0) -> Gap:
    count = missing or to_id - from_id + 1
    return Gap("tape", SYMBOL, "trade", 10 * (from_id - 1), 10 * (to_id + 1), from_id, to_id, count, repaired, "id jump")


def told(items: Iterable[MarketItem]) -> list[int | MarketItem]:
    """Trades as their ids, the rest as it is."""
    flat: list[int | MarketItem] = []
    for item in items:
        if isinstance(item, Batch):
            flat.extend(item["trade_id" if item.kind is Kind.TRADE else "update_id"].tolist())
        else:
            flat.append(item)
    return flat


def test_trades_in_sequence_pass_untouched() -> None:
    batch = trades(7, 8, 9)
    continuity = Continuity("tape")
    assert continuity.update([batch])[0] is batch
    single = trades(10)
    assert continuity.update([single])[0] is single


def test_a_jump_gives_a_gap_exactly_between_the_rows() -> None:
    assert told(Continuity("tape").update([trades(1, 2, 5, 6)])) == [1, 2, jump(3, 4), 5, 6]


def test_a_jump_between_batches_is_the_same_jump() -> None:
    assert told(Continuity("tape").update([trades(1, 2), trades(5, 6)])) == [1, 2, jump(3, 4), 5, 6]


def test_a_known_last_trade_is_the_baseline() -> None:
    assert told(Continuity("tape", last_id=2, last_event_ns=20).update([trades(5)])) == [jump(3, 4), 5]


def test_missing_trades_fill_their_gap_and_the_gap_is_told_again_once() -> None:
    continuity = Continuity("tape")
    continuity.update([trades(1, 6)])
    assert told(continuity.update([trades(2, 3)])) == [2, 3]
    assert told(continuity.update([trades(7)])) == [jump(2, 5, repaired=2), 7]
    assert told(continuity.update([trades(5, 4)])) == [5, 4, jump(2, 5, repaired=4)]
    assert told(continuity.update([trades(8)])) == [8]
    assert continuity.intervals == []
    assert continuity.gaps == {}


def test_the_clock_brings_the_news_of_a_gap_that_is_being_filled_and_quotes_do_not() -> None:
    continuity = Continuity("tape")
    continuity.update([trades(1, 6), trades(3)])
    assert told(continuity.update([quotes(1)])) == [1]
    updates = BookUpdates(SYMBOL, [])
    assert continuity.update([updates]) == [updates]
    assert told(continuity.update([Clock(5)])) == [jump(2, 5, repaired=1), Clock(5)]


def test_filling_two_gaps_in_turn_tells_each() -> None:
    continuity = Continuity("tape")
    continuity.update([trades(1, 4, 7)])
    assert told(continuity.update([trades(2, 5, 3, 6), End()])) == [
        2,
        jump(2, 3, repaired=1),
        5,
        jump(5, 6, repaired=1),
        3,
        jump(2, 3, repaired=2),
        6,
        jump(5, 6, repaired=2),
        End(),
    ]


def test_an_id_seen_before_is_a_duplicate_and_goes_no_further() -> None:
    continuity = Continuity("tape")
    assert told(continuity.update([trades(5, 6, 6, 5, 7, 4, 8)])) == [5, 6, 7, 8]
    assert continuity.duplicates == 3
    assert continuity.update([trades(1, 2)]) == []
    assert continuity.duplicates == 5


def test_an_id_filled_before_is_a_duplicate() -> None:
    continuity = Continuity("tape")
    assert told(continuity.update([trades(1, 4, 2, 2, 5)])) == [1, jump(2, 3), 4, 2, jump(2, 3, repaired=1), 5]
    assert continuity.duplicates == 1


def test_a_repair_that_arrives_twice_counts_once() -> None:
    continuity = Continuity("tape")
    continuity.update([trades(1, 6)])
    assert told(continuity.update([trades(2, 3, 4, 5)])) == [2, 3, 4, 5, jump(2, 5, repaired=4)]
    assert continuity.update([trades(2, 3, 4, 5)]) == []
    assert continuity.duplicates == 4
    assert told(continuity.update([trades(7)])) == [7]


def test_aggregates_follow_one_another_by_their_own_ids() -> None:
    rows = [
        Trade(0, 0, aggregate, 1.0, 1.0, False, first, last, False) for aggregate, first, last in ((7, 20, 24), (8, 25, 25), (9, 26, 40))
    ]
    batch = Batch(Kind.TRADE, SYMBOL, to_columns(Trade, rows))
    assert told(Continuity("tape").update([batch])) == [7, 8, 9]


def test_jumps_at_one_instant_are_one_gap_because_they_share_its_key() -> None:
    continuity = Continuity("tape")
    gaps = [item for item in continuity.update([trades(1, 3, 6, event_ns=[50, 50, 60])]) if isinstance(item, Gap)]
    assert gaps == [
        Gap("tape", SYMBOL, "trade", 50, 50, 2, 2, 1, 0, "id jump"),
        Gap("tape", SYMBOL, "trade", 50, 60, 2, 5, 3, 0, "id jump"),
    ]
    filled = continuity.update([trades(2, 4, 5)])
    assert filled[-1] == Gap("tape", SYMBOL, "trade", 50, 60, 2, 5, 3, 3, "id jump")


def test_what_is_missing_is_remembered_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scoring.market.continuity.MOST_INTERVALS", 2)
    continuity = Continuity("tape")
    continuity.update([trades(1, 3, 5, 9)])
    assert told(continuity.update([trades(2)])) == []
    assert continuity.duplicates == 1
    assert told(continuity.update([trades(7), Clock(0)])) == [7, jump(6, 8, repaired=1), Clock(0)]
    assert [(interval.from_id, interval.to_id) for interval in continuity.intervals] == [(6, 6), (8, 8)]
    assert set(continuity.gaps) == {50}


def test_quotes_that_are_not_newer_are_stale() -> None:
    continuity = Continuity("tape")
    assert told(continuity.update([quotes(5), quotes(5), quotes(4, 6, 6, 9, 8), quotes(10, 11)])) == [5, 6, 9, 10, 11]
    assert continuity.stale == 4


def test_quotes_without_an_id_cannot_be_stale() -> None:
    continuity = Continuity("tape")
    assert told(continuity.update([quotes(0), quotes(3, 0, 2)])) == [0, 3, 0]
    assert continuity.stale == 1


def test_everything_else_passes_untouched_and_empty_batches_vanish() -> None:
    depth = Batch(Kind.DEPTH, SYMBOL, {"event_ns": np.array([3, 1])})
    items: list[MarketItem] = [depth, Clock(250), jump(1, 2), End()]
    assert Continuity("tape").update(items) == items
    assert Continuity("tape").update([trades(), quotes()]) == []


def modelled(ids: list[tuple[int, int] | None]) -> list[int | MarketItem]:
    """The promise, one row at a time, with a set for what is missing; None is a mark of the clock."""
    out: list[int | MarketItem] = []
    missing: dict[int, int] = {}
    gaps: dict[int, Gap] = {}
    news: int | None = None
    last = last_ns = -1
    for row in [*ids, None]:
        if row is None or row[0] > last:
            if news is not None:
                out.append(gaps[news])
            news = None
            if row is None:
                out.append(Clock(0))
                continue
            if row[0] > last + 1 and last >= 0:
                old = gaps.get(last_ns)
                from_id, count, repaired = (old.from_id, old.missing, old.repaired) if old else (last + 1, 0, 0)
                if old and old.missing == old.repaired:
                    from_id, count, repaired = last + 1, 0, 0
                to_ns = max(row[1], old.to_ns) if old and count else row[1]
                gaps[last_ns] = Gap(
                    "tape", SYMBOL, "trade", last_ns, to_ns, from_id, row[0] - 1, count + row[0] - last - 1, repaired, "id jump"
                )
                missing.update(dict.fromkeys(range(last + 1, row[0]), last_ns))
                out.append(gaps[last_ns])
            out.append(row[0])
            last, last_ns = row
        elif row[0] in missing:
            key = missing.pop(row[0])
            if news is not None and news != key:
                out.append(gaps[news])
            gap = gaps[key]
            gaps[key] = replace(gap, repaired=gap.repaired + 1)
            out.append(row[0])
            news = key
            if gap.repaired + 1 == gap.missing:
                out.append(gaps[key])
                news = None
    return out


ROW = st.tuples(st.integers(1, 25), st.integers(0, 6))


@settings(max_examples=150, deadline=None)
@given(rows=st.lists(st.one_of(ROW, ROW, ROW, st.none()), max_size=40), cuts=st.data())
def test_any_cut_gives_what_the_model_gives_row_by_row(rows: list[tuple[int, int] | None], cuts: st.DataObject) -> None:
    continuity = Continuity("tape")
    out: list[int | MarketItem] = []
    items: list[MarketItem] = []
    run: list[tuple[int, int]] = []
    for row in [*rows, None]:
        if run and (row is None or cuts.draw(st.booleans())):
            items.append(trades(*(trade_id for trade_id, _ in run), event_ns=[at for _, at in run]))
            run = []
        if row is None:
            items.append(Clock(0))
        else:
            run.append(row)
        if cuts.draw(st.integers(0, 4)) == 0:
            out.extend(told(continuity.update(items)))
            items = []
            continuity = pickle.loads(pickle.dumps(continuity))
    out.extend(told(continuity.update(items)))
    assert out == modelled(rows)


@settings(max_examples=60, deadline=None)
@given(ids=st.lists(st.integers(0, 20), max_size=30), cut=st.integers(0, 30))
def test_quotes_do_not_depend_on_the_cut(ids: list[int], cut: int) -> None:
    whole, pieces = Continuity("tape"), Continuity("tape")
    expected = told(whole.update([quotes(*ids)]))
    got = told(pieces.update([quotes(*ids[:cut])]))
    pieces = pickle.loads(pickle.dumps(pieces))
    assert got + told(pieces.update([quotes(*ids[cut:])])) == expected
    assert pieces.stale == whole.stale
