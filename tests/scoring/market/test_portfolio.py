"""The portfolio: marked at instants that are certain, whatever order its symbols come in."""

import math
import pickle
import random
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.duration import Duration
from scoring.market.portfolio import Holdings, PortfolioSettings, Position
from scoring.records import ALL_SYMBOLS, END_NS, Portfolio, Rows, Table, columns_of

SECOND = 1_000_000_000
BITCOIN, ETHER = "BTCUSDT", "ETHUSDT"
BOTH = PortfolioSettings((Position(BITCOIN, 2.0, 90.0), Position(ETHER, -3.0, 12.0)))

Sample = tuple[float, float]
"""Seconds, price."""


def risk(symbol: str, samples: Iterable[Sample], through: float, provisional: bool = False, table: Table = Table.RISK_METRICS) -> Rows:
    rows = list(samples)
    columns = {
        "sampled_ns": np.array([round(at * SECOND) for at, _ in rows], np.int64),
        "price": np.array([price for _, price in rows], np.float64),
    }
    return Rows(table, symbol, columns, round(through * SECOND), provisional)


def rows_of(found: Iterable[Rows]) -> list[dict[str, object]]:
    return [
        dict(zip(rows.columns, values, strict=True))
        for rows in found
        for values in zip(*[column.tolist() for column in rows.columns.values()], strict=True)
    ]


def told(found: Iterable[Rows], *names: str) -> list[tuple[object, ...]]:
    return [tuple(row[name] for name in names) for row in rows_of(found)]


def test_positions_and_the_whole_are_marked_to_the_last_price() -> None:
    holdings = Holdings(BOTH)
    found = holdings.update([risk(BITCOIN, [(0.5, 99.0), (1, 100.0)], 1), risk(ETHER, [(1, 10.0)], 1)])
    assert rows_of(found)[:2] == [
        {
            "symbol": BITCOIN,
            "sampled_ns": SECOND,
            "quantity": 2.0,
            "price": 100.0,
            "value": 200.0,
            "cost": 180.0,
            "unrealised_profit": 20.0,
            "exposure": 200.0,
            "drawdown": 0.0,
        },
        pytest.approx(
            {
                "symbol": ETHER,
                "sampled_ns": SECOND,
                "quantity": -3.0,
                "price": 10.0,
                "value": -30.0,
                "cost": -36.0,
                "unrealised_profit": 6.0,
                "exposure": 30.0,
                "drawdown": math.nan,
            },
            nan_ok=True,
        ),
    ]
    assert told(found, "symbol", "value", "cost", "unrealised_profit", "exposure", "drawdown")[2] == (
        ALL_SYMBOLS,
        170.0,
        144.0,
        26.0,
        230.0,
        0.0,
    )
    assert [math.isnan(float(str(row[name]))) for row in rows_of(found)[2:] for name in ("quantity", "price")] == [True, True]
    assert found[0].through_ns == SECOND


def test_rows_have_the_columns_and_types_of_their_table() -> None:
    holdings = Holdings(BOTH)
    kinds = {int: np.int64, float: np.float64, str: np.object_}
    for at in (1, 2):
        (rows,) = holdings.update([risk(BITCOIN, [(1, 1.0)] if at == 1 else [], at), risk(ETHER, [], at)])
        assert (rows.table, rows.symbol) == (Table.PORTFOLIO, ALL_SYMBOLS)
        assert {name: column.dtype.type for name, column in rows.columns.items()} == {
            name: kinds[kind] for name, kind in columns_of(Portfolio).items()
        }
        assert list(rows.columns) == list(columns_of(Portfolio))


def test_an_instant_waits_until_every_symbol_has_passed_it() -> None:
    holdings = Holdings(BOTH)
    assert holdings.update([risk(BITCOIN, [(at, 100.0) for at in range(1, 4)], 3)]) == []
    first = holdings.update([risk(ETHER, [(1, 10.0)], 1.9)])
    assert told(first, "symbol", "sampled_ns") == [(symbol, SECOND) for symbol in (BITCOIN, ETHER, ALL_SYMBOLS)]
    second = holdings.update([risk(ETHER, [], 9)])
    assert [row["sampled_ns"] for row in rows_of(second)] == [2 * SECOND] * 3 + [3 * SECOND] * 3
    assert [rows.through_ns for rows in second] == [3 * SECOND]
    assert holdings.update([risk(ETHER, [], 10)]) == []


def test_what_has_no_price_yet_is_left_out_and_so_is_the_whole() -> None:
    found = Holdings(BOTH).update([risk(BITCOIN, [(1, 100.0), (2, 101.0)], 2), risk(ETHER, [(2, 10.0)], 2)])
    assert told(found, "symbol", "sampled_ns") == [
        (BITCOIN, SECOND),
        (BITCOIN, 2 * SECOND),
        (ETHER, 2 * SECOND),
        (ALL_SYMBOLS, 2 * SECOND),
    ]


def test_instants_without_a_new_price_are_skipped_and_prices_hold() -> None:
    one = Holdings(PortfolioSettings((Position(BITCOIN, 1.0, 1.0),)))
    found = one.update([risk(BITCOIN, [(1, 100.0), (86_400.5, 50.0)], 90_000)])
    assert told(found, "symbol", "sampled_ns", "price")[::2] == [(BITCOIN, SECOND, 100.0), (BITCOIN, 86_401 * SECOND, 50.0)]
    holdings = Holdings(BOTH)
    holdings.update([risk(BITCOIN, [(1, 100.0)], 1), risk(ETHER, [(1, 10.0)], 1)])
    assert told(holdings.update([risk(BITCOIN, [], 5), risk(ETHER, [(3, 11.0)], 5)]), "symbol", "value") == [
        (BITCOIN, 200.0),
        (ETHER, -33.0),
        (ALL_SYMBOLS, 167.0),
    ]


