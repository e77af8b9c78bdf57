"""Where the parts of a chart stand, and all that a drawing of it depends on.

It stands apart from the drawing, so that the plot (`tui/chart.py`) and what lies around it (`tui/margins.py`) need not know each other.
"""

from __future__ import annotations

import functools
from typing import Final, TypeAlias

import msgspec
from rich.style import Style

from tui import figures, palette
from tui.canvas import BRAILLE, Dots
from tui.history import History, Mark
from tui.ranges import Scale, View, Window, window_of

Piece: TypeAlias = tuple[str, Style]
Line: TypeAlias = list[Piece]
Cells: TypeAlias = dict[tuple[int, int], Piece]
"""By row and column of characters."""

MARKS: Final = {"critical": ("■", palette.CRITICAL), "warning": ("◆", palette.WARNING), "info": ("●", palette.SECOND)}
"""Of alerts, by how grave they are."""
_UNMARKED: Final = ("○", palette.TEXT)
MOOD_SCALE: Final = Scale(-1.0, 1.0)
_MOOD_AXIS: Final = 3
"""Columns of the axis of the mood."""
_MOOD_FROM: Final = 40
"""Columns from which there is room for it."""
_BARS: Final = ((28, 4), (18, 3), (12, 2), (8, 1))
"""Height of the chart from which the bars have so many rows."""


class Frame(msgspec.Struct, frozen=True):
    """Where the parts of a chart stand."""

    width: int
    height: int
    left: int
    """Columns of the axis of the mood."""
    right: int
    """Columns of the axis of the price."""
    bars: int
    """Rows of the bars of texts."""
    window: Window

    @property
    def rows(self) -> int:
        """Rows of the plot: beside it there are one for alerts and one for the time."""
        return max(self.height - self.bars - 2, 1)


class Chart(msgspec.Struct, frozen=True):
    """All a drawing depends on."""

    history: History
    frame: Frame
    cursor_s: float | None
    now_s: float
    """Time on the tape."""
    is_candles: bool
    dots: Dots = BRAILLE


def frame_of(history: History, view: View, now_s: float | None, width: int, height: int) -> Frame:
    """Say where the parts stand in a place of `width` × `height`."""
    newest_s = max((at_s for at_s in (now_s, history.newest_s) if at_s is not None), default=0.0)
    left = _MOOD_AXIS if history.moods and width >= _MOOD_FROM else 0
    right = max((len(figures.price(point.value)) for point in history.prices[-1:]), default=0) + 2
    bars = next((rows for least, rows in _BARS if height >= least), 0) if history.counts else 0
    window = window_of(view, history.oldest_s or newest_s, newest_s, width - left - right)
    return Frame(width, height, left, right, bars, window)


def mark_of(mark: Mark) -> tuple[str, str]:
    """Give the sign and the colour of an alert; quiet when it is over."""
    glyph, colour = MARKS.get(mark.severity, _UNMARKED)
    return glyph, palette.QUIET if mark.is_over else colour


def write(cells: Cells, row: int, column: int, text: str, style: Style) -> None:
    """Write text from a cell on to the right."""
    for offset, letter in enumerate(text):
        cells[row, column + offset] = (letter, style)


@functools.cache
def ink(colour: str, bold: bool = False) -> Style:
    """Give a colour of the palette as a style."""
    return Style(color=colour, bold=bold)
