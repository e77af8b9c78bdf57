"""One line that says which line of the chart is which, and the value of each under the crosshair or, without one, of now.

No number stands without its age: under the crosshair all are of the instant it names, else each says how old it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.cells import cell_len
from rich.style import Style

from tui import figures, palette
from tui.frame import MARKS, Chart, Line
from tui.history import Point, latest_before
from tui.ranges import time_text

_GAP: Final = "   "
_STALE_S: Final = 30.0
"""As in `tui/readings.py`."""
_QUIET: Final = Style(color=palette.QUIET)


def readout(chart: Chart, width: int) -> Line:
    """Write it in `width` columns; what does not fit is left out from the right."""
    # Rows may be ahead of what the sources last said of the time.
    at_s = max(chart.now_s, chart.history.newest_s or 0.0) if chart.cursor_s is None else chart.cursor_s
    line: Line = []
    used = 0
    for part in _parts(chart, at_s):
        long = sum(cell_len(text) for text, _ in part) + (len(_GAP) if line else 0)
        if used + long > width:
            break
        line += [(_GAP, _QUIET), *part] if line else part
        used += long
    return [*line, (" " * (width - used), _QUIET)]


def _parts(chart: Chart, at_s: float) -> Iterator[Line]:
    history, is_held = chart.history, chart.cursor_s is not None
    if is_held:
        ago = figures.age(max(chart.now_s - at_s, 0.0))
        yield [(f"│ {time_text(at_s)}", Style(color=palette.ACCENT, bold=True)), (f" {ago} ago", _QUIET)]
    candle = next((candle for candle in reversed(history.candles) if candle.start_s <= at_s < candle.end_s), None)
    if candle is None and not is_held and history.candles:
        candle = history.candles[-1]
    if chart.is_candles and candle is not None:
        values = ((" o ", candle.open), (" h ", candle.high), (" l ", candle.low), (" c ", candle.close))
        numbers = [piece for name, value in values for piece in ((name, _QUIET), (figures.price(value), Style(color=palette.TEXT)))]
        is_up = candle.close >= candle.open
        yield [("▒" if is_up else "█", Style(color=palette.UP if is_up else palette.DOWN)), *numbers, _age(chart, candle.end_s)]
    price = latest_before(history.prices, at_s)
    if not chart.is_candles or is_held:
        yield _value(
            chart, "━", "price", figures.price(_known(price, at_s) if is_held else price.value if price else None), palette.TEXT, price
        )
    for mark in history.marks:
        if is_held and chart.frame.window.column(mark.at_s) == chart.frame.window.column(at_s):
            glyph, colour = MARKS.get(mark.severity, ("○", palette.TEXT))
            yield [(f"{glyph} {figures.clean(mark.rule)}", Style(color=colour, bold=True))]
    for hole in history.holes:
        if is_held and hole.start_s <= at_s <= (chart.now_s if hole.end_s is None else hole.end_s):
            words = "repaired" if hole.is_repaired else "missing"
            yield [(f"{'~' if hole.is_repaired else '░'} {words}: {figures.clean(hole.reason)}", Style(color=palette.WARNING))]
    if chart.frame.left:
        mood = latest_before(history.moods, at_s)
        yield _value(chart, "╍", "mood", figures.signed(mood.value if mood else None), palette.ACCENT, mood)
    if history.counts:
        count = latest_before(history.counts, at_s)
        yield _value(chart, "▅", "texts", figures.number(count.value if count else None), palette.SECOND, count)
    if candle is not None and candle.vwap is not None:
        spread = Point(candle.end_s, candle.vwap)
        yield _value(chart, "┈", "VWAP", f"{figures.price(candle.vwap)} ±{figures.number(candle.deviation)}", palette.SECOND, spread)


def _known(price: Point | None, at_s: float) -> float | None:
    """A price that is older than a hole says nothing of this instant; without a crosshair it says how old it is itself."""
    return price.value if price and at_s - price.at_s <= price.hole_s else None


def _value(chart: Chart, sign: str, name: str, text: str, colour: str, point: Point | None) -> Line:
    is_old = chart.cursor_s is None and (point is None or chart.now_s - point.at_s > _STALE_S)
    ink = _QUIET if is_old or text == figures.UNKNOWN else Style(color=palette.TEXT)
    line = [(f"{sign} ", Style(color=colour)), (f"{name} ", _QUIET), (text, ink)]
    return [*line, _age(chart, point.at_s)] if point else line


def _age(chart: Chart, at_s: float) -> tuple[str, Style]:
    """Under the crosshair the instant has been said already."""
    return ("" if chart.cursor_s is not None else f" {figures.age(max(chart.now_s - at_s, 0.0))}", _QUIET)