def test_drawdown_is_the_fall_below_the_running_peak_across_updates() -> None:
    holdings = Holdings(PortfolioSettings((Position(BITCOIN, 2.0, 100.0),)))
    prices = [100.0, 80.0, 110.0, 99.0, 121.0]
    found = []
    for at, price in enumerate(prices):
        found += holdings.update([risk(BITCOIN, [(at, price)], at)])
    for place in (0, 1):
        assert [row["drawdown"] for row in rows_of(found)[place::2]] == [0.0, 0.2, 0.0, 0.1, 0.0]


def test_the_end_of_the_tape_marks_everything() -> None:
    end = END_NS / SECOND
    found = Holdings(BOTH).update([risk(BITCOIN, [(1, 100.0), (7.5, 90.0)], end), risk(ETHER, [(1, 1.0)], end)])
    assert (rows_of(found)[-1]["sampled_ns"], found[-1].through_ns) == (8 * SECOND, END_NS)


def test_other_symbols_other_tables_and_provisional_rows_are_ignored() -> None:
    holdings = Holdings(PortfolioSettings((Position(BITCOIN, 1.0, 1.0),)))
    ignored = [
        risk("DOGEUSDT", [(1, 1.0)], 1),
        risk(BITCOIN, [(1, 1.0)], 1, provisional=True),
        risk(BITCOIN, [(1, 1.0)], 1, table=Table.TRADE_METRICS),
    ]
    assert holdings.update(ignored) == []
    assert told(holdings.update([risk(BITCOIN, [(1, 2.0)], 1)]), "price")[0] == (2.0,)


def test_an_empty_portfolio_says_nothing() -> None:
    assert Holdings(PortfolioSettings()).update([risk(BITCOIN, [(1, 1.0)], 1)]) == []


def test_settings_that_cannot_be_marked_are_refused() -> None:
    with pytest.raises(ValueError, match="BTCUSDT is held twice: expected one position per symbol"):
        PortfolioSettings((Position(BITCOIN, 1.0, 1.0), Position(BITCOIN, 2.0, 1.0)))
    with pytest.raises(ValueError, match="every = 0s: expected a duration above 0"):
        PortfolioSettings(every=Duration(0))


@st.composite
def streams(draw: st.DrawFn) -> dict[str, list[Rows]]:
    """Give each symbol's rows, in order, cut into pieces with marks of progress between them."""
    found = {}
    for symbol in (BITCOIN, ETHER, "XRPUSDT"):
        at, pieces = 0.0, []
        for _ in range(draw(st.integers(1, 6))):
            samples = []
            for _ in range(draw(st.integers(0, 4))):
                at += draw(st.sampled_from([0.5, 0.5, 1.0, 7.0]))
                samples.append((at, draw(st.floats(1.0, 100.0))))
            pieces.append(risk(symbol, samples, at + draw(st.sampled_from([0.0, 0.0, 0.25]))))
        found[symbol] = [*pieces, risk(symbol, [], END_NS / SECOND)]
    return found


@given(streams(), st.integers(0, 1 << 30))
def test_the_interleaving_of_symbols_and_pickling_change_no_bit(rows: dict[str, list[Rows]], seed: int) -> None:
    positions = (Position(BITCOIN, 0.3, 10.0), Position(ETHER, -0.7, 20.0), Position("XRPUSDT", 11.1, 30.0))
    settings = PortfolioSettings(positions)
    expected = Holdings(settings).update(each for pieces in rows.values() for each in pieces)
    waiting = {symbol: list(pieces) for symbol, pieces in rows.items()}
    chance = random.Random(seed)
    holdings, found = Holdings(settings), []
    while waiting:
        symbol = chance.choice(sorted(waiting))
        found += holdings.update([waiting[symbol].pop(0)])
        holdings = pickle.loads(pickle.dumps(holdings))
        if not waiting[symbol]:
            del waiting[symbol]
    assert [repr(row) for row in rows_of(found)] == [repr(row) for row in rows_of(expected)]
    assert found[-1].through_ns == expected[-1].through_ns == END_NS


@given(streams())
def test_marks_are_what_plain_loops_give(rows: dict[str, list[Rows]]) -> None:
    quantities = {BITCOIN: 0.3, ETHER: -0.7, "XRPUSDT": 11.1}
    settings = PortfolioSettings(tuple(Position(symbol, quantity, 10.0) for symbol, quantity in quantities.items()))
    samples = {
        symbol: [
            pair for piece in pieces for pair in zip(piece.columns["sampled_ns"].tolist(), piece.columns["price"].tolist(), strict=True)
        ]
        for symbol, pieces in rows.items()
    }
    expected, peaks = [], dict.fromkeys([*quantities, ALL_SYMBOLS], -math.inf)
    for instant in sorted({-(-at // SECOND) * SECOND for pairs in samples.values() for at, _ in pairs}):
        values: dict[str, float] = {}
        for symbol, pairs in samples.items():
            past = [price for at, price in pairs if at <= instant]
            if past:
                values[symbol] = past[-1] * quantities[symbol]
        if len(values) == len(quantities):
            values[ALL_SYMBOLS] = values[BITCOIN] + values[ETHER] + values["XRPUSDT"]
        for symbol, value in values.items():
            peaks[symbol] = max(peaks[symbol], value)
            peak = peaks[symbol]
            expected.append((symbol, instant, value, repr((peak - value) / peak if peak > 0 else math.nan)))
    found = rows_of(Holdings(settings).update(each for pieces in rows.values() for each in pieces))
    assert [(row["symbol"], row["sampled_ns"], row["value"], repr(row["drawdown"])) for row in found] == expected
