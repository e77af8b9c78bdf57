"""Binance frames: one of each kind, bad ones with their reasons, real recordings, and the two ways against each other."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.wire.binance import BinanceWireSettings, decode
from connectors.wire.decoded import Decoded
from scoring.records import KINDS, BookUpdates, DepthDiffs, DepthSnapshot, Kind, empty_columns

NOW_MS = 1_723_161_255_208
NOW_NS = NOW_MS * 1_000_000
ONE = BinanceWireSettings(symbols=("BTCUSDT",))
TWO = BinanceWireSettings(symbols=("BTCUSDT", "ETHUSDT"))
AGGREGATES = BinanceWireSettings(symbols=("BTCUSDT",), primary={"BTCUSDT": "aggTrade"})


def trade_event(number: int = 7, price: str = "61824.01", symbol: str = "BTCUSDT") -> dict[str, object]:
    return {"e": "trade", "E": NOW_MS, "s": symbol, "t": number, "p": price, "q": "0.5", "T": NOW_MS - 1, "m": True, "M": True}


AGGREGATE = {
    "e": "aggTrade",
    "E": NOW_MS,
    "s": "BTCUSDT",
    "a": 3,
    "p": "2.5",
    "q": "4",
    "f": 10,
    "l": 12,
    "T": NOW_MS,
    "m": False,
    "M": True,
}
QUOTE = {"u": 400900217, "s": "BTCUSDT", "b": "25.35190000", "B": "31.21", "a": "25.3652", "A": "0.0"}
DIFF = {"e": "depthUpdate", "E": NOW_MS, "s": "BTCUSDT", "U": 157, "u": 160, "b": [["0.0024", "10"]], "a": [["0.0026", "0.0"]]}
BOOK = {"lastUpdateId": 160, "bids": [["0.0024", "10"]], "asks": [["0.0026", "100"]]}
CANDLE = {
    "t": NOW_MS - 60_000, "T": NOW_MS - 1, "s": "BTCUSDT", "i": "1m", "f": 100, "L": 200, "o": "1.0", "c": "2.0", "h": "2.5", "l": "0.5",
    "v": "1000", "n": 100, "x": True, "q": "1.5", "V": "500", "Q": "0.5", "B": "123456",
}  # fmt: skip
KLINE = {"e": "kline", "E": NOW_MS, "s": "BTCUSDT", "k": CANDLE}


def raw(event: object) -> bytes:
    return json.dumps(event, separators=(",", ":")).encode()


def wrap(stream: str, event: object) -> bytes:
    return raw({"stream": stream, "data": event})


def read(payloads: list[bytes], configured: BinanceWireSettings = ONE, received_ns: int = NOW_NS) -> Decoded:
    count = len(payloads)
    found = decode(payloads, np.full(count, received_ns), np.arange(count) + 1_000, configured)
    assert found.frames() == count
    for batch in found.batches:
        empty = empty_columns(KINDS[batch.kind])
        assert {name: column.dtype for name, column in batch.columns.items()} == {name: column.dtype for name, column in empty.items()}
    return found


def rows(found: Decoded, kind: Kind) -> list[dict[str, object]]:
    """Rows of the only batch, which is of this kind."""
    (batch,) = found.batches
    assert (batch.kind, batch.symbol, found.rejects) == (kind, "BTCUSDT", [])
    return [
        dict(zip(batch.columns, values, strict=True))
        for values in zip(*(column.tolist() for column in batch.columns.values()), strict=True)
    ]


def each_update(book: BookUpdates) -> list[object]:
    """Take runs of diffs apart."""
    found: list[object] = []
    for update in book.updates:
        if isinstance(update, DepthSnapshot):
            found.append(update)
            continue
        for each in (update.slice(at, at + 1) for at in range(len(update))):
            assert (each.bid_stops.tolist(), each.ask_stops.tolist()) == ([len(each.bids)], [len(each.asks)])
            wholes = [int(column[0]) for column in (each.received_ns, each.event_ns, each.first_id, each.last_id)]
            found.append((*wholes, each.bids.tolist(), each.asks.tolist()))
    return found


def reason(payload: bytes, configured: BinanceWireSettings = ONE) -> str:
    (refusal,) = read([payload], configured).rejects
    assert (refusal.index, refusal.position) == (0, 1_000)
    return refusal.reason


# --- one of each kind ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "payload", [wrap("btcusdt@trade", trade_event()), raw(trade_event()), json.dumps(trade_event(), indent=1).encode()]
)
def test_a_trade_becomes_a_row_however_it_is_framed(payload: bytes) -> None:
    expected = {
        "received_ns": NOW_NS, "event_ns": NOW_NS - 1_000_000, "trade_id": 7, "price": 61824.01, "quantity": 0.5, "buyer_is_maker": True,
        "first_id": 7, "last_id": 7, "repaired": False,
    }  # fmt: skip
    assert rows(read([payload]), Kind.TRADE) == [expected]


def test_an_aggregate_says_which_trades_it_holds() -> None:
    (row,) = rows(read([wrap("btcusdt@aggTrade", AGGREGATE)], AGGREGATES), Kind.TRADE)
    assert (row["trade_id"], row["first_id"], row["last_id"], row["quantity"], row["buyer_is_maker"]) == (3, 10, 12, 4.0, False)


def test_only_the_primary_trade_stream_counts() -> None:
    both = [wrap("btcusdt@trade", trade_event()), wrap("btcusdt@aggTrade", AGGREGATE), raw(trade_event()), raw(AGGREGATE)]
    assert (len(read(both).batches[0]), read(both).ignored) == (2, 2)
    assert (len(read(both, AGGREGATES).batches[0]), read(both, AGGREGATES).ignored) == (2, 2)
    assert read(both * 30).ignored == 60


def test_instants_in_microseconds_are_told_by_their_size() -> None:
    (row,) = rows(read([wrap("btcusdt@trade", {**trade_event(), "T": NOW_MS * 1_000 + 7})]), Kind.TRADE)
    assert row["event_ns"] == NOW_NS + 7_000


@pytest.mark.parametrize("payload", [wrap("btcusdt@bookTicker", QUOTE), raw(QUOTE)])
def test_a_quote_has_the_receive_time_as_its_event_time(payload: bytes) -> None:
    expected = {
        "received_ns": NOW_NS, "event_ns": NOW_NS, "update_id": 400900217, "bid_price": 25.3519, "bid_quantity": 31.21,
        "ask_price": 25.3652, "ask_quantity": 0.0,
    }  # fmt: skip
    assert rows(read([payload]), Kind.QUOTE) == [expected]


@pytest.mark.parametrize("payload", [wrap("btcusdt@depth@100ms", DIFF), wrap("btcusdt@depth", DIFF), raw(DIFF)])
def test_an_update_of_the_book_keeps_its_span_of_ids(payload: bytes) -> None:
    (book,) = read([payload]).books
    assert book.symbol == "BTCUSDT"
    assert each_update(book) == [(NOW_NS, NOW_NS, 157, 160, [[0.0024, 10.0]], [[0.0026, 0.0]])]


@pytest.mark.parametrize(
    ("payload", "whole"), [(wrap("btcusdt@depth20@100ms", BOOK), False), (raw(BOOK), True), (wrap("btcusdt@depth@rest", BOOK), True)]
)
def test_a_book_is_the_top_or_the_whole(payload: bytes, whole: bool) -> None:
    (book,) = read([payload]).books
    assert book.updates == [DepthSnapshot(NOW_NS, NOW_NS, 160, [(0.0024, 10.0)], [(0.0026, 100.0)], whole)]


def test_a_book_that_names_no_symbol_is_rejected_where_there_are_several() -> None:
    assert "a book that names no symbol" in reason(raw(BOOK), TWO)
    assert read([wrap("ethusdt@depth5", BOOK)], TWO).books[0].symbol == "ETHUSDT"


@pytest.mark.parametrize("payload", [wrap("btcusdt@kline_1m", KLINE), raw(KLINE)])
def test_a_closed_candle_becomes_a_row(payload: bytes) -> None:
    expected = {
        "received_ns": NOW_NS, "event_ns": NOW_NS, "open_ns": NOW_NS - 60_000_000_000, "open": 1.0, "high": 2.5, "low": 0.5, "close": 2.0,
        "volume_base": 1000.0, "volume_quote": 1.5, "trade_count": 100, "taker_buy_base": 500.0,
    }  # fmt: skip
    assert rows(read([payload]), Kind.CANDLE) == [expected]


def test_candles_still_open_or_of_other_lengths_are_ignored() -> None:
    still_open, hourly = {**KLINE, "k": {**CANDLE, "x": False}}, {**KLINE, "k": {**CANDLE, "i": "1h"}}
    assert read([wrap("btcusdt@kline_1m", still_open), raw(hourly), wrap("btcusdt@kline_1h", hourly)]).ignored == 3


def test_answers_of_the_rest_interface_are_told_by_the_names_the_recorder_gives_them() -> None:
    past = {"id": 5, "price": "2.5", "qty": "1", "quoteQty": "2.5", "time": NOW_MS, "isBuyerMaker": True, "isBestMatch": True}
    (row,) = rows(read([wrap("btcusdt@trade@rest", past)]), Kind.TRADE)
    assert (row["trade_id"], row["price"], row["repaired"]) == (5, 2.5, True)
    (row,) = rows(read([wrap("btcusdt@aggTrade@rest", {**AGGREGATE, "T": NOW_MS})], AGGREGATES), Kind.TRADE)
    assert (row["trade_id"], row["last_id"], row["repaired"]) == (3, 12, True)
    kline = [NOW_MS - 60_001, "1", "2", "0.5", "1.5", "9", NOW_MS - 2, "13.5", 4, "5", "7", "0"]
    (row,) = rows(read([wrap("btcusdt@kline_1m@rest", kline)]), Kind.CANDLE)
    assert (row["event_ns"], row["high"], row["trade_count"], row["taker_buy_base"]) == (NOW_NS - 2_000_000, 2.0, 4, 5.0)
    kline[6] = NOW_MS
    assert read([wrap("btcusdt@kline_1m@rest", kline)]).ignored == 1


@pytest.mark.parametrize(
    ("payload", "notice"),
    [
        (b'{"e":"serverShutdown","E":1770123456789}', "serverShutdown"),
        (b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}', "serverShutdown"),
        (b'{"result":null,"id":1}', "reply"),
        (b'{"result":["btcusdt@trade"],"id":"abc"}', "reply"),
        (b'{"error":{"code":2,"msg":"Invalid request"},"id":1}', 'error {"code":2,"msg":"Invalid request"}'),
        (b'{"code":-1121,"msg":"Invalid symbol."}', "error -1121 Invalid symbol."),
    ],
)
def test_what_the_exchange_says_about_the_connection_is_a_notice(payload: bytes, notice: str) -> None:
    assert read([payload]).notices == [notice]


@pytest.mark.parametrize(
    "payload",
    [
        b'{"stream":"btcusdt@ticker","data":{"e":"24hrTicker"}}',
        b'{"stream":"!miniTicker@arr","data":[]}',
        b'{"e":"avgPrice","s":"BTCUSDT"}',
    ],
)
def test_valid_events_of_no_interest_are_ignored(payload: bytes) -> None:
    assert read([payload]).ignored == 1


# --- what is refused -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (wrap("dogeusdt@trade", trade_event()), "unknown symbol in stream 'dogeusdt@trade': expected one of BTCUSDT"),
        (raw(trade_event(symbol="DOGEUSDT")), "unknown symbol 'DOGEUSDT': expected one of BTCUSDT"),
        (raw({**QUOTE, "s": "DOGEUSDT"}), "unknown symbol"),
        (b'{"e":"trade","E":1}', "event 'trade' without a symbol"),
        (b"{}", "neither a stream nor an event"),
        (b"", "truncated"),
        (b"\xff\xfe", "malformed"),
        (b'{"stream":"\xff"}', "utf-8"),
        (b"[1,2]", "Expected `object`"),
        (wrap("btcusdt@trade", None), "Expected `object`, got `null`"),
        (wrap("btcusdt@trade", {**trade_event(), "p": "0"}), "> 0.0 - at `$.data.p`"),
        (wrap("btcusdt@trade", {**trade_event(), "p": "-1.5"}), "> 0.0"),
        (wrap("btcusdt@trade", {**trade_event(), "p": "NaN"}), "> 0.0"),
        (wrap("btcusdt@trade", {**trade_event(), "p": "Infinity"}), "<="),
        (wrap("btcusdt@trade", {**trade_event(), "p": "1e999"}), "out of range"),
        (wrap("btcusdt@trade", {**trade_event(), "q": "0.00000000"}), "> 0.0 - at `$.data.q`"),
        (wrap("btcusdt@trade", {**trade_event(), "t": 1.5}), "at `$.data.t`"),
        (wrap("btcusdt@trade", {**trade_event(), "t": -1}), "at `$.data.t`"),
        (wrap("btcusdt@trade", {**trade_event(), "T": 1 << 60}), "at `$.data.T`"),
        (wrap("btcusdt@trade", {**trade_event(), "T": NOW_MS + 61_000}), "61.000 s ahead of the receive time: expected at most 60.000 s"),
        (wrap("btcusdt@depth", {**DIFF, "E": NOW_MS + 61_000}), "ahead"),
        (wrap("btcusdt@kline_1m", {**KLINE, "E": NOW_MS + 61_000}), "ahead"),
        (wrap("btcusdt@kline_1m", {**KLINE, "k": {**CANDLE, "t": NOW_MS + 61_000}}), "starts"),
        (wrap("btcusdt@depth", {**DIFF, "U": 161}), "ids from 161 to 160"),
        (wrap("btcusdt@depth", {**DIFF, "b": [["NaN", "1"]]}), "> 0.0"),
        (wrap("btcusdt@depth", {**DIFF, "b": [["1", "-1"]]}), ">= 0.0"),
        (wrap("btcusdt@depth", {**DIFF, "b": [["1"]]}), "length 2"),
        (wrap("btcusdt@depth", {**DIFF, "b": [["1", "2", "3"]]}), "length 2"),
        (wrap("btcusdt@bookTicker", {**QUOTE, "b": "0.00000000"}), "> 0.0"),
        (b'{"stream":"btcusdt@trade","data":{"e":"trade","x":' + b"[" * 100_000, "recursion"),
        (b'{"x":' + b"[" * 100_000, "recursion"),
        (b"[" * 100_000, "Expected `object`"),
    ],
)  # fmt: skip
def test_a_bad_frame_is_refused_with_a_reason(payload: bytes, expected: str) -> None:
    assert expected in reason(payload)
    many = read([wrap("btcusdt@trade", trade_event(number)) for number in range(99)] + [payload])
    assert expected in many.rejects[0].reason
    assert (len(many.rejects), many.rejects[0].index, len(many.batches[0])) == (1, 99, 99)


def test_an_aggregate_whose_ids_run_backwards_is_refused() -> None:
    bad = wrap("btcusdt@aggTrade", {**AGGREGATE, "f": 13})
    assert "ids from 13 to 12" in reason(bad, AGGREGATES)
    many = read([wrap("btcusdt@aggTrade", AGGREGATE)] * 98 + [bad], AGGREGATES)
    assert [refusal.index for refusal in many.rejects] == [98]


# --- order and laws ------------------------------------------------------------------------------------------------------------------


def test_rows_come_in_tape_order_whichever_way_they_took() -> None:
    payloads = [raw(trade_event(number)) if number % 7 == 3 else wrap("btcusdt@trade", trade_event(number)) for number in range(200)]
    payloads[50] = wrap("btcusdt@trade@rest", {"id": 50, "price": "2.5", "qty": "1", "time": NOW_MS, "isBuyerMaker": True})
    (batch,) = read(payloads).batches
    assert batch["trade_id"].tolist() == list(range(200))
    assert np.flatnonzero(batch["repaired"]).tolist() == [50]
    payloads = [
        raw({**DIFF, "U": number, "u": number}) if number % 7 == 3 else wrap("btcusdt@depth", {**DIFF, "U": number, "u": number})
        for number in range(200)
    ]
    (book,) = read(payloads).books
    (diffs,) = book.updates
    assert isinstance(diffs, DepthDiffs)
    assert diffs.last_id.tolist() == list(range(200))


def test_there_is_one_batch_per_symbol_and_kind() -> None:
    payloads = [wrap("ethusdt@trade", trade_event()), wrap("btcusdt@bookTicker", QUOTE), wrap("btcusdt@trade", trade_event())] * 40
    assert [(batch.kind, batch.symbol, len(batch)) for batch in read(payloads, TWO).batches] == [
        (Kind.QUOTE, "BTCUSDT", 40),
        (Kind.TRADE, "BTCUSDT", 40),
        (Kind.TRADE, "ETHUSDT", 40),
    ]


def test_a_frame_with_line_breaks_inside_is_not_taken_for_several() -> None:
    odd = wrap("btcusdt@trade", trade_event(99)).replace(b',"data":{', b',"data":{').replace(b'"M":true', b'\n"M":true\n')
    (batch,) = read([wrap("btcusdt@trade", trade_event(number)) for number in range(99)] + [odd]).batches
    assert batch["trade_id"].tolist() == list(range(100))
    double = wrap("btcusdt@trade", trade_event(1)) + b"\n" + wrap("btcusdt@trade", trade_event(2))
    found = read([wrap("btcusdt@trade", trade_event(number)) for number in range(99)] + [double])
    assert (len(found.batches[0]), [refusal.index for refusal in found.rejects]) == (99, [99])


def test_no_frames_and_no_symbols_give_nothing() -> None:
    assert read([]) == Decoded([], [], [], [], 0)
    assert len(read([wrap("btcusdt@trade", trade_event())] * 60, BinanceWireSettings(symbols=())).rejects) == 60


@given(digits=st.integers(1, 10**15 - 1), decimals=st.integers(0, 10))
@settings(max_examples=200, deadline=None)
def test_every_decimal_of_fifteen_digits_survives(digits: int, decimals: int) -> None:
    text = f"{digits:0{decimals + 1}d}"
    decimal = f"{text[: len(text) - decimals]}.{text[len(text) - decimals :]}" if decimals else text
    prices = [row["price"] for row in rows(read([wrap("btcusdt@trade", trade_event(price=decimal))] * 64), Kind.TRADE)]
    assert set(prices) == {float(decimal)}
    assert f"{prices[0]:.{decimals}f}" == decimal


kinds = st.sampled_from(
    [
        wrap("btcusdt@trade", trade_event()), wrap("btcusdt@trade", trade_event(1 << 40)), raw(trade_event()),
        wrap("btcusdt@bookTicker", QUOTE), wrap("ethusdt@trade", trade_event()),
        wrap("btcusdt@depth@100ms", DIFF), wrap("btcusdt@kline_1m", KLINE), raw(KLINE), raw(BOOK),
        wrap("btcusdt@aggTrade", AGGREGATE), wrap("btcusdt@depth20", BOOK), b'{"result":null,"id":1}', b"garbage", b"", raw(QUOTE),
        wrap("btcusdt@trade", {**trade_event(), "p": "-1"}), wrap("btcusdt@trade", {**trade_event(), "T": NOW_MS + 99_000}),
        wrap("btcusdt@trade", {**trade_event(), "m": "x"}), wrap("btcusdt@trade", trade_event())[:-9],
        wrap("btcusdt@depth", {**DIFF, "U": 999}),
    ]
)  # fmt: skip


def merged(parts: list[Decoded]) -> tuple[object, ...]:
    """Join what calls on pieces of a tape gave."""
    columns: dict[tuple[Kind, str], dict[str, list[object]]] = {}
    books: dict[str, list[object]] = {}
    for part in parts:
        for batch in part.batches:
            into = columns.setdefault((batch.kind, batch.symbol), {})
            for name, column in batch.columns.items():
                into.setdefault(name, []).extend(column.tolist())
        for book in part.books:
            books.setdefault(book.symbol, []).extend(each_update(book))
    rejects = [(refusal.position, refusal.reason) for part in parts for refusal in part.rejects]
    return columns, books, rejects, [notice for part in parts for notice in part.notices], sum(part.ignored for part in parts)


@given(payloads=st.lists(kinds, min_size=60, max_size=160), configured=st.sampled_from([ONE, TWO, AGGREGATES]))
@settings(max_examples=60, deadline=None)
def test_one_by_one_and_all_together_agree(payloads: list[bytes], configured: BinanceWireSettings) -> None:
    positions, received_ns = np.arange(len(payloads)), np.full(len(payloads), NOW_NS)
    together = decode(payloads, received_ns, positions, configured)
    single = [decode([payload], received_ns[:1], positions[at : at + 1], configured) for at, payload in enumerate(payloads)]
    assert merged([together]) == merged(single)


# --- real recordings -----------------------------------------------------------------------------------------------------------------


def test_a_real_recording_is_read_whole_and_equals_plain_json(shared_data: Callable[[str], Path]) -> None:
    with gzip.open(shared_data("market/spot_btcusdt_20240808.gz"), "rb") as lines:
        split = [line.rstrip(b"\n").split(b" ", 1) for line in lines]
    received_ns, payloads = np.array([int(received) for received, _ in split]), [frame for _, frame in split]
    found = decode(payloads, received_ns, np.arange(len(payloads)), ONE)
    assert (found.frames(), found.rejects, found.notices, found.ignored) == (41_249, [], [], 0)
    quotes, trades = found.batches
    parsed = [(received, json.loads(frame)) for received, frame in zip(received_ns.tolist(), payloads, strict=True)]
    data = {
        name: [(at, body["data"]) for at, body in parsed if body.get("stream") == f"btcusdt@{name}"] for name in ("trade", "bookTicker")
    }
    assert list(zip(trades["received_ns"], trades["event_ns"], trades["trade_id"], trades["price"], trades["quantity"], strict=True)) == [
        (at, event["T"] * 1_000_000, event["t"], float(event["p"]), float(event["q"])) for at, event in data["trade"]
    ]
    assert trades["buyer_is_maker"].tolist() == [event["m"] for _, event in data["trade"]]
    assert list(zip(quotes["update_id"], quotes["bid_price"], quotes["ask_quantity"], strict=True)) == [
        (event["u"], float(event["b"]), float(event["A"])) for _, event in data["bookTicker"]
    ]
    assert sum(isinstance(update, DepthSnapshot) for update in found.books[0].updates) == 1


@pytest.mark.parametrize(
    ("name", "symbols"), [("BINANCE.ws.1.0", "NKNUSDT BLZETH LRCBTC RUNEEUR"), ("BINANCE_US.ws.1.0", "CRVUSDT COMPUSDT OMGBUSD ZRXUSDT")]
)
def test_recordings_of_aggregates_and_candles_are_read_whole(shared_data: Callable[[str], Path], name: str, symbols: str) -> None:
    lines = shared_data(f"market/cryptofeed/{name}").read_bytes().splitlines()[1:]
    stamped = [line.split(b": ", 1) for line in lines if line]
    configured = BinanceWireSettings(tuple(symbols.split()), primary=dict.fromkeys(symbols.split(), "aggTrade"))
    received_ns = np.array([int(float(at) * 1e9) for at, _ in stamped])
    found = decode([frame for _, frame in stamped], received_ns, np.arange(len(stamped)), configured)
    assert (found.frames(), found.rejects, found.notices) == (len(stamped), [], [])
    aggregates = [batch for batch in found.batches if batch.kind is Kind.TRADE]
    assert sum(map(len, aggregates)) == sum(b"@aggTrade" in frame for _, frame in stamped) > 0


def test_rest_books_are_read_whole(shared_data: Callable[[str], Path]) -> None:
    lines = shared_data("market/cryptofeed/BINANCE.http.0.0").read_bytes().splitlines()
    bodies = [line[line.index(b'{"lastUpdateId"') :] for line in lines if b"lastUpdateId" in line]
    found = read(bodies)
    assert [isinstance(update, DepthSnapshot) and len(update.bids) > 100 for update in found.books[0].updates] == [True] * len(bodies)
