"""Which symbols are listed, and in which order."""

from __future__ import annotations

from functools import reduce as fold

import msgspec
import pytest

from scoring.feed import Hello, NewRows
from tui import columns, sample
from tui.readings import change_span, read, window_width
from tui.state import State, reduce
from tui.watch import BY_ASSET, PORTFOLIO, Heading, Item, Readings, Wish, groups, listed

SAMPLE = fold(reduce, sample.events(), State())
ALL = columns.columns("15m", 60.0)
NAMED = {"majors": ["ETHUSDT", "BTCUSDT", "NONEUSDT"]}


def names(wish: Wish, state: State = SAMPLE) -> list[str]:
    return [item if isinstance(item, str) else f"-{item.text}" for item in listed(state, wish, NAMED, ALL, Readings())]


def test_without_a_wish_all_stand_in_the_order_of_the_settings() -> None:
    assert names(Wish()) == list(SAMPLE.symbols)


@pytest.mark.parametrize(
    ("words", "found"),
    [("btc", ["BTCUSDT"]), ("BTC eth", ["BTCUSDT", "ETHUSDT"]), ("  ", list(SAMPLE.symbols)), ("zzz", []), ("pe", ["PEPEUSDT"])],
)
def test_a_filter_takes_names_that_have_a_word_in_them(words: str, found: list[str]) -> None:
    assert names(Wish(filter=words)) == found


@pytest.mark.parametrize(
    ("group", "found"),
    [("majors", ["ETHUSDT", "BTCUSDT"]), (PORTFOLIO, ["BTCUSDT", "SOLUSDT"]), ("gone", list(SAMPLE.symbols))],
)
def test_a_group_has_its_own_symbols_in_its_own_order(group: str, found: list[str]) -> None:
    assert names(Wish(group=group)) == found


def test_by_asset_symbols_of_one_asset_stand_together() -> None:
    state = reduce(State(), Hello("0", "s", "live", ["BTCUSDT", "ETHUSDT", "BTCEUR", "ETHBTC"], []))
    assert names(Wish(group=BY_ASSET), state) == ["-BTC", "BTCUSDT", "BTCEUR", "-ETH", "ETHUSDT", "ETHBTC"]


@pytest.mark.parametrize(
    ("sort", "descending", "first", "last"),
    [
        ("change", True, "DOGEUSDT", "PEPEUSDT"),
        ("change", False, "PEPEUSDT", "DOGEUSDT"),
        ("symbol", False, "BTCUSDT", "SOLUSDT"),
        ("hype", True, "DOGEUSDT", "PEPEUSDT"),
        ("hype", False, "ETHUSDT", "PEPEUSDT"),
        ("no such column", True, "BTCUSDT", "PEPEUSDT"),
    ],
)
def test_it_is_sorted_where_asked_and_what_is_not_known_goes_last(sort: str, descending: bool, first: str, last: str) -> None:
    found = names(Wish(sort=sort, descending=descending))
    assert (found[0], found[-1]) == (first, last)


@pytest.mark.parametrize("column", ALL, ids=lambda column: column.name)
def test_every_column_can_be_sorted_by(column: columns.Column) -> None:
    for state in (SAMPLE, reduce(State(), Hello("0", "s", "live", ["B", "A"], []))):
        assert sorted(names(Wish(sort=column.name), state)) == sorted(state.symbols)


def test_there_is_a_portfolio_only_where_something_is_held() -> None:
    assert groups(SAMPLE, NAMED) == ["", BY_ASSET, PORTFOLIO, "majors"]
    assert groups(State(), {}) == ["", BY_ASSET]


def test_readings_that_are_kept_are_those_that_would_be_read() -> None:
    readings, state = Readings(), State()
    for event in [*sample.events(), NewRows("risk_metrics", "BTCUSDT", False, {"price": [2.0], "sampled_at": ["2026-08-01T12:17:00Z"]})]:
        state = reduce(state, event)
        symbols = list(state.symbols.values())
        assert readings.shape(state) == (change_span(symbols), window_width(symbols))
        stances = {stance.symbol: stance for stance in state.crowd.stances.values()}
        for name, symbol in state.symbols.items():
            assert readings.of(state, name) == read(symbol, change_span(symbols), stances.get(name))
            assert readings.of(state, name) is readings.of(state, name)


def test_a_heading_is_no_symbol() -> None:
    item: Item = Heading("BTC")
    assert not isinstance(item, str)
    assert item == msgspec.structs.replace(Heading("ETH"), text="BTC")
