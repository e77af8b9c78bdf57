"""The columns of the watch list: what each says, how it is drawn and sorted, and which go first when the screen is narrow.

Pure: readings and a width in, pieces of text out; the list on the screen, its plain twin (`--print`) and the help are all made from
here. A cell is plain pieces and not a `rich.text.Text`, because hundreds of them are drawn twenty times a second.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Final, TypeAlias

import msgspec
from rich.style import Style
from rich.text import Text

from tui import figures, palette
from tui.readings import Reading, SymbolReadings

_GAP: Final = "  "
"""Between two columns."""
_TREND_MINIMUM: Final = 8
_TREND_MAXIMUM: Final = 120
_HALF_BAR: Final = 3
_COMPLETE: Final = "complete"
_WHOLE: Final = "✓"
_MANY: Final = 4.0
"""Standard deviations from which a number is worth a look."""

Piece: TypeAlias = tuple[str, Style]
Line: TypeAlias = list[Piece]
Sorted: TypeAlias = float | str | None
"""What a column is sorted by; None goes last."""


class Moment(msgspec.Struct, frozen=True):
    """What a cell is drawn against."""

    now: datetime | None
    """Time on the tape."""
    live: bool
    """False while the feed is lost: then nothing is news."""
    height: int = 1
    """Lines of one symbol."""


class Column(msgspec.Struct, frozen=True):
    """One column."""

    name: str
    """By which it is remembered."""
    title: str
    width: int
    """0 for what the others leave."""
    rank: int
    """The highest go first when there is no room."""
    meaning: str
    """For the help, one line."""
    draw: Callable[[SymbolReadings, Moment, int], list[Line]]
    order: Callable[[SymbolReadings], Sorted]
    right: bool = True
    """Numbers stand right."""


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


def _symbol(row: SymbolReadings, _moment: Moment, width: int) -> list[Line]:
    """The name, and the mark of how whole its data is: it must show at any width."""
    mark, colour = quality(row.completeness)
    return [[(figures.fit(figures.clean(row.symbol), width - 2), _ink(palette.SECOND, True)), (f" {mark}", _ink(colour, True))]]


def _last(row: SymbolReadings, moment: Moment, width: int) -> list[Line]:
    return _cell(figures.price(row.last.value), width, _tint(row.last, moment), bold=True)


def _signed(reading: Reading, moment: Moment, width: int) -> list[Line]:
    colour = (palette.TEXT, palette.UP, palette.DOWN)[figures.direction(reading.value)]
    return _cell(figures.signed_percent(reading.value), width, _tint(reading, moment, colour))


def _change(row: SymbolReadings, moment: Moment, width: int) -> list[Line]:
    return _signed(row.change, moment, width)


def _distance(row: SymbolReadings, moment: Moment, width: int) -> list[Line]:
    return _signed(row.vwap_distance, moment, width)


def _vwap(row: SymbolReadings, moment: Moment, width: int) -> list[Line]:
    return _cell(figures.price(row.vwap.value), width, _tint(row.vwap, moment))


def _spread(row: SymbolReadings, moment: Moment, width: int) -> list[Line]:
    value = row.spread_bps.value
    return _cell(figures.UNKNOWN if value is None else figures.basis_points(value), width, _tint(row.spread_bps, moment))


def _imbalance(row: SymbolReadings, moment: Moment, width: int) -> list[Line]:
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


def _volatility_1m(row: SymbolReadings, moment: Moment, width: int) -> list[Line]:
    return _cell(figures.percent(row.volatility.value), width, _tint(row.volatility, moment))


def _volatility_5m(row: SymbolReadings, moment: Moment, width: int) -> list[Line]:
    return _cell(figures.percent(row.volatility_5m.value), width, _tint(row.volatility_5m, moment))


def _volatility_15m(row: SymbolReadings, moment: Moment, width: int) -> list[Line]:
    return _cell(figures.percent(row.volatility_15m.value), width, _tint(row.volatility_15m, moment))


def _drawdown(row: SymbolReadings, moment: Moment, width: int) -> list[Line]:
    return _cell(figures.percent(row.drawdown.value, 2), width, _tint(row.drawdown, moment))


def _hype(row: SymbolReadings, moment: Moment, width: int) -> list[Line]:
    value = row.hype_z.value
    loud = value is not None and abs(value) >= _MANY
    text = f"{'!' if loud else ''}{figures.signed(value, 1)}"
    return _cell(text, width, _tint(row.hype_z, moment, palette.WARNING if loud else palette.TEXT), bold=loud)


def _age(row: SymbolReadings, moment: Moment, width: int) -> list[Line]:
    stale = row.last.is_stale(moment.now) and row.last.at is not None
    return _cell(figures.age(row.last.age_s(moment.now)), width, palette.WARNING if stale and moment.live else palette.QUIET)


def _data(row: SymbolReadings, _moment: Moment, width: int) -> list[Line]:
    return _cell(quality_words(row.completeness), width, quality(row.completeness)[1], right=False)


def _trend(row: SymbolReadings, moment: Moment, width: int) -> list[Line]:
    if not row.line:
        return _cell(figures.UNKNOWN, width, palette.QUIET)
    change = row.line[-1] / row.line[0] - 1 if row.line[0] else 0.0
    colour = _tint(row.last, moment, (palette.QUIET, palette.UP, palette.DOWN)[figures.direction(change)])
    return [[(figures.fit(text, width, right=True), _ink(colour))] for text in _curve(row.line, width, moment.height)]


@functools.lru_cache(maxsize=1024)
def _curve(line: tuple[float, ...], width: int, height: int) -> list[str]:
    return [figures.sparkline(line, width)] if height == 1 else figures.curve(line, width, height)


def columns(span: str, window_s: float | None) -> tuple[Column, ...]:
    """Give all columns, in the order they stand, for a change over `span` and trade windows of `window_s` seconds."""
    window = "" if window_s is None else f" {_length(window_s)}"
    volatility = "standard deviation of the returns of the last {}, annualised"
    return (
        Column("symbol", "Symbol", 11, 0, "the pair, and how whole its data is: ✓ ~ !", _symbol, lambda row: row.symbol, right=False),
        Column("last", "Last", 11, 1, "price of the last trade, quote currency", _last, lambda row: row.last.value),
        Column(
            "change",
            f"Change {span}",
            10,
            3,
            f"over the last {span}: the longest of 15m, 5m, 1m that every symbol has",
            _change,
            lambda row: row.change.value,
        ),
        Column("distance", "To VWAP", 9, 5, "how far the last price is from the VWAP", _distance, lambda row: row.vwap_distance.value),
        Column(
            "vwap",
            f"VWAP{window}",
            11,
            13,
            "volume-weighted average price of the newest trade window",
            _vwap,
            lambda row: row.vwap.value,
        ),
        Column(
            "spread",
            "Spread",
            9,
            6,
            "ask − bid over mid in basis points, mean of the newest window",
            _spread,
            lambda row: row.spread_bps.value,
        ),
        Column(
            "imbalance",
            "Imbalance",
            13,
            9,
            "quantity at the best bid against the best ask: −1 all ask, +1 all bid",
            _imbalance,
            lambda row: row.imbalance.value,
        ),
        Column("volatility_1m", "Vol 1m", 7, 7, volatility.format("minute"), _volatility_1m, lambda row: row.volatility.value),
        Column("volatility_5m", "Vol 5m", 7, 11, volatility.format("5 minutes"), _volatility_5m, lambda row: row.volatility_5m.value),
        Column("volatility_15m", "Vol 15m", 7, 12, volatility.format("15 minutes"), _volatility_15m, lambda row: row.volatility_15m.value),
        Column(
            "drawdown",
            "Drawdown",
            8,
            10,
            "deepest fall from a peak over the last 60 samples (30 s)",
            _drawdown,
            lambda row: row.drawdown.value,
        ),
        Column(
            "hype",
            "Hype z",
            7,
            8,
            "hype momentum of its asset against the last day, in standard deviations; !beyond 4",
            _hype,
            lambda row: row.hype_z.value,
        ),
        Column(
            "age",
            "Age",
            4,
            2,
            "how old the last trade is, on the tape; all is dim that is not news",
            _age,
            lambda row: -row.last.at.timestamp() if row.last.at else None,
        ),
        Column(
            "data",
            "Data",
            8,
            14,
            "whole, or how many trades were fixed, or how many gaps are open",
            _data,
            lambda row: row.completeness or None,
            right=False,
        ),
        Column(
            "trend",
            "Trend",
            0,
            4,
            "prices of the last 20 minutes at most, scaled to the column",
            _trend,
            lambda row: row.line[-1] / row.line[0] if row.line and row.line[0] else None,
            right=False,
        ),
    )


Layout: TypeAlias = tuple[tuple[Column, int], ...]
"""Columns that are shown, with their widths."""


def chosen(every: Sequence[Column], width: int, hidden: Collection[str] = ()) -> Layout:
    """Choose the columns that fit and their widths: the lowest ranks first, the trend takes what is left. The first always stays."""
    kept = [column for place, column in enumerate(every) if place == 0 or column.name not in hidden]
    while len(kept) > 1 and _needed(kept) > width:
        kept.remove(max(kept, key=lambda column: column.rank))
    rest = width - _needed(kept) + _TREND_MINIMUM
    return tuple((column, column.width or min(rest, _TREND_MAXIMUM)) for column in kept)


def heading(layout: Layout, sort: str = "", *, descending: bool = False) -> Text:
    """Write the titles; the one sorted by has an arrow."""
    line = Text(style=_ink(palette.QUIET))
    for place, (column, width) in enumerate(layout):
        here = column.name == sort
        title = f"{column.title}{'↓' if descending else '↑'}" if here else column.title
        if len(title) > width:
            title = title[: width - 1] + title[-1]
        line.append(_GAP if place else "")
        line.append(figures.fit(title, width, right=column.right), _ink(palette.ACCENT, True) if here else None)
    return line


def at(layout: Layout, x: int) -> Column | None:
    """Say whose cell or title is in a column of the terminal."""
    start = 0
    for column, width in layout:
        if start <= x < start + width:
            return column
        start += width + len(_GAP)
    return None


def lines(row: SymbolReadings, moment: Moment, layout: Layout, marked: str = "") -> list[Line]:
    """Write one symbol, `moment.height` lines: the trend fills them all, the rest stands in the middle one.

    The cell of the column named `marked` is underlined.
    """
    cells = [
        (_underlined(drawn) if column.name == marked else drawn, width)
        for column, width in layout
        for drawn in [column.draw(row, moment, width)]
    ]
    middle = moment.height // 2
    written: list[Line] = []
    for y in range(moment.height):
        line: Line = []
        for cell, width in cells:
            if line:
                line.append((_GAP, _PLAIN))
            if len(cell) == moment.height:
                line += cell[y]
            else:
                line += cell[0] if y == middle else [(" " * width, _PLAIN)]
        written.append(line)
    return written


_PLAIN: Final = Style()
_UNDERLINED: Final = Style(underline=True)


def _underlined(cell: list[Line]) -> list[Line]:
    return [[(text, style + _UNDERLINED) for text, style in line] for line in cell]


def as_text(written: Sequence[Line]) -> Text:
    """Give lines as Rich's text."""
    text = Text()
    for place, line in enumerate(written):
        text.append("\n" if place else "")
        for piece, style in line:
            text.append(piece, style)
    return text


def _needed(kept: Sequence[Column]) -> int:
    return sum(column.width or _TREND_MINIMUM for column in kept) + len(_GAP) * (len(kept) - 1)


def _length(seconds: float) -> str:
    return f"{seconds / 60:g}m" if seconds % 60 == 0 else f"{seconds:g}s"
