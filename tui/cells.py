"""How each number of a symbol is drawn in its cell: with sign, unit and mark, in the colour of what it says, dim where it is no news.

Pure: readings and a width in, pieces of text out. A cell is plain pieces and not a `rich.text.Text`, because hundreds of them are drawn
ten times a second.
"""

from __future__ import annotations

import functools
from datetime import datetime
from typing import Final, TypeAlias

import msgspec
from rich.style import Style

from tui import figures, palette
from tui.readings import Reading, SymbolReadings

_HALF_BAR: Final = 3
_COMPLETE: Final = "complete"
_WHOLE: Final = "✓"
_MANY: Final = 4.0
"""Standard deviations from which a number is worth a look."""

Piece: TypeAlias = tuple[str, Style]
Line: TypeAlias = list[Piece]


class Moment(msgspec.Struct, frozen=True):
    """What a cell is drawn against."""

    now: datetime | None
    """Time on the tape."""
    live: bool
    """False while the feed is lost: then nothing is news."""
    height: int = 1
    """Lines of one symbol."""


@functools.cache
def _ink(colour: str, bold: bool = False) -> Style:
    return Style(color=colour, bold=bold)


def _tint(reading: Reading, moment: Moment, colour: str = palette.TEXT) -> str:
    """Dim what is not news."""
    return palette.QUIET if reading.value is None or not moment.live or reading.is_stale(moment.now) else colour


def _cell(text: str, width: int, colour: str, *, bold: bool = False, right: bool = True) -> list[Line]:
    return [[(figures.fit(text, width, right=right), _ink(colour, bold))]]


def quality(completeness: str) -> tuple[str, str]:
    """Give the mark of how whole the data is, and its colour; a blank while nothing is known.

    >>> [quality(text)[0] for text in ("complete", "repaired(12)", "open_gap(1)", "")]
    ['✓', '~', '!', ' ']
    """
    if completeness in ("", _COMPLETE):
        return _WHOLE if completeness else " ", palette.QUIET
    return ("~", palette.SECOND) if completeness.startswith("repaired") else ("!", palette.WARNING)


def is_whole(completeness: str) -> bool:
    """Say whether nothing is known to be missing or repaired."""
    return completeness in ("", _COMPLETE)


def quality_words(completeness: str) -> str:
    """Say how whole the data is.

    >>> [quality_words(text) for text in ("complete", "repaired(12)", "open_gap(1)", "")]
    ['whole', '12 fixed', '1 gap', '–']
    """
    kind, _, many = completeness.partition("(")
    words = {"": figures.UNKNOWN, _COMPLETE: "whole", "repaired": f"{many.rstrip(')')} fixed"}
    return figures.clean(words.get(kind, f"{many.rstrip(')')} gap"))


def symbol(row: SymbolReadings, _moment: Moment, width: int) -> list[Line]:
    """The name, and the mark of how whole its data is: it must show at any width."""
    mark, colour = quality(row.completeness)
    return [[(figures.fit(figures.clean(row.symbol), width - 2), _ink(palette.SECOND, True)), (f" {mark}", _ink(colour, True))]]


def last(row: SymbolReadings, moment: Moment, width: int) -> list[Line]:
    """Write the last price."""
    return _cell(figures.price(row.last.value), width, _tint(row.last, moment), bold=True)


def _signed(reading: Reading, moment: Moment, width: int) -> list[Line]:
    colour = (palette.TEXT, palette.UP, palette.DOWN)[figures.direction(reading.value)]
    return _cell(figures.signed_percent(reading.value), width, _tint(reading, moment, colour))


def change(row: SymbolReadings, moment: Moment, width: int) -> list[Line]:
    """Write the change."""
    return _signed(row.change, moment, width)


def distance(row: SymbolReadings, moment: Moment, width: int) -> list[Line]:
    """Write how far the price is from the VWAP."""
    return _signed(row.vwap_distance, moment, width)


def vwap(row: SymbolReadings, moment: Moment, width: int) -> list[Line]:
    """Write the VWAP."""
    return _cell(figures.price(row.vwap.value), width, _tint(row.vwap, moment))


def spread(row: SymbolReadings, moment: Moment, width: int) -> list[Line]:
    """Write the spread."""
    value = row.spread_bps.value
    return _cell(figures.UNKNOWN if value is None else figures.basis_points(value), width, _tint(row.spread_bps, moment))


def imbalance(row: SymbolReadings, moment: Moment, width: int) -> list[Line]:
    """Write the imbalance, and draw it as a bar from the middle."""
    reading = row.imbalance
    left, right = figures.balance(reading.value, _HALF_BAR)
    number = figures.fit(figures.signed(reading.value), width - 2 * _HALF_BAR - 2, right=True)
    return [
        [
            (f"{number} ", _ink(_tint(reading, moment))),
            (left, _ink(_tint(reading, moment, palette.DOWN))),
            ("│", _ink(palette.QUIET)),
            (right, _ink(_tint(reading, moment, palette.UP))),
        ]
    ]


def volatility_1m(row: SymbolReadings, moment: Moment, width: int) -> list[Line]:
    """Write the volatility of a minute."""
    return _cell(figures.percent(row.volatility.value), width, _tint(row.volatility, moment))


def volatility_5m(row: SymbolReadings, moment: Moment, width: int) -> list[Line]:
    """Write that of five."""
    return _cell(figures.percent(row.volatility_5m.value), width, _tint(row.volatility_5m, moment))


def volatility_15m(row: SymbolReadings, moment: Moment, width: int) -> list[Line]:
    """Write that of fifteen."""
    return _cell(figures.percent(row.volatility_15m.value), width, _tint(row.volatility_15m, moment))


def drawdown(row: SymbolReadings, moment: Moment, width: int) -> list[Line]:
    """Write the drawdown."""
    return _cell(figures.percent(row.drawdown.value, 2), width, _tint(row.drawdown, moment))


def hype(row: SymbolReadings, moment: Moment, width: int) -> list[Line]:
    """Write how far the crowd is from its habit; far is marked."""
    value = row.hype_z.value
    loud = value is not None and abs(value) >= _MANY
    text = f"{'!' if loud else ''}{figures.signed(value, 1)}"
    return _cell(text, width, _tint(row.hype_z, moment, palette.WARNING if loud else palette.TEXT), bold=loud)


def age(row: SymbolReadings, moment: Moment, width: int) -> list[Line]:
    """Write how old the last trade is."""
    stale = row.last.is_stale(moment.now) and row.last.at is not None
    return _cell(figures.age(row.last.age_s(moment.now)), width, palette.WARNING if stale and moment.live else palette.QUIET)


def data(row: SymbolReadings, _moment: Moment, width: int) -> list[Line]:
    """Say how whole the data is."""
    return _cell(quality_words(row.completeness), width, quality(row.completeness)[1], right=False)


def trend(row: SymbolReadings, moment: Moment, width: int) -> list[Line]:
    """Draw the prices, as many lines as a symbol has."""
    if not row.line:
        return _cell(figures.UNKNOWN, width, palette.QUIET)
    change = row.line[-1] / row.line[0] - 1 if row.line[0] else 0.0
    colour = _tint(row.last, moment, (palette.QUIET, palette.UP, palette.DOWN)[figures.direction(change)])
    return [[(figures.fit(text, width, right=True), _ink(colour))] for text in _curve(row.line, width, moment.height)]


@functools.lru_cache(maxsize=1024)
def _curve(line: tuple[float, ...], width: int, height: int) -> list[str]:
    return [figures.sparkline(line, width)] if height == 1 else figures.curve(line, width, height)
