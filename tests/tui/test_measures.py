"""The numbers that rules look at, as the screen has seen them pass."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from scoring.alerts.metrics import JUDGED
from scoring.duration import nanoseconds
from scoring.feed import Hello, NewRows, Snapshot, Value
from scoring.records import TABLES, stored_name
from tests.tui.alerts_heard import AT, SYMBOL, risk, text
from tui.measures import INSTANTS, ROW_LIMIT, SERIES_LIMIT, Measures
from tui.state import Event


def kept(events: list[Event], table: str = "risk_metrics") -> list[float]:
    """Say which values of the drawdown (or the volume) are kept."""
    seen = Measures()
    for event in events:
        seen.take(event)
    series = seen.series(table, SYMBOL)
    column = "drawdown" if table == "risk_metrics" else "volume"
    return [row.values[series.columns.index(column)] for row in series.rows] if series else []


def window(start_s: int, width_s: int, volume: float) -> NewRows:
    start = AT + timedelta(seconds=start_s)
    cells: dict[str, Value] = {"window_start": text(start), "window_end": text(start + timedelta(seconds=width_s)), "volume": volume}
    return NewRows("trade_metrics", SYMBOL, False, {name: [value] for name, value in cells.items()})


def at(seconds: float, value: float | None, *, provisional: bool = False) -> NewRows:
    return risk(AT + timedelta(seconds=seconds), value, provisional=provisional)


def test_the_tables_are_those_that_rules_may_look_at_each_dated_as_there() -> None:
    assert {table: stored_name(TABLES[table].instant) for table in JUDGED} == dict(INSTANTS)


@pytest.mark.parametrize(
    ("events", "values"),
    [
        ([at(0, 1.0), at(1, 2.0)], [1.0, 2.0]),
        ([at(0, 1.0), at(1, 2.0, provisional=True)], [1.0]),
        ([at(1, 1.0), at(1, 2.0), at(0, 3.0)], [1.0]),
        ([Snapshot([at(0, 1.0)], [], [], []), at(1, 2.0)], [1.0, 2.0]),
        ([at(0, 1.0), Hello("", "", "live", [], []), at(1, 2.0)], [2.0]),
        ([NewRows("risk_metrics", SYMBOL, False, {"sampled_at": []}), NewRows("risk_metrics", SYMBOL, False, {"sampled_at": ["x"]})], []),
        ([NewRows("posts", SYMBOL, False, {"sampled_at": [text(AT)]})], []),
    ],
)
def test_final_rows_are_kept_once_in_order(events: list[Event], values: list[float]) -> None:
    assert kept(events) == values


def test_rows_of_the_past_have_only_what_charts_are_drawn_from_and_are_not_judged() -> None:
    past = msgspec.structs.replace(window(60, 60, 2.0), past=True)
    assert kept([window(0, 60, 1.0), past], "trade_metrics") == [1.0]


def test_of_windows_of_several_widths_the_narrowest_are_kept() -> None:
    assert kept([window(0, 60, 1.0), window(0, 300, 2.0), window(60, 60, 3.0)], "trade_metrics") == [1.0, 3.0]
    assert kept([window(0, 300, 2.0), window(0, 60, 1.0)], "trade_metrics") == [1.0]


def test_what_is_not_known_or_no_number_is_no_number() -> None:
    seen = Measures()
    seen.take(at(0, None))
    series = seen.series("risk_metrics", SYMBOL)
    assert series
    row = series.rows[0]
    assert [name for name, value in zip(series.columns, row.values, strict=True) if value != value] == [
        "sampled_at",
        "drawdown",
        "completeness",
    ]
    assert (row.at_ns, row.completeness) == (nanoseconds(AT), "complete")


def test_rows_of_one_a_minute_are_kept_for_an_hour() -> None:
    assert kept([window(60 * i, 60, float(i)) for i in range(100)], "trade_metrics") == [float(i) for i in range(39, 100)]
    assert kept([window(0, 60, 1.0), window(100_000, 60, 2.0)], "trade_metrics") == [2.0]


def test_rows_and_series_are_bounded() -> None:
    seen = Measures()
    for i in range(ROW_LIMIT + 10):
        seen.take(at(i, float(i)))
    for i in range(SERIES_LIMIT + 10):
        seen.take(NewRows("risk_metrics", f"S{i}", False, {"sampled_at": [text(AT)]}))
    series = seen.series("risk_metrics", SYMBOL)
    assert series
    assert (len(series.rows), series.rows[0].values[2]) == (ROW_LIMIT, 10.0)
    assert seen.series("risk_metrics", f"S{SERIES_LIMIT - 2}")
    assert seen.series("risk_metrics", f"S{SERIES_LIMIT}") is None
