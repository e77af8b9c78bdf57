"""Candles pass through as they are."""

from __future__ import annotations

import pickle

from scoring.market.candles import Candles
from scoring.records import END_NS, Batch, Candle, CandleRow, Clock, End, Kind, MarketItem, Rows, Table, columns_of, to_columns

MINUTE_NS = 60_000_000_000


def candle(minute: int, close: float = 2.0) -> Candle:
    open_ns = minute * MINUTE_NS
    return Candle(open_ns + MINUTE_NS + 5, open_ns + MINUTE_NS, open_ns, 1.0, 3.0, 0.5, close, 10.0, 20.0, 7, 4.0)


def batch(*candles: Candle) -> Batch:
    return Batch(Kind.CANDLE, "BTCUSDT", to_columns(Candle, candles))


def test_a_candle_becomes_a_row_with_every_column_of_the_table() -> None:
    (rows,) = Candles("BTCUSDT").update([batch(candle(3))])
    assert (rows.table, rows.symbol, rows.provisional) == (Table.CANDLES, "BTCUSDT", False)
    assert list(rows.columns) == list(columns_of(CandleRow))
    row = {name: column.tolist() for name, column in rows.columns.items()}
    assert row == {
        "symbol": ["BTCUSDT"],
        "open_ns": [3 * MINUTE_NS],
        "open": [1.0],
        "high": [3.0],
        "low": [0.5],
        "close": [2.0],
        "volume_base": [10.0],
        "volume_quote": [20.0],
        "trade_count": [7],
        "taker_buy_base": [4.0],
    }
    assert {name: column.dtype for name, column in rows.columns.items()} == {
        name: column.dtype for name, column in to_columns(CandleRow, ()).items()
    }


def test_rows_come_in_order_of_their_minutes_and_the_later_of_two_for_one_minute_comes_last() -> None:
    (rows,) = Candles("BTCUSDT").update([batch(candle(5), candle(4, close=1.0), candle(4, close=2.5))])
    assert rows.columns["open_ns"].tolist() == [4 * MINUTE_NS, 4 * MINUTE_NS, 5 * MINUTE_NS]
    assert rows.columns["close"].tolist() == [1.0, 2.5, 2.0]


def test_an_old_candle_that_comes_late_does_not_turn_back_how_far_the_rows_have_come() -> None:
    state: Candles = pickle.loads(pickle.dumps(Candles("BTCUSDT")))
    first = state.update([batch(candle(5))])
    state = pickle.loads(pickle.dumps(state))
    second = state.update([batch(candle(3))])
    assert [rows.through_ns for rows in first + second] == [5 * MINUTE_NS, 5 * MINUTE_NS]


def test_other_items_say_nothing_and_the_end_of_the_tape_says_that_nothing_more_comes() -> None:
    silent: list[MarketItem] = [Clock(250_000_000), batch(), Batch(Kind.PRICE, "BTCUSDT", {})]
    state = Candles("BTCUSDT")
    assert state.update(silent) == []
    (rows,) = state.update([End()])
    assert isinstance(rows, Rows)
    assert (len(rows), rows.through_ns) == (0, END_NS)
    assert list(rows.columns) == list(columns_of(CandleRow))
