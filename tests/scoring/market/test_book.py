"""The local book: the exchange's recipe step by step, real recordings against known numbers, and the laws of a state."""

from __future__ import annotations

import csv
import gzip
import math
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.market.book import Book, BookSettings
from scoring.market.imbalance import imbalance_top1, imbalance_top5
from scoring.records import Batch, BookUpdates, Clock, Depth, DepthDiffs, DepthSnapshot, End, Gap, Kind, empty_columns

Update = DepthDiffs | DepthSnapshot
Levels = list[tuple[float, float]]


def diff(first_id: int, last_id: int, bids: Levels | None = None, asks: Levels | None = None) -> DepthDiffs:
    return one_diff(last_id * 10, last_id * 10 + 3, first_id, last_id, bids or [], asks or [])


def one_diff(received_ns: int, event_ns: int, first_id: int, last_id: int, bids: Levels, asks: Levels) -> DepthDiffs:
    wholes = np.array([[received_ns], [event_ns], [first_id], [last_id], [len(bids)], [len(asks)]])
    return DepthDiffs(*wholes, bids=np.array(bids).reshape(-1, 2), asks=np.array(asks).reshape(-1, 2))  # type: ignore[misc]


def joined(updates: list[Update]) -> list[Update]:
    """Put diffs that follow each other into one record, as a decoder does."""
    runs: list[list[DepthDiffs]] = [[]]
    found: list[Update] = []
    for update in [*updates, None]:
        if isinstance(update, DepthDiffs):
            runs[-1].append(update)
            continue
        if runs[-1]:
            found.append(together(runs[-1]))
            runs.append([])
        if update is not None:
            found.append(update)
    return found


def together(diffs: list[DepthDiffs]) -> DepthDiffs:
    return DepthDiffs(
        received_ns=np.concatenate([diff.received_ns for diff in diffs]),
        event_ns=np.concatenate([diff.event_ns for diff in diffs]),
        first_id=np.concatenate([diff.first_id for diff in diffs]),
        last_id=np.concatenate([diff.last_id for diff in diffs]),
        bid_stops=np.cumsum([len(diff.bids) for diff in diffs]),
        ask_stops=np.cumsum([len(diff.asks) for diff in diffs]),
        bids=np.concatenate([diff.bids for diff in diffs]),
        asks=np.concatenate([diff.asks for diff in diffs]),
    )


def snapshot(last_id: int, bids: Levels | None = None, asks: Levels | None = None, *, at: int | None = None) -> DepthSnapshot:
    instant = last_id * 10 if at is None else at
    return DepthSnapshot(instant, instant, last_id, bids or [(10.0, 1.0), (9.0, 2.0)], asks or [(11.0, 1.0), (12.0, 3.0)], True)


def run(book: Book, *updates: Update) -> list[Batch | Gap]:
    return book.update([BookUpdates("BTCUSDT", list(updates))])


def ids(results: list[Batch | Gap]) -> list[int]:
    return [update_id for result in results if isinstance(result, Batch) for update_id in result["update_id"].tolist()]


def gaps(results: list[Batch | Gap]) -> list[tuple[int, int]]:
    return [(result.from_ns, result.to_ns) for result in results if isinstance(result, Gap)]


def new_book() -> Book:
    return Book("BTCUSDT", source="binance")


# --- the recipe ----------------------------------------------------------------------------------------------------------------------


def test_there_is_no_row_before_there_is_a_snapshot() -> None:
    assert run(new_book(), diff(1, 2), diff(3, 4)) == []


def test_a_snapshot_alone_gives_no_row_because_nothing_has_followed_it_yet() -> None:
    assert run(new_book(), snapshot(5)) == []


def test_an_update_changes_adds_and_removes_levels() -> None:
    (batch,) = run(new_book(), snapshot(5), diff(6, 8, bids=[(10.0, 0.0), (9.5, 4.0)], asks=[(12.0, 7.0)]))
    assert isinstance(batch, Batch)
    assert (batch.kind, batch.symbol, len(batch)) == (Kind.DEPTH, "BTCUSDT", 1)
    assert list(batch.columns) == list(Depth.__struct_fields__)
    assert {name: column.dtype for name, column in batch.columns.items()} == {
        name: column.dtype for name, column in empty_columns(Depth).items()
    }
    row = {name: column[0] for name, column in batch.columns.items()}
    assert (row["received_ns"], row["event_ns"], row["update_id"]) == (80, 83, 8)
    assert (row["bid_price_1"], row["bid_quantity_1"], row["bid_price_2"], row["bid_quantity_2"]) == (9.5, 4.0, 9.0, 2.0)
    assert (row["ask_price_1"], row["ask_quantity_1"], row["ask_price_2"], row["ask_quantity_2"]) == (11.0, 1.0, 12.0, 7.0)
    assert all(math.isnan(row[name]) for name in ("bid_price_3", "bid_quantity_3", "ask_price_5", "ask_quantity_5"))


