"""Small charts as SVG text: a few panels side by side, each with lines over a handful of named places.

Written by hand, because a chart of ten points is a page of markup, and a library for it would be larger than the program.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple
from xml.sax.saxutils import escape

COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""Told apart by the colour-blind too (Okabe and Ito)."""
WIDTH: Final = 460
HEIGHT: Final = 300
LEFT: Final = 62
RIGHT: Final = 16
TOP: Final = 52
BOTTOM: Final = 44
LINE: Final = 16
"""Height of a line of the legend."""
TICKS: Final = 5
STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
APART: Final = 5
"""Distance of the points of two series at one place, so that their intervals do not hide each other."""


class Series(NamedTuple):
    """One line; what is not known is NaN and leaves a hole."""

    name: str
    values: Sequence[float]
    lows: Sequence[float] = ()
    """Lower ends of intervals; empty for a line without."""
    highs: Sequence[float] = ()


class Panel(NamedTuple):
    """One chart."""

    title: str
    places: Sequence[str]
    """Names along the bottom."""
    series: Sequence[Series]


def draw(title: str, panels: Sequence[Panel]) -> str:
    """Draw panels side by side."""
    lines = max((len(panel.series) for panel in panels), default=0)
    width, height = WIDTH * max(len(panels), 1), HEIGHT + LINE * lines
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="11">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text x="16" y="20" font-size="13" font-weight="bold">{escape(title)}</text>',
    ]
    for i, panel in enumerate(panels):
        parts += [f'<g transform="translate({i * WIDTH},0)">', *_panel(panel), "</g>"]
    return "\n".join([*parts, "</svg>"]) + "\n"


def ticks(low: float, high: float) -> list[float]:
    """Give round numbers from at or below `low` to at or above `high`.

    >>> ticks(-3.2, 41)
    [-10.0, 0.0, 10.0, 20.0, 30.0, 40.0, 50.0]
    """
    rough = (high - low) / TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in STEPS if factor * power >= rough * (1 - 1e-9))
    return [i * step for i in range(math.floor(low / step), math.ceil(high / step) + 1)]


def _panel(panel: Panel) -> Iterator[str]:
    known = [value for series in panel.series for value in (*series.values, *series.lows, *series.highs) if math.isfinite(value)]
    low, high = min(known, default=0.0), max(known, default=0.0)
    marks = ticks(min(low, 0.0), max(high, 0.0) if max(high, 0.0) > min(low, 0.0) else 1.0)

    def y(value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (marks[-1] - value) / (marks[-1] - marks[0])

    yield f'<text x="{LEFT}" y="{TOP - 12}">{escape(panel.title)}</text>'
    for mark in marks:
        colour = "#555555" if mark == 0 else "#dddddd"
        yield f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(mark):.1f}" y2="{y(mark):.1f}" stroke="{colour}"/>'
        yield f'<text x="{LEFT - 6}" y="{y(mark) + 4:.1f}" text-anchor="end">{mark:.6g}</text>'
    columns = [LEFT + (WIDTH - LEFT - RIGHT) * (i + 0.5) / len(panel.places) for i in range(len(panel.places))]
    for x, place in zip(columns, panel.places, strict=True):
        yield f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{escape(place)}</text>'
    for i, series in enumerate(panel.series):
        colour = COLOURS[i % len(COLOURS)]
        shift = (i - (len(panel.series) - 1) / 2) * APART
        yield from _line(series, [x + shift for x in columns], [y(value) for value in series.values], colour)
        for x, bottom, top in zip(columns, series.lows, series.highs, strict=False):
            if math.isfinite(bottom) and math.isfinite(top):
                yield f'<line x1="{x + shift:.1f}" x2="{x + shift:.1f}" y1="{y(bottom):.1f}" y2="{y(top):.1f}" stroke="{colour}"/>'
        legend = HEIGHT + LINE * i
        yield f'<rect x="{LEFT}" y="{legend - 9}" width="10" height="10" fill="{colour}"/>'
        yield f'<text x="{LEFT + 16}" y="{legend}">{escape(series.name)}</text>'


def _line(series: Series, columns: Sequence[float], heights: Sequence[float], colour: str) -> Iterator[str]:
    """Join neighbours that are both known, and mark each point with its value."""
    points = [(x, y, value) for x, y, value in zip(columns, heights, series.values, strict=True)]
    for (x1, y1, first), (x2, y2, second) in itertools.pairwise(points):
        if math.isfinite(first) and math.isfinite(second):
            yield f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="1.5"/>'
    for x, y, value in points:
        if math.isfinite(value):
            name = escape(f"{series.name}: {value:.6g}")
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"><title>{name}</title></circle>'
