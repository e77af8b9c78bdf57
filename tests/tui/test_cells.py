"""How a number stands in its cell."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from rich.cells import cell_len

from tui import cells, palette
from tui.columns import columns
from tui.readings import Reading, SymbolReadings

AT = datetime(2026, 8, 1, 12, tzinfo=UTC)
NOW = cells.Moment(AT, live=True)
LOST = cells.Moment(AT, live=False)
DRAWN = [(column.draw, column.width or 12) for column in columns("15m", 60.0)]


def row(value: float | None, age_s: float = 0.0, completeness: str = "complete", line: tuple[float, ...] = (1.0, 2.0)) -> SymbolReadings:
    reading = Reading(value, AT - timedelta(seconds=age_s))
    numbers = (reading, reading, reading, reading, reading, reading, reading)
    return SymbolReadings("BTCUSDT", *numbers, completeness, line, reading, reading, reading, reading)


def written(cell: list[cells.Line]) -> str:
    return "".join(text for text, _ in cell[0])


def colours(cell: list[cells.Line]) -> set[str]:
    return {style.color.name for text, style in cell[0] if text.strip(" │") and style.color}


@pytest.mark.parametrize("value", [None, 0.0, -1.0, 0.5, 1e-12, 61_284.5, 1e15, -1e15])
@pytest.mark.parametrize("height", [1, 3])
def test_every_cell_fills_exactly_its_width_whatever_it_says(value: float | None, height: int) -> None:
    for draw, width in DRAWN:
        for line in draw(row(value), cells.Moment(AT, True, height), width):
            assert sum(cell_len(text) for text, _ in line) == width


def test_a_number_that_is_not_known_is_a_quiet_dash_and_never_a_zero() -> None:
    for draw in (cells.last, cells.change, cells.vwap, cells.spread, cells.volatility_5m, cells.drawdown, cells.hype):
        assert written(draw(row(None), NOW, 11)).strip() == "–"
        assert colours(draw(row(None), NOW, 11)) == {palette.QUIET}


def test_what_is_old_or_comes_from_a_lost_feed_is_dim_also_where_it_was_loud() -> None:
    for draw in (cells.last, cells.change, cells.imbalance, cells.hype):
        assert palette.QUIET not in colours(draw(row(5.0), NOW, 13))
        assert colours(draw(row(5.0, age_s=31), NOW, 13)) == {palette.QUIET}
        assert colours(draw(row(5.0), LOST, 13)) == {palette.QUIET}


def test_an_imbalance_grows_to_the_side_that_weighs_more() -> None:
    assert written(cells.imbalance(row(1.0), NOW, 13)) == "+1.00    │███"
    assert written(cells.imbalance(row(-1.0), NOW, 13)) == "−1.00 ███│   "
    assert colours(cells.imbalance(row(-1.0), NOW, 13)) == {palette.TEXT, palette.DOWN}


def test_the_age_warns_while_the_feed_is_there() -> None:
    assert written(cells.age(row(1.0, age_s=75), NOW, 4)) == "  1m"
    assert colours(cells.age(row(1.0, age_s=75), NOW, 4)) == {palette.WARNING}
    assert colours(cells.age(row(1.0, age_s=75), LOST, 4)) == {palette.QUIET}
    assert colours(cells.age(row(1.0), NOW, 4)) == {palette.QUIET}


@pytest.mark.parametrize(("line", "colour"), [((1.0, 2.0), palette.UP), ((2.0, 1.0), palette.DOWN), ((1.0, 1.0), palette.QUIET)])
def test_the_trend_has_the_colour_of_its_end_against_its_beginning(line: tuple[float, ...], colour: str) -> None:
    assert colours(cells.trend(row(1.0, line=line), NOW, 8)) == {colour}


def test_a_trend_without_prices_or_that_began_at_nothing_is_no_error() -> None:
    assert written(cells.trend(row(1.0, line=()), NOW, 8)).strip() == "–"
    assert len(cells.trend(row(1.0, line=(0.0, 1.0)), cells.Moment(AT, True, 3), 8)) == 3


def test_only_what_is_known_to_be_incomplete_is_not_whole() -> None:
    assert [cells.is_whole(text) for text in ("complete", "", "repaired(1)", "open_gap(2)")] == [True, True, False, False]
