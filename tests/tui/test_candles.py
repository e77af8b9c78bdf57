"""Candles as characters, by table."""

from __future__ import annotations

import pytest

from tui.candles import candle_cells
from tui.history import Candle
from tui.ranges import Scale, Window


def candle(start: float, first: float, high: float, low: float, last: float, wide: float = 60.0) -> Candle:
    return Candle(start, start + wide, first, high, low, last, None, 0.0)


def drawn(candles: list[Candle], columns: int, seconds: float = 60.0, rows: int = 4) -> list[str]:
    grid = [[" "] * columns for _ in range(rows)]
    for (row, column), glyph, _ in candle_cells(candles, Window(0.0, seconds, columns), Scale(0.0, 8.0), rows):
        grid[row][column] = glyph
    return ["".join(line) for line in grid]


@pytest.mark.parametrize(
    ("prices", "expected"),
    [
        ((2.5, 7.5, 0.5, 5.5), ["│", "▒", "▒", "│"]),
        ((5.5, 7.5, 0.5, 2.5), ["│", "█", "█", "│"]),
        ((6.5, 6.5, 3.5, 5.5), ["▄", "▀", "╵", " "]),
        ((4.5, 4.5, 4.5, 4.5), [" ", "▒", " ", " "]),
    ],
    ids=["rises", "falls", "falls by halves", "stands"],
)
def test_a_candle_has_a_body_and_a_wick(prices: tuple[float, float, float, float], expected: list[str]) -> None:
    assert drawn([candle(0, *prices)], 1) == expected


def test_wide_candles_stand_apart_and_their_wick_in_the_middle() -> None:
    both = [candle(0, 2.5, 7.5, 2.5, 5.5), candle(60, 5.5, 5.5, 0.5, 2.5)]
    assert drawn(both, 8, 120) == [" │      ", "▒▒▒ ███ ", "▒▒▒ ███ ", "     │  "]


def test_candles_of_one_column_are_drawn_as_one() -> None:
    both = [candle(0, 2.5, 3.0, 0.5, 2.9, wide=30), candle(30, 2.9, 7.5, 2.5, 5.5, wide=30)]
    assert drawn(both, 1) == ["│", "▒", "▒", "│"]


def test_what_is_not_seen_is_not_drawn() -> None:
    assert drawn([candle(-120, 1, 2, 1, 2), candle(600, 1, 2, 1, 2)], 3) == ["   "] * 4


def test_direction_is_said() -> None:
    ways = {is_up for _, _, is_up in candle_cells([candle(0, 1, 2, 1, 2)], Window(0.0, 60.0, 1), Scale(0.0, 8.0), 4)}
    assert ways == {True}
