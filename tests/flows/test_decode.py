"""Decoding by chunks made by hand: nothing is lost, everything stands where it stood, and what is bad is told with its place."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Sequence

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.inputs.source import Chunk
from connectors.tape.frames import FrameChunk
from connectors.wire.binance import BinanceWireSettings
from connectors.wire.gap import encode_gap
from flows.decode import Decodable, Decode, Parcel, Partition, Talk, as_pulse, as_rows, as_talk, is_parcel
from scoring.records import (
    ALL_SYMBOLS,
    CLOCK_GRID_NS,
    Batch,
    BookUpdates,
    Clock,
    End,
    Gap,
    Kind,
    Pulse,
    Reject,
    Table,
    Trade,
    to_columns,
)

Frame = tuple[int, str, bytes]
"""(receive time in ns, feed, payload)."""

START_NS = 1_723_161_255_000_000_000
SYMBOLS = ("BTCUSDT", "ETHUSDT")
WIRE = BinanceWireSettings(symbols=SYMBOLS, source="binance")
LOST = Gap("binance", ALL_SYMBOLS, ALL_SYMBOLS, START_NS + 5, START_NS + 9, 0, 0, 0, 0, "disconnected")


def trade(number: int, symbol: str = "BTCUSDT", at: int = 0) -> Frame:
    event = {"e": "trade", "E": 1, "s": symbol, "t": number, "p": "2.5", "q": "1", "T": START_NS // 1_000_000, "m": True, "M": True}
    return START_NS + at, "binance", json.dumps({"stream": f"{symbol.lower()}@trade", "data": event}, separators=(",", ":")).encode()


def book(symbol: str = "BTCUSDT", at: int = 0) -> Frame:
    data = {"lastUpdateId": 7, "bids": [["1.0", "1"]], "asks": [["2.0", "1"]]}
    return START_NS + at, "binance", json.dumps({"stream": f"{symbol.lower()}@depth5", "data": data}).encode()


def gap(lost: Gap = LOST, at: int = 0) -> Frame:
    return START_NS + at, "gap", encode_gap(lost)


def post(number: int, channel: str, at: int = 0) -> Frame:
    text = {"channel": channel, "message_id": number, "date": START_NS // 10**9, "author": None, "text": f"post {number}"}
    return START_NS + at, "telegram", json.dumps(text).encode()


def chunk(frames: Sequence[Frame], first_row: int = 0, clock_ns: int = 0, ended: bool = False, partition: str = "binance") -> Chunk:
    names = tuple(dict.fromkeys(feed for _, feed, _ in frames))
    received_ns = np.array([at for at, _, _ in frames], np.int64)
    codes = np.array([names.index(feed) for _, feed, _ in frames], np.int32)
    held = FrameChunk(first_row, received_ns, codes, names, [payload for _, _, payload in frames])
    return Chunk(partition, held, (), len(frames), int(received_ns[-1]) if len(frames) else 0, clock_ns, ended)


def decode(*chunks: Chunk, chatters: bool = False) -> list[tuple[str, Decodable]]:
    return list(Decode({"binance": Partition(WIRE, SYMBOLS, chatters=chatters)})(chunks))


def parcels(found: Sequence[tuple[str, Decodable]]) -> dict[str, Parcel]:
    assert all(key == value.symbol for key, value in found if isinstance(value, Parcel))
    return {value.symbol: value for _, value in found if isinstance(value, Parcel)}


def rejects(found: Sequence[tuple[str, Decodable]]) -> list[Reject]:
    batches = [value for _, value in found if isinstance(value, Batch) and value.kind is Kind.REJECT]
    return [Reject(*values) for batch in batches for values in zip(*(column.tolist() for column in batch.columns.values()), strict=True)]


def told(parcel: Parcel) -> list[object]:
    """Write a parcel down as trade ids and marks, in its order, without the marks of the clock that stand in front of gaps."""
    items: list[object] = []
    for item, following in itertools.pairwise([*parcel.items, None]):
        if isinstance(item, Clock) and isinstance(following, Gap):
            continue
        assert item is not None
        items += item["trade_id"].tolist() if isinstance(item, Batch) else [item]
    return items


def test_a_gap_cuts_a_chunk_exactly_where_it_stands_for_every_symbol() -> None:
    frames = [trade(1), trade(100, "ETHUSDT"), gap(), trade(2), trade(3), trade(101, "ETHUSDT")]
    found = decode(chunk(frames))
    assert told(parcels(found)["BTCUSDT"]) == [1, LOST, 2, 3]
    assert told(parcels(found)["ETHUSDT"]) == [100, LOST, 101]


def test_in_front_of_a_gap_stands_the_clock_that_was_passed_before_it() -> None:
    # However much is handed on at once: with smaller chunks this mark would have come by itself.
    found = decode(chunk([trade(1), gap(at=CLOCK_GRID_NS + 5), trade(2, at=3 * CLOCK_GRID_NS)], clock_ns=START_NS + 3 * CLOCK_GRID_NS))
    marks = [item.at_ns - START_NS for item in parcels(found)["BTCUSDT"].items if isinstance(item, Clock)]
    assert marks == [CLOCK_GRID_NS, 3 * CLOCK_GRID_NS]


def test_a_lost_connection_is_stored_once_and_told_to_symbols_that_are_silent() -> None:
    found = decode(chunk([gap()]))
    assert told(parcels(found)["BTCUSDT"]) == told(parcels(found)["ETHUSDT"]) == [LOST]
    rows = [rows for _, value in found if (rows := as_rows(value)) is not None]
    assert [(each.table, each.columns["from_ns"].tolist(), each.through_ns) for each in rows] == [
        (Table.GAPS, [LOST.from_ns], LOST.from_ns)
    ]


def test_a_gap_of_one_symbol_concerns_nobody_else_and_is_stored_where_it_goes() -> None:
    own = msgspec.structs.replace(LOST, symbol="ETHUSDT", kind="trade")
    found = decode(chunk([trade(1), gap(own), trade(2)]))
    assert told(parcels(found)["BTCUSDT"]) == [1, 2]
    assert told(parcels(found)["ETHUSDT"]) == [own]
    assert not [value for _, value in found if isinstance(value, Batch)]


def test_gaps_at_both_ends_and_next_to_each_other_keep_their_order() -> None:
    frames = [gap(), gap(msgspec.structs.replace(LOST, to_ns=1)), trade(1), gap(msgspec.structs.replace(LOST, to_ns=2))]
    marks = told(parcels(decode(chunk(frames)))["BTCUSDT"])
    assert [mark if isinstance(mark, int) else mark.to_ns for mark in marks if isinstance(mark, int | Gap)] == [LOST.to_ns, 1, 1, 2]


def test_the_clock_goes_last_to_every_symbol() -> None:
    found = decode(chunk([trade(1), book(), gap(), trade(2)], clock_ns=START_NS))
    assert {symbol: parcel.items[-1] for symbol, parcel in parcels(found).items()} == dict.fromkeys(SYMBOLS, Clock(START_NS))
    assert told(parcels(found)["ETHUSDT"]) == [LOST, Clock(START_NS)]


def test_the_end_is_told_to_every_symbol_instead_of_the_clock() -> None:
    found = decode(Chunk("binance", None, (), 0, START_NS, 0, ended=True))
    assert {symbol: parcel.items for symbol, parcel in parcels(found).items()} == {key: [End()] for key in SYMBOLS}
    assert found[-1][0] == "binance"
    assert isinstance(found[-1][1], Pulse)
    assert found[-1][1].state == "ended"


def test_marks_of_the_clock_on_the_tape_are_no_rows() -> None:
    assert decode(chunk([(START_NS, "clock", b""), (START_NS + 1, "clock", b"")])) == []


def test_books_follow_the_trades_of_their_piece() -> None:
    items = parcels(decode(chunk([book(), trade(1), gap(), book()])))["BTCUSDT"].items
    assert [type(item) for item in items] == [Batch, BookUpdates, Clock, Gap, BookUpdates]


def test_a_feed_nobody_knows_becomes_rejects_with_their_place_and_their_bytes() -> None:
    found = decode(chunk([trade(1), (START_NS + 4, "fax", b"hello"), trade(2), (START_NS + 6, "fax", b"\xff")], first_row=70))
    assert told(parcels(found)["BTCUSDT"]) == [1, 2]
    reason = "feed 'fax' is not known"
    assert rejects(found) == [Reject("binance", 71, START_NS + 4, reason, b"hello"), Reject("binance", 73, START_NS + 6, reason, b"\xff")]


def test_a_frame_that_cannot_be_decoded_keeps_its_place_and_its_bytes() -> None:
    found = decode(chunk([trade(1), (START_NS + 3, "binance", b"{broken"), trade(2)], first_row=5))
    assert told(parcels(found)["BTCUSDT"]) == [1, 2]
    [reject] = rejects(found)
    assert (reject.source, reject.position, reject.received_ns, reject.payload) == ("binance", 6, START_NS + 3, b"{broken")
    assert reject.reason


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, encode_gap(LOST)[:-2]])
def test_a_broken_gap_becomes_a_reject_and_nothing_else_is_lost(payload: bytes) -> None:
    frames = [trade(1), gap(), trade(2), (START_NS + 3, "gap", payload), trade(3), gap(), trade(4)]
    found = decode(chunk(frames, first_row=10))
    assert told(parcels(found)["BTCUSDT"]) == [1, LOST, 2, 3, LOST, 4]
    [reject] = rejects(found)
    assert (reject.position, reject.payload) == (13, payload)
    assert reject.reason.startswith("not a gap: ")


def test_what_an_importer_refused_is_a_reject_of_its_file_and_line_at_its_place_on_the_tape() -> None:
    refused = Reject("log.gz", 17, 0, "no payload", b"123 \xff")
    found = decode(chunk([trade(1), (START_NS + 8, "reject", msgspec.json.encode(refused))]))
    assert rejects(found) == [msgspec.structs.replace(refused, received_ns=START_NS + 8)]
    assert [key for key, value in found if isinstance(value, Batch)] == ["binance"]


@pytest.mark.parametrize("payload", [b"", b"{}", b"\xff", b'{"source":1}'])
def test_a_refusal_that_is_broken_itself_is_a_reject_too(payload: bytes) -> None:
    found = decode(chunk([(START_NS, "reject", payload), (START_NS, "reject", msgspec.json.encode(Reject("a", 1, 5, "r", b"")))], 3))
    broken, whole = sorted(rejects(found), key=lambda each: each.source, reverse=True)
    assert (broken.source, broken.position, broken.payload) == ("binance", 3, payload)
    assert broken.reason.startswith("not a reject: ")
    assert whole == Reject("a", 1, 5, "r", b"")


def test_posts_are_talk_of_their_partition() -> None:
    frames = [post(1, "moon"), post(1, "lounge"), post(2, "moon"), (START_NS, "telegram", b"no post")]
    found = decode(chunk(frames, clock_ns=START_NS), chatters=True)
    [(key, talk)] = [(key, talk) for key, value in found if (talk := as_talk(value)) is not None]
    assert key == talk.partition == "binance"
    batches = [item for item in talk.items if isinstance(item, Batch)]
    said = [(channel, number) for batch in batches for channel, number in zip(batch["channel"], batch["message_id"], strict=True)]
    assert sorted(said) == [("lounge", 1), ("moon", 1), ("moon", 2)]
    assert talk.items[len(batches) :] == [Clock(START_NS)]
    assert [reject.payload for reject in rejects(found)] == [b"no post"]


def headline(number: int, at: int = 0) -> Frame:
    text = {"source": "wire", "guid": str(number), "published": "2024-08-08T23:50:00Z", "title": f"headline {number}", "link": ""}
    return START_NS + at, "news", json.dumps(text).encode()


def test_posts_of_several_feeds_keep_the_order_of_the_tape() -> None:
    frames = [post(1, "moon"), headline(1), headline(2), trade(1), post(2, "moon"), headline(3)]
    found = decode(chunk(frames), chatters=True)
    [talk] = [talk for _, value in found if (talk := as_talk(value)) is not None]
    texts = [text for item in talk.items if isinstance(item, Batch) for text in item["text"]]
    assert texts == ["post 1", "headline 1", "headline 2", "post 2", "headline 3"]
    assert sum(len(rows.columns["title"]) for _, value in found if (rows := as_rows(value)) is not None) == 3


def test_talk_goes_on_without_a_post_so_that_time_passes() -> None:
    quiet = decode(chunk([(START_NS, "clock", b"")], clock_ns=START_NS), Chunk("binance", None, (), 0, START_NS, 0, True), chatters=True)
    assert [value.items for _, value in quiet if isinstance(value, Talk)] == [[Clock(START_NS)], [End()]]


def test_a_pulse_counts_what_was_handed_on_since_the_start() -> None:
    found = decode(
        chunk([trade(1, at=1), (START_NS + 2, "fax", b""), gap(at=3)]),
        chunk([trade(2, at=4), (START_NS + 5, "clock", b""), (START_NS + 6, "clock", b"")], 3, START_NS + 6),
        chunk([(START_NS + 7, "clock", b"")], 6, START_NS + 7),
    )
    pulses = [value for _, value in found if isinstance(value, Pulse)]
    assert [(each.frames, each.rejects, each.gaps, each.last_ns, each.at_ns) for each in pulses] == [
        (6, 1, 1, START_NS + 4, START_NS + 6),
        (7, 1, 1, START_NS + 4, START_NS + 7),
    ]
    assert {each.state for each in pulses} == {"live"}


def test_a_pulse_of_a_replay_says_how_far_it_has_to_go() -> None:
    partition = Partition(WIRE, SYMBOLS, start_ns=5, end_ns=50, speed=10.0)
    [pulse] = [value for _, value in Decode({"binance": partition})([chunk([trade(1)], 0, START_NS)]) if isinstance(value, Pulse)]
    assert (pulse.start_ns, pulse.end_ns, pulse.speed, pulse.state) == (5, 50, 10.0, "replaying")


def test_columns_are_sorted_like_frames() -> None:
    row = Trade(START_NS + 1, START_NS, 7, 2.5, 1.0, True, 7, 7, False)
    trades = Batch(Kind.TRADE, "BTCUSDT", to_columns(Trade, [row]))
    refused = Batch(Kind.REJECT, "log.gz", to_columns(Reject, [Reject("log.gz", 3, START_NS, "no payload", b"x")]))
    found = decode(Chunk("binance", None, (LOST, trades, refused), 2, START_NS + 1, START_NS))
    assert told(parcels(found)["BTCUSDT"]) == [LOST, 7, Clock(START_NS)]
    assert told(parcels(found)["ETHUSDT"]) == [LOST, Clock(START_NS)]
    tables = [(rows.table, rows.symbol) for _, value in found if (rows := as_rows(value)) is not None]
    assert sorted(tables) == [(Table.GAPS, "binance"), (Table.REJECTS, "log.gz")]
    [pulse] = [value for _, value in found if isinstance(value, Pulse)]
    assert (pulse.frames, pulse.rejects, pulse.gaps, pulse.last_ns) == (2, 1, 1, START_NS + 1)


def test_each_value_goes_one_way() -> None:
    found = decode(chunk([trade(1), post(1, "moon"), gap(), (START_NS, "fax", b"")], clock_ns=START_NS), chatters=True)
    ways = [[is_parcel((key, value)) or None, as_talk(value), as_rows(value), as_pulse(value)] for key, value in found]
    assert all(sum(taken is not None for taken in way) == 1 for way in ways)


FRAMES = st.lists(
    st.one_of(
        st.integers(1, 50).map(trade),
        st.just(gap()),
        st.sampled_from([b"", b"{", b"\xff"]).map(lambda payload: (START_NS, "gap", payload)),
        st.tuples(st.just(START_NS), st.sampled_from(["binance", "telegram", "gap", "reject", "clock", "fax"]), st.binary(max_size=12)),
        st.just((START_NS, "reject", b'{"source":"a","position":1,"received_ns":1,"reason":"r","payload":"%s"}' % base64.b64encode(b"x"))),
    ),
    max_size=70,
)


@settings(max_examples=150, deadline=None)
@given(FRAMES, st.lists(st.integers(0, 70), max_size=4))
def test_however_a_tape_is_cut_the_same_things_come_out_in_the_same_order(frames: list[Frame], cuts: list[int]) -> None:
    edges = sorted({0, len(frames), *(cut for cut in cuts if cut < len(frames))})
    whole = decode(chunk(frames))
    pieces = decode(*(chunk(frames[start:stop], first_row=start) for start, stop in itertools.pairwise(edges)))
    for symbol in SYMBOLS:
        at_once = [mark for _, value in whole if isinstance(value, Parcel) and value.symbol == symbol for mark in told(value)]
        in_pieces = [mark for _, value in pieces if isinstance(value, Parcel) and value.symbol == symbol for mark in told(value)]
        assert at_once == in_pieces
    assert sorted(map(msgspec.json.encode, rejects(whole))) == sorted(map(msgspec.json.encode, rejects(pieces)))
