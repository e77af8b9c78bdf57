"""The chart of one symbol, as pieces of text: price or candles, VWAP with its band, mood on an axis of its own, texts as bars, alerts
and gaps, over one time.

Pure: what is known, what is looked at and a size in, lines out. What lies over what is one list here (`_plot`); how a line becomes
dots is `tui/canvas.py`, which part of the past is seen is `tui/ranges.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rich.style import Style

from tui import palette
from tui.candles import candle_cells
from tui.canvas import DASHED, DOTTED, SOLID, SPARSE, Canvas, Dash, Layer
from tui.frame import MOOD_SCALE, Cells, Chart, Frame, Line, Piece, ink, mark_of
from tui.history import Hole, Point
from tui.margins import alerts, axes, bars, times
from tui.ranges import Scale, Window, scale_of

_LEAST_ROWS: Final = 3
_HATCH: Final = "░"
_MARK_EVERY: Final = 2
"""Dots from one to the next of the upright under an alert."""
_PLAIN: Final = Style()
_CROSSHAIR: Final = Style(bgcolor=palette.CURSOR)


def draw(chart: Chart) -> list[Line]:
    """Draw it: `height` lines of `width` columns; fewer where there is no room at all."""
    frame, window = chart.frame, chart.frame.window
    if frame.height < _LEAST_ROWS or frame.width - frame.left - frame.right < _LEAST_ROWS:
        return []
    scale = _price_scale(chart)
    cells: Cells = {}
    alerts(cells, chart)
    if scale is not None:
        _plot(cells, chart, scale)
    bars(cells, chart)
    times(cells, chart)
    axes(cells, chart, scale)
    if chart.cursor_s is not None and 0 <= (column := window.column(chart.cursor_s)) < window.columns:
        for row in range(frame.height - 1):
            glyph, style = cells.get((row, frame.left + column), (" ", ink(palette.TEXT)))
            cells[row, frame.left + column] = (glyph, style + _CROSSHAIR) if glyph != " " else ("│", ink(palette.ACCENT))
    return list(_assembled(cells, frame))


def _plot(cells: Cells, chart: Chart, scale: Scale) -> None:
    """Put the layers over each other, the lowest first."""
    frame, history = chart.frame, chart.history
    canvas = Canvas(frame.window.columns, frame.rows, chart.dots)
    _holes(cells, chart)
    if frame.left:
        zero = MOOD_SCALE.row(0.0, canvas.rows)
        _layer(cells, chart, canvas, [[(0, zero), (canvas.columns - 1, zero)]], SPARSE, palette.PANEL)
    for mark in history.marks:
        x = frame.window.column(mark.at_s, canvas.dots.across)
        layer = canvas.layer()
        for y in range(0, canvas.rows, _MARK_EVERY):
            canvas.upright(layer, x, y, y)
        _put(cells, chart, canvas, layer, mark_of(mark)[1])
    middle, edges = _band(chart, canvas, scale)
    _layer(cells, chart, canvas, edges, SPARSE, palette.QUIET)
    _layer(cells, chart, canvas, middle, DOTTED, palette.SECOND)
    moods = history.moods
    if moods and history.is_mood_known:
        moods = (*moods, Point(max(chart.now_s, moods[-1].at_s), moods[-1].value, chart.now_s))
    if frame.left:
        _layer(cells, chart, canvas, _lines(moods, frame.window, canvas, MOOD_SCALE), DASHED, palette.ACCENT)
    if chart.is_candles:
        for (row, column), glyph, is_up in candle_cells(history.candles, frame.window, scale, frame.rows):
            cells[row + 1, column + frame.left] = (glyph, ink(palette.UP if is_up else palette.DOWN))
    _layer(cells, chart, canvas, _lines(_lined(chart), frame.window, canvas, scale), SOLID, palette.TEXT)


def _lined(chart: Chart) -> Sequence[Point]:
    """Give the prices that are drawn as a line: before the first candle, too, where the windows of then were never heard of."""
    prices, candles = chart.history.prices, chart.history.candles
    if not chart.is_candles:
        return prices
    return [price for price in prices if price.at_s <= candles[0].start_s] if candles else prices


def _layer(cells: Cells, chart: Chart, canvas: Canvas, lines: Sequence[list[tuple[int, int]]], dash: Dash, colour: str) -> None:
    layer = canvas.layer()
    for line in lines:
        canvas.line(layer, line, dash)
    _put(cells, chart, canvas, layer, colour)


def _put(cells: Cells, chart: Chart, canvas: Canvas, layer: Layer, colour: str) -> None:
    style, left, glyphs = ink(colour), chart.frame.left, canvas.dots.glyphs
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
        style = ink(palette.QUIET if hole.is_repaired else palette.WARNING)
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


def _price_scale(chart: Chart) -> Scale | None:
    """Fit what is seen; where nothing is, what was known last."""
    window = chart.frame.window
    values = [point.value for point in _seen(_lined(chart), window)]
    if chart.is_candles:
        seen = [candle for candle in chart.history.candles if candle.end_s > window.start_s and candle.start_s < window.end_s]
        values += [value for candle in seen for value in (candle.low, candle.high)]
    values = values or [point.value for point in chart.history.prices[-1:]]
    return scale_of(min(values), max(values)) if values else None


def _assembled(cells: Cells, frame: Frame) -> Iterator[Line]:
    rows: list[list[tuple[int, Piece]]] = [[] for _ in range(frame.height)]
    for (row, column), piece in cells.items():
        if 0 <= row < frame.height and 0 <= column < frame.width:
            rows[row].append((column, piece))
    for row_cells in rows:
        line: Line = []
        end, text, style_now = 0, "", _PLAIN
        for column, (glyph, style) in sorted(row_cells, key=_column):
            # Blanks have no ink, so they go with what is before them, unless that has a ground.
            if style is not style_now or (column > end and style_now.bgcolor):
                blanks = " " * (column - end)
                if style_now.bgcolor:
                    line += [(text, style_now), (blanks, _PLAIN)] if blanks else [(text, style_now)]
                elif text or blanks:
                    line.append((text + blanks, style_now))
                text, style_now = "", style
            else:
                text += " " * (column - end)
            text += glyph
            end = column + 1
        rest = " " * (frame.width - end)
        line += [(text, style_now), (rest, _PLAIN)] if style_now.bgcolor else [(text + rest, style_now)]
        yield line


def _column(cell: tuple[int, Piece]) -> int:
    return cell[0]
