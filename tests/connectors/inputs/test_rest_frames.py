"""Answers of REST to frames, read back by the decoder they are for."""

from __future__ import annotations

import json

import numpy as np
import pytest

from connectors.inputs.rest_frames import book_frame, candle_frames, trade_frames
from connectors.wire.binance import BINANCE_FEED, BinanceWireSettings, decode
from connectors.wire.binance_routes import Primary
from connectors.wire.decoded import Decoded
from scoring.records import DepthSnapshot, Kind

NOW_NS = 1_700_000_120_500_000_000
NOW_MS = NOW_NS // 1_000_000


def read(frames: list[bytes], primary: Primary = "trade") -> Decoded:
    settings = BinanceWireSettings(("BTCUSDT",), primary={"BTCUSDT": primary})
    return decode(frames, np.full(len(frames), NOW_NS), np.arange(len(frames)), settings)


def test_frames_go_to_the_decoder_of_the_exchange() -> None:
    assert BINANCE_FEED == "binance"


@pytest.mark.parametrize("count", [1, 100])
def test_trades_come_back_as_repaired_trades_in_id_order(count: int) -> None:
    rows = [{"id": 1000 - n, "price": "1.50", "qty": "2", "quoteQty": "3", "time": NOW_MS - n, "isBuyerMaker": True} for n in range(count)]
    frames = trade_frames("BTCUSDT", "trade", json.dumps(rows).encode())
    assert list(frames) == list(range(1001 - count, 1001))
    (batch,) = read(list(frames.values())).batches
    assert batch.kind is Kind.TRADE
    assert batch["trade_id"].tolist() == list(frames)
    assert batch["repaired"].all()
    assert batch["price"].tolist() == [1.5] * count


def test_the_bytes_of_a_row_stay_as_they_came() -> None:
    body = b'[ {"id":7 ,"price":"0.10"}]'
    assert trade_frames("BTCUSDT", "trade", body) == {7: b'{"stream":"btcusdt@trade@rest","data":{"id":7 ,"price":"0.10"}}'}


def test_aggregates_come_back_under_their_own_ids() -> None:
    rows = [{"a": 5, "p": "1.5", "q": "2", "f": 10, "l": 12, "T": NOW_MS, "m": False, "M": True}]
    frames = trade_frames("BTCUSDT", "aggTrade", json.dumps(rows).encode())
    (batch,) = read(list(frames.values()), "aggTrade").batches
    assert (batch["trade_id"][0], batch["first_id"][0], batch["last_id"][0], batch["repaired"][0]) == (5, 10, 12, True)


def test_only_candles_that_are_closed_come_through() -> None:
    minutes = [NOW_MS // 60_000 * 60_000 - 60_000 * back for back in (2, 1, 0)]
    rows = [[at, "1", "2", "0.5", "1.5", "10", at + 59_999, "15", 7, "4", "6", "0"] for at in minutes]
    frames = candle_frames("BTCUSDT", json.dumps(rows).encode(), NOW_NS)
    assert list(frames) == [at * 1_000_000 for at in minutes[:2]]
    decoded = read(list(frames.values()))
    assert decoded.ignored == 0
    assert decoded.batches[0]["open_ns"].tolist() == list(frames)


def test_a_book_comes_back_whole() -> None:
    frame = book_frame("BTCUSDT", b'{"lastUpdateId":160,"bids":[["0.0024","10"]],"asks":[["0.0026","100"]]}')
    (snapshot,) = read([frame]).books[0].updates
    assert isinstance(snapshot, DepthSnapshot)
    assert (snapshot.whole, snapshot.last_id) == (True, 160)


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"code":-1,"msg":"no"}', b'[{"id":"x"}]', b"[[1]]", b"\xff", b"[" * 5000])
def test_what_is_no_answer_is_refused_and_says_of_which_symbol(body: bytes) -> None:
    with pytest.raises(ValueError, match="BTCUSDT: not a list of trades"):
        trade_frames("BTCUSDT", "trade", body)
    with pytest.raises(ValueError, match="BTCUSDT: not a list of candles"):
        candle_frames("BTCUSDT", body, NOW_NS)
    with pytest.raises(ValueError, match="BTCUSDT: not a book"):
        book_frame("BTCUSDT", body)