def test_updates_held_back_are_applied_after_the_snapshot_that_they_bridge_and_known_only_since() -> None:
    (batch,) = run(new_book(), diff(1, 3), diff(4, 6, bids=[(10.0, 9.0)]), diff(7, 8), snapshot(5, at=200))
    assert isinstance(batch, Batch)
    assert batch["update_id"].tolist() == [6, 8]
    assert batch["received_ns"].tolist() == [200, 200]
    assert batch["event_ns"].tolist() == [63, 83]
    assert batch["bid_quantity_1"].tolist() == [9.0, 9.0]


def test_a_snapshot_older_than_every_update_held_back_is_of_no_use_and_the_next_one_is() -> None:
    book = new_book()
    assert run(book, diff(8, 9), snapshot(5)) == []
    assert ids(run(book, diff(10, 12), snapshot(8))) == [9, 12]


def test_updates_that_the_book_includes_already_are_dropped() -> None:
    assert ids(run(new_book(), snapshot(5), diff(2, 4), diff(5, 5), diff(4, 7), diff(6, 7), diff(8, 9))) == [7, 9]


def test_a_hole_in_the_ids_breaks_the_book_until_a_snapshot_heals_it() -> None:
    found = run(new_book(), snapshot(5), diff(6, 8), diff(10, 12), diff(13, 14), snapshot(13), diff(15, 16))
    kinds = [type(result).__name__ for result in found]
    assert kinds == ["Batch", "Gap", "Gap", "Batch"]
    assert ids(found) == [8, 14, 16]
    opened, healed = (result for result in found if isinstance(result, Gap))
    assert opened == Gap("binance", "BTCUSDT", "depth", 83, 0, 0, 0, 0, 0, "book break")
    assert healed == msgspec.structs.replace(opened, to_ns=143)


def test_a_break_right_after_a_useless_snapshot_leaves_the_one_gap_open() -> None:
    found = run(new_book(), snapshot(5), diff(6, 8), diff(10, 12), snapshot(10), diff(20, 21), snapshot(20), diff(22, 23))
    assert gaps(found) == [(83, 0), (83, 123), (123, 0), (123, 213)]
    found = run(new_book(), snapshot(5), diff(6, 8), diff(20, 22), snapshot(10), snapshot(21), diff(23, 24))
    assert gaps(found) == [(83, 0), (83, 223)]
    assert ids(found) == [8, 22, 24]


def test_a_newer_snapshot_replaces_a_good_book_and_an_older_one_does_not() -> None:
    book = new_book()
    run(book, snapshot(5), diff(6, 8, bids=[(10.0, 5.0)]))
    (batch,) = run(book, snapshot(7, bids=[(1.0, 1.0)]), diff(9, 9))
    assert isinstance(batch, Batch)
    assert batch["bid_price_1"].tolist() == [10.0]
    (batch,) = run(book, snapshot(20, bids=[(1.0, 1.0)]), diff(10, 20), diff(21, 21))
    assert isinstance(batch, Batch)
    assert batch["bid_price_1"].tolist() == [1.0]


def test_a_partial_snapshot_is_a_row_by_itself() -> None:
    partial = DepthSnapshot(7, 7, 3, [(9.0, 1.0), (10.0, 2.0)], [(12.0, 1.0), (11.0, 4.0)], False)
    (batch,) = run(new_book(), partial)
    assert isinstance(batch, Batch)
    assert (batch["received_ns"][0], batch["event_ns"][0], batch["update_id"][0]) == (7, 7, 3)
    assert (batch["bid_price_1"][0], batch["bid_quantity_1"][0], batch["ask_price_1"][0]) == (10.0, 2.0, 11.0)


def test_no_more_updates_are_held_back_than_the_setting_says() -> None:
    book = Book("BTCUSDT", "binance", BookSettings(pending=2))
    run(book, *(diff(number, number) for number in range(1, 100)))
    assert ids(run(book, snapshot(97))) == [98, 99]
    book = Book("BTCUSDT", "binance", BookSettings(pending=2))
    run(book, *(diff(number, number) for number in range(1, 100)))
    assert ids(run(book, snapshot(50))) == []


def test_no_more_updates_are_held_back_where_many_come_at_once() -> None:
    many = together([diff(number, number) for number in range(1, 100)])
    for last_id, expected in ((97, [98, 99]), (50, [])):
        book = Book("BTCUSDT", "binance", BookSettings(pending=2))
        run(book, many)
        assert ids(run(book, snapshot(last_id))) == expected


def test_depth_rows_of_a_tape_of_columns_pass_untouched_and_the_rest_is_left_out() -> None:
    book = new_book()
    ready = Batch(Kind.DEPTH, "BTCUSDT", empty_columns(Depth))
    trades = Batch(Kind.TRADE, "BTCUSDT", {"received_ns": np.array([1])})
    updates = BookUpdates("BTCUSDT", [snapshot(5), diff(6, 6)])
    found = book.update([Clock(1), trades, updates, ready, BookUpdates("BTCUSDT", [diff(7, 7)]), End()])
    assert ids([found[0]]) == [6]
    assert found[1] is ready
    assert ids([found[2]]) == [7]


# --- laws ----------------------------------------------------------------------------------------------------------------------------


