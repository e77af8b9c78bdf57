"""The numbers of a symbol and their ages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from scoring.feed import Value
from tui.readings import Reading, change_span, newest, read, window_width
from tui.state import Cells, RowKey, SymbolState

AT = datetime(2026, 8, 1, 12, tzinfo=UTC)


def text(seconds: float) -> str:
    return (AT + timedelta(seconds=seconds)).isoformat()


def risk(seconds: float = 0, **cells: Value) -> dict[str, Value]:
    return {"sampled_at": text(seconds), "price": 1.0, "price_age_ms": 0.0, **cells}


def window(end_s: float = 0, **cells: Value) -> dict[str, Value]:
    return {"window_start": text(end_s - 60), "window_end": text(end_s), **cells}


def symbol(**rows: Cells) -> SymbolState:
    return SymbolState("BTCUSDT", {_key(name): cells for name, cells in rows.items()})


def _key(name: str) -> RowKey:
    table, _, rest = name.partition("__")
    width = {"trade_metrics": 60.0, "spread_metrics": 60.0}.get(table, 0.0)
    return RowKey(table, rest == "provisional", 300.0 if rest == "wide" else width)


@pytest.mark.parametrize(
    ("final_s", "provisional_s", "expected"),
    [(0, 5, "provisional"), (5, 0, "final"), (5, 5, "final")],
)
def test_the_newest_row_wins_and_a_final_one_over_a_provisional_one_of_the_same_instant(
    final_s: float, provisional_s: float, expected: str
) -> None:
    rows = symbol(risk_metrics=risk(final_s, price="final"), risk_metrics__provisional=risk(provisional_s, price="provisional"))
    cells = newest(rows, "risk_metrics")
    assert cells is not None
    assert cells["price"] == expected


def test_of_several_window_widths_the_narrowest_is_shown() -> None:
    rows = symbol(trade_metrics=window(0, vwap=1.0), trade_metrics__wide=window(60, vwap=2.0))
    assert read(rows, "1m").vwap.value == 1.0
    assert window_width([rows]) == 60.0
    assert window_width([]) is None


def test_the_last_price_is_as_old_as_its_trade() -> None:
    reading = read(symbol(risk_metrics=risk(0, price=5.0, price_age_ms=1500.0)), "1m").last
    assert reading == Reading(5.0, AT - timedelta(seconds=1.5))
    assert reading.age_s(AT) == 1.5


def test_without_rolling_risk_the_last_price_is_the_close_of_the_window() -> None:
    assert read(symbol(trade_metrics=window(0, close=7.0)), "1m").last == Reading(7.0, AT)


@pytest.mark.parametrize("age_ms", [1e30, float("inf")])
def test_a_mad_age_of_the_other_side_is_only_old(age_ms: float) -> None:
    assert read(symbol(risk_metrics=risk(0, price_age_ms=age_ms)), "1m").last.is_stale(AT)


@pytest.mark.parametrize(("at_s", "stale"), [(0, False), (-30, False), (-31, True), (60, False)])
def test_a_number_is_news_for_half_a_minute(at_s: float, stale: bool) -> None:
    reading = Reading(1.0, AT + timedelta(seconds=at_s))
    assert reading.is_stale(AT) is stale
    age = reading.age_s(AT)
    assert age is not None
    assert age >= 0


def test_a_number_without_an_instant_is_never_news() -> None:
    assert Reading(1.0, None).is_stale(AT)
    assert Reading(1.0, AT).is_stale(None)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ([{"momentum_1m": 0.1, "momentum_5m": 0.2, "momentum_15m": 0.3}], "15m"),
        ([{"momentum_1m": 0.1, "momentum_5m": 0.2, "momentum_15m": 0.3}, {"momentum_1m": 0.1, "momentum_5m": 0.2}], "5m"),
        ([{"momentum_1m": 0.1}], "1m"),
        ([{}], "1m"),
        ([], "1m"),
    ],
)
def test_one_span_of_change_is_true_of_every_symbol(known: list[Mapping[str, Value]], expected: str) -> None:
    symbols = [symbol(risk_metrics=risk(0, **cells)) for cells in known]
    assert change_span([*symbols, SymbolState("SILENT")]) == expected


@pytest.mark.parametrize(
    ("marks", "worst"),
    [
        (("complete", "complete"), "complete"),
        (("complete", "repaired(3)"), "repaired(3)"),
        (("open_gap(1)", "repaired(3)"), "open_gap(1)"),
        ((None, None), ""),
    ],
)
def test_a_symbol_is_as_whole_as_its_worst_row(marks: tuple[str | None, str | None], worst: str) -> None:
    rows = symbol(trade_metrics=window(0, completeness=marks[0]), risk_metrics=risk(0, completeness=marks[1]))
    assert read(rows, "1m").completeness == worst


@pytest.mark.parametrize(("age_ms", "line"), [(0.0, (1.0, 2.0, 3.0)), (7_000.0, (1.0, 2.0))])
def test_the_small_line_ends_at_the_last_price_where_that_is_newer(age_ms: float, line: tuple[float, ...]) -> None:
    points = {AT - timedelta(seconds=10): 1.0, AT - timedelta(seconds=5): 2.0}
    known = SymbolState("BTCUSDT", symbol(risk_metrics=risk(0, price=3.0, price_age_ms=age_ms)).rows, points)
    assert read(known, "1m").line == line


def test_an_unknown_symbol_has_no_numbers() -> None:
    readings = read(SymbolState("X"), "1m")
    assert (readings.last, readings.vwap, readings.completeness, readings.line) == (Reading(), Reading(), "", ())


@pytest.mark.parametrize("cells", [{}, {"sampled_at": 5}, {"sampled_at": "never", "price": "many"}])
def test_a_row_that_makes_no_sense_is_no_number(cells: dict[str, Value]) -> None:
    assert read(symbol(risk_metrics=cells), "1m").last.value is None
