"""What a gap concerns must not depend on how many marks of the clock were handed on in front of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import pytest

from scoring.market.bar_settings import BarSettings
from scoring.market.bars import Bars
from scoring.market.risk import Risk
from scoring.records import CLOCK_GRID_NS, TABLES, Batch, Clock, End, Gap, Kind, MarketItem, Rows, Trade, to_columns

SYMBOL = "BTCUSDT"
SECOND = 1_000_000_000
START = 1_723_161_240 * SECOND
Make = Callable[[], Bars | Risk]
STATES: dict[str, Make] = {
    "bars": lambda: Bars(SYMBOL, BarSettings()),
    "risk": lambda: Risk(SYMBOL),
}


def trades(*made: tuple[float, int]) -> Batch:
    """Give trades of a second and an id; they arrive a tenth of a second later."""
    rows = [Trade(START + int((at + 0.1) * SECOND), START + int(at * SECOND), i, 2.0, 1.0, False, i, i, False) for at, i in made]
    return Batch(Kind.TRADE, SYMBOL, to_columns(Trade, rows))


def clocks(from_second: float, to_second: float) -> list[MarketItem]:
    marks = range(START + int(from_second * SECOND), START + int(to_second * SECOND), CLOCK_GRID_NS)
    return [Clock(at // CLOCK_GRID_NS * CLOCK_GRID_NS) for at in marks]


def jump(from_second: float, to_second: float, repaired: int = 0) -> Gap:
    ends = START + int(from_second * SECOND), START + int(to_second * SECOND)
    return Gap(SYMBOL, SYMBOL, Kind.TRADE, *ends, 3, 9, 7, repaired, "id jump")


def told(make: Make, items: Iterable[MarketItem]) -> list[dict[str, object]]:
    """Give every row as it was first told, in order: what a rule judges."""
    state = make()
    found: list[Rows] = [rows for item in items for rows in state.update([item])]
    first: dict[object, dict[str, object]] = {}
    for rows in found:
        for index in range(len(rows)):
            row = {name: column.tolist()[index] for name, column in rows.columns.items()}
            first.setdefault(tuple(row[name] for name in TABLES[rows.table].key), row)
    return [{name: repr(value) for name, value in row.items()} for row in first.values()]


@pytest.mark.parametrize("make", STATES.values(), ids=STATES)
@pytest.mark.parametrize("silent", [0.5, 20.0, 90.0])
def test_a_jump_counts_from_the_trade_that_showed_it(make: Make, silent: float) -> None:
    before = [trades((1, 1), (2, 2))]
    after: Sequence[MarketItem] = [jump(2, 2 + silent), trades((2 + silent, 10), (3 + silent, 11)), *clocks(4 + silent, 6 + silent), End()]
    with_marks = told(make, [*before, *clocks(2.5, 2 + silent), *after])
    without = told(make, [*before, *after])
    assert with_marks == without
    assert any("open_gap" in str(row["completeness"]) for row in without)


@pytest.mark.parametrize("make", STATES.values(), ids=STATES)
def test_a_jump_before_a_mark_or_the_end_still_counts(make: Make) -> None:
    for last in ([*clocks(30, 90)], [End()]):
        assert "open_gap(" in str(told(make, [trades((1, 1), (2, 2), (29, 3)), jump(2, 29), *last]))


@pytest.mark.parametrize("make", STATES.values(), ids=STATES)
def test_news_of_a_gap_that_is_known_counts_at_once(make: Make) -> None:
    items = [trades((1, 1)), jump(1, 5), trades((5, 10)), jump(1, 5, repaired=7), *clocks(6, 90), End()]
    assert "open_gap(" not in str(told(make, items)[-1])
