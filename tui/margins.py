"""What lies around the plot of a chart: alerts above it, texts and time below, the axes of mood and price on its sides."""

from __future__ import annotations

from typing import Final

from rich.cells import cell_len
from rich.style import Style

from tui import figures, palette
from tui.canvas import BRAILLE
from tui.frame import MOOD_SCALE, Cells, Chart, Frame, ink, mark_of, write
from tui.ranges import Scale, time_ticks

_TICKS_APART: Final = (14, 4)
"""Columns and rows from one label to the next, at least."""
_EIGHTHS: Final = " ▁▂▃▄▅▆▇█"
_HALVES: Final = "  ▄▄▄▄███"
_NAME_ROOM: Final = 4
"""Columns that must be left for the name of a rule to be begun."""


def alerts(cells: Cells, chart: Chart) -> None:
    """Mark each alert above the plot, with its name as far as there is room until the next."""
    frame, window = chart.frame, chart.frame.window
    seen = {window.column(mark.at_s): mark for mark in chart.history.marks if 0 <= window.column(mark.at_s) < window.columns}
    for (column, mark), after in zip(seen.items(), [*seen, window.columns][1:], strict=True):
        glyph, colour = mark_of(mark)
        cells[0, frame.left + column] = (glyph, ink(colour, True))
        room = after - column - 3
        if room >= _NAME_ROOM:
            # One letter a column: any other would move what stands behind it.
            name = "".join(letter if cell_len(letter) == 1 else "?" for letter in figures.clean(mark.rule)[: room + 1])
            write(cells, 0, frame.left + column + 2, figures.fit(name, min(len(name), room)), ink(palette.QUIET))


def bars(cells: Cells, chart: Chart) -> None:
    """Draw the texts of the 5 minutes before each column."""
    frame, window, counts = chart.frame, chart.frame.window, chart.history.counts
    if not frame.bars:
        return
    levels: list[float] = []
    place, level = 0, 0.0
    for column in range(window.columns):
        until = window.start_s + (column + 1) * window.column_s
        while place < len(counts) and counts[place].at_s < until:
            level = counts[place].value
            place += 1
        levels.append(level if until - window.column_s <= chart.now_s else 0.0)
    most = max(levels)
    glyphs, style = _EIGHTHS if chart.dots is BRAILLE else _HALVES, ink(palette.SECOND)
    top = frame.rows + 1
    for column, level in enumerate(levels):
        eighths = round(level / most * frame.bars * 8) if most else 0
        for row in range(frame.bars):
            part = min(max((eighths if level else 0) - 8 * (frame.bars - 1 - row), 0), 8)
            if part:
                cells[top + row, frame.left + column] = (glyphs[part], style)
    words = f" {figures.number(most)} {'text' if most == 1 else 'texts'}"
    label = next((text for text in (words, f" {figures.number(most)}") if len(text) <= frame.right), "")
    write(cells, top, frame.left + window.columns, label, ink(palette.SECOND))


def times(cells: Cells, chart: Chart) -> None:
    """Write the time of day below, where it is known."""
    frame = chart.frame
    if not chart.now_s and chart.history.newest_s is None:
        return
    for column, text in time_ticks(frame.window, _TICKS_APART[0]):
        if column + len(text) < frame.window.columns + frame.right:
            write(cells, frame.height - 1, frame.left + column, f"╵{text}", ink(palette.QUIET))


def axes(cells: Cells, chart: Chart, scale: Scale | None) -> None:
    """Write the axes on both sides; without a scale there is no price."""
    frame = chart.frame
    if frame.left:
        for value, text in ((1.0, "+1"), (0.0, " 0"), (-1.0, "−1")):
            write(cells, MOOD_SCALE.row(value, frame.rows) + 1, 0, text, ink(palette.ACCENT))
    if scale is None:
        return
    at = frame.left + frame.window.columns
    for row, value in scale.ticks(frame.rows, _TICKS_APART[1]):
        _label(cells, row, at, " ", value, frame, ink(palette.QUIET))
    last = chart.history.prices[-1] if chart.history.prices else None
    if last and 0 <= (row := scale.row(last.value, frame.rows)) < frame.rows:
        _label(cells, row, at, "◂", last.value, frame, ink(palette.TEXT, True))


def _label(cells: Cells, row: int, at: int, sign: str, value: float, frame: Frame, style: Style) -> None:
    for column in range(frame.right):
        cells.pop((row + 1, at + column), None)
    write(cells, row + 1, at, f"{sign}{figures.price(value)}"[: frame.right], style)
