"""The trades an exchange knows: each once, in order, as the text it came as, and in orders that took several."""

from __future__ import annotations

from itertools import groupby
from random import Random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.outputs.exchange_trades import Ledger, Trade, Trades, decode, to_text, to_units


def trade(number: int, at: int = 0, price: str = "1.00000000", *, maker: bool = True) -> Trade:
    return Trade(number, price, f"0.0000000{number % 9}", at or number, maker)


@given(st.lists(st.integers(0, 30)))
@settings(max_examples=50)
def test_a_ledger_holds_each_row_once_in_order(numbers: list[int]) -> None:
    ledger: Ledger[Trade] = Ledger(100)
    new = [ledger.add(trade(number)) for number in numbers]
    assert ledger.ids == sorted(set(numbers)) == [row.id for row in ledger.rows]
    assert sum(new) == len(ledger.ids)


def test_a_ledger_keeps_the_newest() -> None:
    ledger: Ledger[Trade] = Ledger(100)
    for number in range(1_000):
        ledger.add(trade(number))
        assert len(ledger.ids) <= 125
        assert ledger.ids[-1] == number
    assert len(ledger.ids) >= 100


def test_rows_are_found_by_id_and_by_time() -> None:
    ledger: Ledger[Trade] = Ledger(100)
    for number in range(10, 20):
        ledger.add(trade(number, at=1_000 + number // 2))
    assert [row.id for row in ledger.since(13, 3)] == [13, 14, 15]
    assert [row.id for row in ledger.since(1, 1)] == [10]
    assert [row.id for row in ledger.newest(2)] == [18, 19]
    assert [row.id for row in ledger.between(1_006_000, 1_007_000, 100)] == [12, 13, 14, 15]
    assert [row.id for row in ledger.between(1_006_000, float("inf"), 1)] == [12]
    assert ledger.between(2e9, 3e9, 10) == []


@given(st.integers(0), st.integers(1, 60))
@settings(max_examples=50)
def test_aggregates_are_orders_and_hold_every_trade_once(seed: int, count: int) -> None:
    random = Random(seed)
    numbers = [number for number in range(1, count + 1) if random.random() < 0.9]
    made = [
        trade(number, at=number // 4, price=random.choice(("1.00000000", "2.00000000")), maker=random.random() < 0.7) for number in numbers
    ]
    noted: list[Trade] = []
    trades = Trades(100, False, noted.append)
    for row in made:
        trades.add(row)
        trades.add(row)
    trades.close()
    orders = [list(group) for _, group in groupby(made, lambda row: (row.at, row.price, row.buyer_is_maker, row.id - made.index(row)))]
    assert noted == made
    assert [(row.id, row.first_id, row.last_id) for row in trades.aggregates.rows] == [
        (number, order[0].id, order[-1].id) for number, order in enumerate(orders, 1)
    ]
    assert [row.quantity for row in trades.aggregates.rows] == [to_text(sum(to_units(one.quantity) for one in order)) for order in orders]
    assert trades.fresh == trades.aggregates.rows


def test_a_late_trade_joins_the_ledger_but_no_order() -> None:
    trades = Trades(100, False, lambda _: None)
    for number in (1, 5, 3):
        trades.add(trade(number))
    trades.close()
    assert trades.ledger.ids == [1, 3, 5]
    assert [row.first_id for row in trades.aggregates.rows] == [1, 5]


def test_none_are_made_where_the_tape_has_its_own() -> None:
    trades = Trades(100, True, lambda _: None)
    trades.add(trade(1))
    trades.close()
    assert trades.aggregates.rows == []


@given(st.integers(0, 10**17))
def test_units_survive_being_written(units: int) -> None:
    assert to_units(to_text(units)) == units


def test_bad_frames_are_left_out() -> None:
    decoder = msgspec.json.Decoder(Trade)
    good = b'{"t":1,"p":"1","q":"2","T":3,"m":true}'
    assert decode(decoder, [good, good]) == decode(decoder, [b"{", good, b"\xff", good]) == [Trade(1, "1", "2", 3, True)] * 2
