"""Dots on a grid of characters: thin lines in braille, or in half blocks where a terminal has no braille.

Layers are drawn one over another; a character shows the dots of the topmost layer that has any there, so every line keeps its own
colour where two meet. It is small because it has to be fast: the libraries for this were measured on two lines of 1,200 points and
drew them in 227 ms (textual-plot 0.10, 200x60) and in 53 ms (plotext 6.1, a quarter of that), numpy's import beside; here it is a
few milliseconds.
"""

from __future__ import annotations

import functools
import locale
import os
from collections.abc import Mapping
from typing import Final, TypeAlias

import msgspec

Layer: TypeAlias = dict[tuple[int, int], int]
"""Bits of dots, by row and column of characters."""


class Dots(msgspec.Struct, frozen=True):
    """How a character is divided."""

    across: int
    down: int
    bits: tuple[tuple[int, ...], ...]
    """Of each dot: by column, then by row from the top."""
    glyphs: tuple[str, ...]
    """By the bits that are set."""


BRAILLE: Final = Dots(2, 4, ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80)), tuple(chr(0x2800 + bits) for bits in range(256)))
BLOCKS: Final = Dots(1, 2, ((1, 2),), (" ", "▀", "▄", "█"))
"""What even the console of Linux has."""
_WITHOUT_BRAILLE: Final = frozenset({"linux", "vt100", "vt102", "vt220", "cons25"})
"""Terminals whose fonts have none."""


def by_terminal(environment: Mapping[str, str] = os.environ, encoding: str | None = None) -> Dots:
    """Choose by the name of the terminal and its encoding.

    >>> by_terminal({"TERM": "xterm-256color"}, "utf-8") is BRAILLE, by_terminal({"TERM": "linux"}, "utf-8") is BLOCKS
    (True, True)
    """
    if environment.get("TERM", "") in _WITHOUT_BRAILLE:
        return BLOCKS
    said = (encoding or locale.getpreferredencoding(False)).lower().replace("-", "")
    return BRAILLE if said == "utf8" else BLOCKS


@functools.cache
def _masks(dots: Dots) -> list[list[list[int]]]:
    """Give the bits of an upright within a character, by its column of dots, its first and its last row."""
    return [[[sum(bits[first : last + 1]) for last in range(dots.down)] for first in range(dots.down)] for bits in dots.bits]


class Dash(msgspec.Struct, frozen=True):
    """Which dots of a line are drawn, so that lines differ by more than their colour."""

    drawn: int
    every: int

    def has(self, x: int) -> bool:
        """Say whether it is drawn at a column of dots."""
        return x % self.every < self.drawn


SOLID: Final = Dash(1, 1)
DASHED: Final = Dash(5, 8)
DOTTED: Final = Dash(1, 3)
SPARSE: Final = Dash(1, 6)


class Canvas:
    """A grid of `width` × `height` characters; dots are counted from the left and from the top."""

    def __init__(self, width: int, height: int, dots: Dots = BRAILLE) -> None:
        """Start empty."""
        self.width, self.height, self.dots = width, height, dots
        self.columns, self.rows = width * dots.across, height * dots.down
        self._masks = _masks(dots)

    def layer(self) -> Layer:
        """Give an empty layer."""
        return {}

    def upright(self, layer: Layer, x: int, top: int, bottom: int) -> None:
        """Draw the dots of one column from `top` to `bottom`; what lies outside is left out."""
        if not 0 <= x < self.columns:
            return
        down, masks = self.dots.down, self._masks[x % self.dots.across]
        column, top, bottom = x // self.dots.across, max(top, 0), min(bottom, self.rows - 1)
        first, last = top // down, bottom // down
        for row in range(first, last + 1):
            cell = (row, column)
            begin, end = top - first * down if row == first else 0, bottom - last * down if row == last else down - 1
            layer[cell] = layer.get(cell, 0) | masks[begin][end]

    def line(self, layer: Layer, points: list[tuple[int, int]], dash: Dash = SOLID) -> None:
        """Join dots, rising in x, by a line of one dot's thickness that has no holes."""
        reach: dict[int, tuple[int, int]] = {}
        x0, y0 = points[0]
        for x1, y1 in points:
            wide, before = x1 - x0, y0
            for x in range(max(x0, 0), min(x1, self.columns - 1) + 1):
                # A steep step is an upright that ends half way to the next column, where the next begins one dot further.
                after = y1 if x == x1 else y0 + int((x - x0 + 0.5) * (y1 - y0) / wide)
                begin = before if x == x0 or before == after else before + (1 if after > before else -1)
                low, high = (begin, after) if begin < after else (after, begin)
                known = reach.get(x)
                if known is not None:
                    low, high = known[0] if known[0] < low else low, known[1] if known[1] > high else high
                reach[x] = (low, high)
                before = after
            x0, y0 = x1, y1
        for x, (top, bottom) in reach.items():
            if dash.has(x):
                self.upright(layer, x, top, bottom)

    def glyph(self, bits: int) -> str:
        """Give the character of some dots."""
        return self.dots.glyphs[bits]
