"""Candles as characters: the body of a falling one is full, that of a rising one shaded, so that no colour is needed to tell them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from tui.history import Candle
from tui.ranges import Scale, Window

_HALVES: Final = 2
"""A character has so many rows of a candle."""
_GAP_FROM: Final = 3
"""Columns of a candle from which one is left free between two."""
_WICK: Final = " ╵╷│"
_FULL: Final = " ▀▄█"
_SHADED: Final = " ▒▒▒"
"""By which halves are covered: none, the upper, the lower, both."""

Cell: TypeAlias = tuple[tuple[int, int], str, bool]
"""Row and column, character, and whether the candle rises."""


def candle_cells(candles: Sequence[Candle], window: Window, scale: Scale, rows: int) -> Iterator[Cell]:
    """Draw what is seen of them in `rows` rows; those that fall into one column are drawn as one."""
    for first, last, candle in _placed(candles, window):
        is_up = candle.close >= candle.open
        top, bottom = sorted(scale.row(value, rows * _HALVES) for value in (candle.open, candle.close))
        high, low = scale.row(candle.high, rows * _HALVES), scale.row(candle.low, rows * _HALVES)
        for row in range(max(high // _HALVES, 0), min(low // _HALVES, rows - 1) + 1):
            body, wick = _covered(row, top, bottom), _covered(row, high, low)
            if body:
                for column in range(max(first, 0), min(last, window.columns - 1) + 1):
                    yield (row, column), (_SHADED if is_up else _FULL)[body], is_up
            elif wick and 0 <= (first + last) // 2 < window.columns:
                yield (row, (first + last) // 2), _WICK[wick], is_up


def _covered(row: int, top: int, bottom: int) -> int:
    """Say which halves of a row lie between two half rows: 1 the upper, 2 the lower, 3 both."""
    return (top <= row * _HALVES <= bottom) + 2 * (top <= row * _HALVES + 1 <= bottom)


def _placed(candles: Sequence[Candle], window: Window) -> Iterator[tuple[int, int, Candle]]:
    placed: dict[int, tuple[int, Candle]] = {}
    for candle in candles:
        first = window.column(candle.start_s)
        last = max(window.column(candle.end_s) - 1, first)
        if last < 0 or first >= window.columns:
            continue
        last -= last - first + 1 >= _GAP_FROM
        placed[first] = (max(last, placed[first][0]), _joined(placed[first][1], candle)) if first in placed else (last, candle)
    for first, (last, candle) in placed.items():
        yield first, last, candle


def _joined(before: Candle, after: Candle) -> Candle:
    return Candle(
        start_s=before.start_s,
        end_s=after.end_s,
        open=before.open,
        high=max(before.high, after.high),
        low=min(before.low, after.low),
        close=after.close,
        vwap=after.vwap,
        deviation=after.deviation,
    )
