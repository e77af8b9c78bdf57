"""What is known of a symbol: everything the tape says of it, once it is asked for."""

from __future__ import annotations

from connectors.outputs.exchange_candles import MINUTE_MS
from connectors.outputs.exchange_market import Market
from connectors.outputs.exchange_tape import REST
from tests.connectors.outputs.exchange_sessions import FIRST_ID, START_NS, combined, trade

START_MS = START_NS // 10**6


def market(*streams: str) -> Market:
    return Market("BTCUSDT", streams, 100)


def play(known: Market, kind: str, *datas: object) -> None:
    """Put data of a stream aside."""
    keep = known.keeper(f"btcusdt@{kind}".encode())
    assert keep is not None
    for data in datas:
        keep(combined(f"btcusdt@{kind}", data))


def rest_row(number: int) -> dict[str, object]:
    data = trade("BTCUSDT", number)
    return {"id": data["t"], "price": data["p"], "qty": data["q"], "time": data["T"], "isBuyerMaker": data["m"]}


def test_trades_are_known_once_they_are_asked_for() -> None:
    known = market()
    play(known, "trade", *(trade("BTCUSDT", number) for number in range(5)))
    assert known.trades.ledger.ids == []
    known.settle()
    known.settle()
    assert known.trades.ledger.ids == list(range(FIRST_ID, FIRST_ID + 5))
    assert [candle.trades for candle in known.candles.minutes.values()] == [5]


def test_much_is_read_before_anybody_asks() -> None:
    known = market()
    play(known, "trade", *(trade("BTCUSDT", number) for number in range(1_999)))
    known.settle_many()
    assert known.trades.ledger.ids == []
    play(known, "trade", trade("BTCUSDT", 1_999))
    known.settle_many()
    assert known.trades.ledger.ids[-1] == FIRST_ID + 1_999


def test_repaired_trades_fill_their_places_one_or_several_in_a_frame() -> None:
    known = market()
    play(known, "trade", *(trade("BTCUSDT", number) for number in (0, 4)))
    play(known, f"trade{REST}", [rest_row(2), rest_row(1)], rest_row(3), rest_row(4))
    known.settle()
    assert known.trades.ledger.ids == list(range(FIRST_ID, FIRST_ID + 5))


def test_aggregates_of_the_tape_are_told_instead_of_made() -> None:
    known = market("btcusdt@trade", "btcusdt@aggTrade")
    row = {"a": 7, "p": "1.0", "q": "2.0", "f": 1, "l": 2, "T": START_MS, "m": True}
    play(known, "trade", *(trade("BTCUSDT", number) for number in range(4)))
    play(known, "aggTrade", {"e": "aggTrade", "E": START_MS, "s": "BTCUSDT", **row})
    play(known, f"aggTrade{REST}", [row | {"a": 6}], row | {"a": 8})
    known.settle()
    assert not known.makes_aggregates
    assert known.trades.aggregates.ids == [6, 7, 8]


def test_only_closed_minutes_of_the_tape_are_told() -> None:
    known = market()
    body = {"t": START_MS, "T": START_MS + 59_999, "i": "1m", "o": "1", "h": "1", "l": "1", "c": "1", "v": "1", "q": "1", "n": 1}
    body |= {"V": "0", "Q": "0", "x": True}
    later = {"t": START_MS + MINUTE_MS, "x": False}
    play(known, "kline_1m", {"k": body | later}, {"k": body | {"i": "1h", "t": 0}}, {"k": body})
    known.settle()
    assert list(known.told) == [START_MS]


def test_the_book_is_kept_across_the_names_of_its_streams() -> None:
    known = market()
    diff = {"e": "depthUpdate", "s": "BTCUSDT", "b": [["9.0", "5"]], "a": []}
    play(known, "depth@100ms", diff | {"U": 1, "u": 2})
    play(known, f"depth{REST}", {"lastUpdateId": 2, "bids": [["8.0", "1"]], "asks": []})
    play(known, "depth", diff | {"U": 3, "u": 4})
    known.settle()
    book = known.book.answer(5)
    assert book is not None
    assert (book.last_id, book.bids) == (4, [("9.0", "5"), ("8.0", "1")])


def test_of_partial_books_the_newest_is_kept() -> None:
    known = market()
    play(known, "depth5", *({"lastUpdateId": number, "bids": [], "asks": []} for number in (1, 2, 3)))
    known.settle()
    book = known.book.answer(5)
    assert book is not None
    assert book.last_id == 3


def test_the_first_snapshot_is_found_ahead() -> None:
    known = market()
    name = f"btcusdt@depth{REST}"
    known.look_ahead([(b"x", b"y"), (name.encode(), combined(name, {"lastUpdateId": 5, "bids": [], "asks": []}))])
    book = known.book.answer(5)
    assert book is not None
    assert book.last_id == 5


def test_quotes_and_other_symbols_are_not_kept() -> None:
    known = market()
    assert known.keeper(b"btcusdt@bookTicker") is None
    assert known.keeper(b"ethusdt@trade") is None
    assert known.keeper(b"\xff") is None


def test_bad_frames_do_no_harm() -> None:
    known = market()
    for kind in ("trade", f"trade{REST}", "aggTrade", f"aggTrade{REST}", "kline_1m", "depth@100ms", "depth5"):
        play(known, kind, {"bad": True}, None, trade("BTCUSDT", 0))
    known.settle()
    assert known.trades.ledger.ids == [FIRST_ID]