@st.composite
def tapes(draw: st.DrawFn) -> list[Update]:
    """Updates with holes, repeats and snapshots here and there."""
    updates: list[Update] = []
    last_id = 10
    level = st.tuples(st.integers(1, 30).map(float), st.sampled_from([0.0, 1.0, 2.0]))
    for _ in range(draw(st.integers(0, 60))):
        step = draw(st.sampled_from(["diff"] * 6 + ["hole", "repeat", "snapshot", "old", "partial"]))
        bids, asks = draw(st.lists(level, max_size=4)), draw(st.lists(level, max_size=4))
        if step in ("snapshot", "old", "partial"):
            known = last_id - (draw(st.integers(0, 6)) if step == "old" else 0)
            updates.append(DepthSnapshot(last_id, last_id, known, bids, asks, step != "partial"))
            continue
        first_id = last_id + {"diff": 1, "hole": 3, "repeat": -2}[step]
        last_id = max(last_id, first_id) + draw(st.integers(0, 2))
        updates.append(diff(first_id, last_id, bids, asks))
    return updates


def flat(results: list[Batch | Gap]) -> list[object]:
    """Rows and gaps one by one, in order, so that batch boundaries do not count."""
    rows: list[object] = []
    for result in results:
        if isinstance(result, Gap):
            rows.append(result)
        else:
            rows += [tuple(map(str, row)) for row in zip(*(column.tolist() for column in result.columns.values()), strict=True)]
    return rows


@given(tape=tapes(), cut=st.integers(0, 60), other=st.integers(0, 60))
@settings(max_examples=150, deadline=None)
def test_neither_cuts_nor_pickling_half_way_change_anything(tape: list[Update], cut: int, other: int) -> None:
    expected = flat(run(new_book(), *tape))
    assert flat(run(new_book(), *joined(tape))) == expected
    first, second = sorted((cut, other))
    book = new_book()
    found = run(book, *tape[:first])
    book = pickle.loads(pickle.dumps(book))
    found += run(book, *joined(tape[first:second]))
    found += book.update([BookUpdates("BTCUSDT", [update]) for update in tape[second:]])
    assert flat(found) == expected


@given(tape=tapes())
@settings(max_examples=100, deadline=None)
def test_every_gap_is_opened_once_and_healed_at_most_once(tape: list[Update]) -> None:
    is_open = False
    for start_ns, to_ns in gaps(run(new_book(), *tape)):
        assert is_open == (to_ns > 0)
        assert not to_ns or to_ns > start_ns
        is_open = not to_ns


# --- real recordings -----------------------------------------------------------------------------------------------------------------


def recorded_updates(paths: list[Path]) -> Iterator[Update]:
    """Read the book frames of `<ns> <json>` logs with nothing but the standard ways."""
    for path in paths:
        with gzip.open(path, "rb") as lines:
            for line in lines:
                received, frame = line.split(b" ", 1)
                if b"lastUpdateId" in frame[:20]:
                    body = msgspec.json.decode(frame)
                    yield DepthSnapshot(
                        int(received), int(received), body["lastUpdateId"], floats(body["bids"]), floats(body["asks"]), True
                    )
                elif b"@depth" in frame[:40]:
                    data = msgspec.json.decode(frame)["data"]
                    event_ns = data["E"] * 1_000_000
                    yield one_diff(int(received), event_ns, data["U"], data["u"], floats(data["b"]), floats(data["a"]))


def floats(levels: list[list[str]]) -> Levels:
    return [(float(price), float(quantity)) for price, quantity in levels]


def test_a_real_recording_gives_the_known_book_after_every_tenth_update(shared_data: Callable[[str], Path]) -> None:
    logs = [shared_data(f"market/spot_btcusdt_{day}.gz") for day in ("20240808", "20240809")]
    with shared_data("golden/spot_btcusdt_book_top5_imbalance.csv").open() as file:
        golden = list(csv.DictReader(file))
    updates = list(recorded_updates(logs))
    (batch,) = run(new_book(), *updates)
    assert isinstance(batch, Batch)
    (same,) = run(new_book(), *joined(updates))
    assert isinstance(same, Batch)
    assert all(same[name].tobytes() == column.tobytes() for name, column in batch.columns.items())
    tenth = batch.slice(9, len(batch))
    tenth = Batch(tenth.kind, tenth.symbol, {name: column[::10] for name, column in tenth.columns.items()})
    assert len(golden) == 649 == len(tenth)
    assert tenth["update_id"].tolist() == [int(row["u"]) for row in golden]
    assert tenth["event_ns"].tolist() == [int(row["E_ms"]) * 1_000_000 for row in golden]
    for column, name in {
        "bid_price_1": "best_bid",
        "bid_quantity_1": "best_bid_qty",
        "ask_price_1": "best_ask",
        "ask_quantity_1": "best_ask_qty",
    }.items():
        assert tenth[column].tolist() == [float(row[name]) for row in golden]
    assert imbalance_top1(tenth.columns).tolist() == pytest.approx([float(row["obi_top1"]) for row in golden], rel=1e-12, abs=1e-15)
    assert imbalance_top5(tenth.columns).tolist() == pytest.approx([float(row["obi_top5"]) for row in golden], rel=1e-12, abs=1e-15)
