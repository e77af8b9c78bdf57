"""The chart of one symbol, as pieces of text: price or candles, VWAP with its band, mood on an axis of its own, texts as bars, alerts
and gaps, over one time.

Pure: what is known, what is looked at and a size in, lines out. What lies over what is one list here (`_plot`); how a line becomes
dots is `tui/canvas.py`, which part of the past is seen is `tui/ranges.py`.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

import msgspec
from rich.style import Style

from tui import figures, palette
from tui.candles import candle_cells
from tui.canvas import BRAILLE, DASHED, DOTTED, SOLID, SPARSE, Canvas, Dash, Dots, Layer
from tui.history import History, Hole, Mark, Point
from tui.ranges import Scale, View, Window, scale_of, time_ticks, window_of

Piece: TypeAlias = tuple[str, Style]
Line: TypeAlias = list[Piece]
Cells: TypeAlias = dict[tuple[int, int], Piece]
"""By row and column of characters."""

MARKS: Final = {"critical": ("■", palette.CRITICAL), "warning": ("◆", palette.WARNING), "info": ("●", palette.SECOND)}
_UNMARKED: Final = ("○", palette.TEXT)
_MOOD_AXIS: Final = 3
"""Columns of the axis of the mood."""
_MOOD_FROM: Final = 40
"""Columns from which there is room for it."""
_MOOD_SCALE: Final = Scale(-1.0, 1.0)
_BARS: Final = ((28, 4), (18, 3), (12, 2), (8, 1))
"""Height of the chart from which the bars have so many rows."""
_LEAST_ROWS: Final = 3
_TICKS_APART: Final = (14, 4)
"""Columns and rows from one label to the next, at least."""
_EIGHTHS: Final = " ▁▂▃▄▅▆▇█"
_HALVES: Final = "  ▄▄▄▄███"
_HATCH: Final = "░"
_MARK_EVERY: Final = 2
"""Dots from one to the next of the upright under an alert."""
_NAME_ROOM: Final = 4
"""Columns that must be left for the name of a rule to be begun."""


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


def draw(chart: Chart) -> list[Line]:
    """Draw it: `height` lines of `width` columns; fewer where there is no room at all."""
    frame, window = chart.frame, chart.frame.window
    if frame.height < _LEAST_ROWS or frame.width - frame.left - frame.right < _LEAST_ROWS:
        return []
    scale = _price_scale(chart)
    cells: Cells = {}
    _alerts(cells, chart)
    if scale is not None:
        _plot(cells, chart, scale)
    _bars(cells, chart)
    _times(cells, chart)
    _axes(cells, chart, scale)
    if chart.cursor_s is not None and 0 <= (column := window.column(chart.cursor_s)) < window.columns:
        for row in range(frame.height - 1):
            glyph, style = cells.get((row, frame.left + column), (" ", _ink(palette.TEXT)))
            cells[row, frame.left + column] = (glyph, style + _CROSSHAIR) if glyph != " " else ("│", _ink(palette.ACCENT))
    return list(_assembled(cells, frame))


def _plot(cells: Cells, chart: Chart, scale: Scale) -> None:
    """Put the layers over each other, the lowest first."""
    frame, history = chart.frame, chart.history
    canvas = Canvas(frame.window.columns, frame.rows, chart.dots)
    _holes(cells, chart)
    if frame.left:
        zero = _MOOD_SCALE.row(0.0, canvas.rows)
        _layer(cells, chart, canvas, [[(0, zero), (canvas.columns - 1, zero)]], SPARSE, palette.PANEL)
    for mark in history.marks:
        x = frame.window.column(mark.at_s, canvas.dots.across)
        layer = canvas.layer()
        for y in range(0, canvas.rows, _MARK_EVERY):
            canvas.upright(layer, x, y, y)
        _put(cells, chart, canvas, layer, _mark(mark)[1])
    middle, edges = _band(chart, canvas, scale)
    _layer(cells, chart, canvas, edges, SPARSE, palette.QUIET)
    _layer(cells, chart, canvas, middle, DOTTED, palette.SECOND)
    moods = history.moods
    if moods and history.is_mood_known:
        moods = (*moods, Point(max(chart.now_s, moods[-1].at_s), moods[-1].value, chart.now_s))
    if frame.left:
        _layer(cells, chart, canvas, _lines(moods, frame.window, canvas, _MOOD_SCALE), DASHED, palette.ACCENT)
    if chart.is_candles:
        for (row, column), glyph, is_up in candle_cells(history.candles, frame.window, scale, frame.rows):
            cells[row + 1, column + frame.left] = (glyph, _ink(palette.UP if is_up else palette.DOWN))
    else:
        _layer(cells, chart, canvas, _lines(history.prices, frame.window, canvas, scale), SOLID, palette.TEXT)


def _layer(cells: Cells, chart: Chart, canvas: Canvas, lines: Sequence[list[tuple[int, int]]], dash: Dash, colour: str) -> None:
    layer = canvas.layer()
    for line in lines:
        canvas.line(layer, line, dash)
    _put(cells, chart, canvas, layer, colour)


def _put(cells: Cells, chart: Chart, canvas: Canvas, layer: Layer, colour: str) -> None:
    style, left, glyphs = _ink(colour), chart.frame.left, canvas.dots.glyphs
    for (row, column), bits in layer.items():
        cells[row + 1, column + left] = (glyphs[bits], style)


def _lines(points: Sequence[Point], window: Window, canvas: Canvas, scale: Scale) -> list[list[tuple[int, int]]]:
    """Turn points into lines of dots; a hole begins a new one. Of what lies outside, only the nearest point on each side is needed."""
    lines: list[list[tuple[int, int]]] = []
    before: Point | None = None
    for point in _seen(points, window):
        if before is None or point.at_s - before.at_s > point.hole_s:
            lines.append([])
        lines[-1].append((window.column(point.at_s, canvas.dots.across), scale.row(point.value, canvas.rows)))
        before = point
    return lines


def _seen(points: Sequence[Point], window: Window) -> Sequence[Point]:
    inside = [index for index, point in enumerate(points) if window.start_s <= point.at_s <= window.end_s]
    if inside:
        return points[max(inside[0] - 1, 0) : inside[-1] + 2]
    around = sum(point.at_s < window.start_s for point in points)
    return points[around - 1 : around + 1] if 0 < around < len(points) else ()


def _band(chart: Chart, canvas: Canvas, scale: Scale) -> tuple[list[list[tuple[int, int]]], list[list[tuple[int, int]]]]:
    """Give the VWAP of each window as a level, and one standard deviation of its prices above and below."""
    middle: list[list[tuple[int, int]]] = []
    edges: list[list[tuple[int, int]]] = []
    window = chart.frame.window
    for candle in chart.history.candles:
        if candle.vwap is None or candle.end_s <= window.start_s or candle.start_s >= window.end_s:
            continue
        ends = window.column(candle.start_s, canvas.dots.across), window.column(candle.end_s, canvas.dots.across) - 1
        for value, lines in ((candle.vwap, middle), (candle.vwap - candle.deviation, edges), (candle.vwap + candle.deviation, edges)):
            row = scale.row(value, canvas.rows)
            if 0 <= row < canvas.rows:
                lines.append([(ends[0], row), (max(ends), row)])
    return middle, edges


def _holes(cells: Cells, chart: Chart) -> None:
    """Hatch what is missing: all of it where it is still, the lowest row where it was fetched after all."""
    frame = chart.frame
    for first, last, hole in _spans(chart):
        style = _ink(palette.QUIET if hole.is_repaired else palette.WARNING)
        for column in range(first, last + 1):
            for row in range(frame.rows - 1 if hole.is_repaired else 0, frame.rows):
                if hole.is_repaired or (row + column) % 2 == 0:
                    cells[row + 1, column + frame.left] = ("~" if hole.is_repaired else _HATCH, style)


def _spans(chart: Chart) -> Iterator[tuple[int, int, Hole]]:
    window = chart.frame.window
    for hole in chart.history.holes:
        end_s = chart.now_s if hole.end_s is None else hole.end_s
        first, last = window.column(hole.start_s), window.column(end_s)
        if last >= 0 and first < window.columns:
            yield max(first, 0), min(max(last, first), window.columns - 1), hole


def _alerts(cells: Cells, chart: Chart) -> None:
    """Mark each alert above the plot, with its name as far as there is room until the next."""
    frame, window = chart.frame, chart.frame.window
    seen = {window.column(mark.at_s): mark for mark in chart.history.marks if 0 <= window.column(mark.at_s) < window.columns}
    for (column, mark), after in zip(seen.items(), [*seen, window.columns][1:], strict=True):
        glyph, colour = _mark(mark)
        cells[0, frame.left + column] = (glyph, _ink(colour, True))
        room = after - column - 3
        if room >= _NAME_ROOM:
            name = figures.clean(mark.rule)[:room]
            for offset, letter in enumerate(figures.fit(name, min(len(name), room))):
                cells[0, frame.left + column + 2 + offset] = (letter, _ink(palette.QUIET))


def _mark(mark: Mark) -> tuple[str, str]:
    glyph, colour = MARKS.get(mark.severity, _UNMARKED)
    return glyph, palette.QUIET if mark.is_over else colour


def _bars(cells: Cells, chart: Chart) -> None:
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
    glyphs, style = _EIGHTHS if chart.dots is BRAILLE else _HALVES, _ink(palette.SECOND)
    top = frame.rows + 1
    for column, level in enumerate(levels):
        eighths = round(level / most * frame.bars * 8) if most else 0
        for row in range(frame.bars):
            part = min(max((eighths if level else 0) - 8 * (frame.bars - 1 - row), 0), 8)
            if part:
                cells[top + row, frame.left + column] = (glyphs[part], style)
    _write(cells, top, frame.left + window.columns, f" {figures.number(most)} N"[: frame.right], _ink(palette.SECOND))


def _times(cells: Cells, chart: Chart) -> None:
    frame = chart.frame
    for column, text in time_ticks(frame.window, _TICKS_APART[0]):
        if column + len(text) < frame.window.columns + frame.right:
            _write(cells, frame.height - 1, frame.left + column, f"╵{text}", _ink(palette.QUIET))


def _axes(cells: Cells, chart: Chart, scale: Scale | None) -> None:
    frame = chart.frame
    if frame.left:
        for value, text in ((1.0, "+1"), (0.0, " 0"), (-1.0, "−1")):
            _write(cells, _MOOD_SCALE.row(value, frame.rows) + 1, 0, text, _ink(palette.ACCENT))
    if scale is None:
        return
    at = frame.left + frame.window.columns
    for row, value in scale.ticks(frame.rows, _TICKS_APART[1]):
        _label(cells, row, at, " ", value, frame, _ink(palette.QUIET))
    last = chart.history.prices[-1] if chart.history.prices else None
    if last and 0 <= (row := scale.row(last.value, frame.rows)) < frame.rows:
        _label(cells, row, at, "◂", last.value, frame, _ink(palette.TEXT, True))


def _label(cells: Cells, row: int, at: int, sign: str, value: float, frame: Frame, style: Style) -> None:
    for column in range(frame.right):
        cells.pop((row + 1, at + column), None)
    _write(cells, row + 1, at, f"{sign}{figures.price(value)}"[: frame.right], style)


def _write(cells: Cells, row: int, column: int, text: str, style: Style) -> None:
    for offset, letter in enumerate(text):
        cells[row, column + offset] = (letter, style)


def _price_scale(chart: Chart) -> Scale | None:
    """Fit what is seen; where nothing is, what was known last."""
    window = chart.frame.window
    if chart.is_candles:
        seen = [candle for candle in chart.history.candles if candle.end_s > window.start_s and candle.start_s < window.end_s]
        if seen:
            return scale_of(min(candle.low for candle in seen), max(candle.high for candle in seen))
    values = [point.value for point in _seen(chart.history.prices, window)] or [point.value for point in chart.history.prices[-1:]]
    return scale_of(min(values), max(values)) if values else None


def _assembled(cells: Cells, frame: Frame) -> Iterator[Line]:
    rows: list[list[tuple[int, Piece]]] = [[] for _ in range(frame.height)]
    for (row, column), piece in cells.items():
        if 0 <= row < frame.height and 0 <= column < frame.width:
            rows[row].append((column, piece))
    for row_cells in rows:
        line: Line = []
        end, text, ink = 0, "", _PLAIN
        for column, (glyph, style) in sorted(row_cells, key=_column):
            # Blanks have no ink, so they go with what is before them, unless that has a ground.
            if style is not ink or (column > end and ink.bgcolor):
                blanks = " " * (column - end)
                if ink.bgcolor:
                    line += [(text, ink), (blanks, _PLAIN)] if blanks else [(text, ink)]
                elif text or blanks:
                    line.append((text + blanks, ink))
                text, ink = "", style
            else:
                text += " " * (column - end)
            text += glyph
            end = column + 1
        rest = " " * (frame.width - end)
        line += [(text, ink), (rest, _PLAIN)] if ink.bgcolor else [(text + rest, ink)]
        yield line


def _column(cell: tuple[int, Piece]) -> int:
    return cell[0]


_PLAIN: Final = Style()
_CROSSHAIR: Final = Style(bgcolor=palette.CURSOR)


@functools.cache
def _ink(colour: str, bold: bool = False) -> Style:
    return Style(color=colour, bold=bold)
