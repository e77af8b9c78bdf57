"""The columns of the table of symbols: what each says, how it is drawn, and which go first when the screen is narrow.

Pure: readings and a width in, text out; the table on the screen, its plain twin (`--print`) and the help are all made from here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import msgspec
from rich.style import Style
from rich.text import Text

from tui import figures, palette
from tui.readings import Reading, SymbolReadings

_GAP: Final = 2
"""Blank columns between two columns."""
_TREND_MINIMUM: Final = 8
_TREND_MAXIMUM: Final = 120
_HALF_BAR: Final = 3
_COMPLETE: Final = "complete"


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

    title: str
    width: int
    rank: int
    """The highest go first when there is no room."""
    meaning: str
    """For the help, one line."""
    draw: Callable[[SymbolReadings, Moment, int], Text]
    right: bool = True
    """Numbers stand right."""


def _style(reading: Reading, moment: Moment, colour: str = palette.TEXT) -> Style:
    """Dim what is not news."""
    if reading.value is None or not moment.live or reading.is_stale(moment.now):
        return Style(color=palette.QUIET)
    return Style(color=colour)


def _symbol(row: SymbolReadings, _moment: Moment, width: int) -> Text:
    """The name, and the mark of data that is not whole: it must show at any width."""
    mark, colour = quality(row.completeness)
    name = Text(figures.fit(figures.clean(row.symbol), width - 2), Style(color=palette.SECOND, bold=True))
    return name.append(f" {mark}", Style(color=colour, bold=True))


def quality(completeness: str) -> tuple[str, str]:
    """Give the mark of data that is not whole, and its colour."""
    if completeness in ("", _COMPLETE):
        return " ", palette.QUIET
    return ("~", palette.SECOND) if completeness.startswith("repaired") else ("!", palette.WARNING)


def quality_words(completeness: str) -> str:
    """Say how whole the data is.

    >>> [quality_words(text) for text in ("complete", "repaired(12)", "open_gap(1)", "")]
    ['whole', '12 fixed', '1 gap', '–']
    """
    kind, _, many = completeness.partition("(")
    words = {"": figures.UNKNOWN, _COMPLETE: "whole", "repaired": f"{many.rstrip(')')} fixed"}
    return figures.clean(words.get(kind, f"{many.rstrip(')')} gap"))


def _last(row: SymbolReadings, moment: Moment, width: int) -> Text:
    return _right(figures.price(row.last.value), width, _style(row.last, moment) + Style(bold=True))


def _change(row: SymbolReadings, moment: Moment, width: int) -> Text:
    colour = (palette.TEXT, palette.UP, palette.DOWN)[figures.direction(row.change.value)]
    return _right(figures.signed_percent(row.change.value), width, _style(row.change, moment, colour))


def _vwap(row: SymbolReadings, moment: Moment, width: int) -> Text:
    return _right(figures.price(row.vwap.value), width, _style(row.vwap, moment))


def _spread(row: SymbolReadings, moment: Moment, width: int) -> Text:
    value = row.spread_bps.value
    return _right(figures.UNKNOWN if value is None else figures.basis_points(value), width, _style(row.spread_bps, moment))


def _imbalance(row: SymbolReadings, moment: Moment, width: int) -> Text:
    value = row.imbalance.value
    text = figures.UNKNOWN if value is None else f"{value:+.2f}".replace("-", "−")
    left, right = figures.balance(value, _HALF_BAR)
    cell = _right(text, width - 2 * _HALF_BAR - 2, _style(row.imbalance, moment))
    cell.append(" ")
    cell.append(left, _style(row.imbalance, moment, palette.DOWN))
    cell.append("│", Style(color=palette.QUIET))
    cell.append(right, _style(row.imbalance, moment, palette.UP))
    return cell


def _volatility(row: SymbolReadings, moment: Moment, width: int) -> Text:
    return _right(figures.percent(row.volatility.value), width, _style(row.volatility, moment))


def _drawdown(row: SymbolReadings, moment: Moment, width: int) -> Text:
    return _right(figures.percent(row.drawdown.value, 2), width, _style(row.drawdown, moment))


def _age(row: SymbolReadings, moment: Moment, width: int) -> Text:
    stale = row.last.is_stale(moment.now) and row.last.at is not None
    colour = palette.WARNING if stale and moment.live else palette.QUIET
    return _right(figures.age(row.last.age_s(moment.now)), width, Style(color=colour))


def _data(row: SymbolReadings, _moment: Moment, width: int) -> Text:
    return Text(figures.fit(quality_words(row.completeness), width), Style(color=quality(row.completeness)[1]))


def _trend(row: SymbolReadings, moment: Moment, width: int) -> Text:
    if not row.line:
        return Text(figures.fit(figures.UNKNOWN, width, right=True), Style(color=palette.QUIET))
    change = row.line[-1] / row.line[0] - 1 if row.line[0] else 0.0
    colour = (palette.QUIET, palette.UP, palette.DOWN)[figures.direction(change)]
    drawn = [figures.sparkline(row.line, width)] if moment.height == 1 else figures.curve(row.line, width, moment.height)
    return Text("\n").join(Text(figures.fit(text, width, right=True), _style(row.last, moment, colour)) for text in drawn)


def _right(text: str, width: int, style: Style) -> Text:
    return Text(figures.fit(text, width, right=True), style)


def columns(span: str, window_s: float | None) -> tuple[Column, ...]:
    """Give all columns, in the order they stand, for a change over `span` and trade windows of `window_s` seconds."""
    window = "" if window_s is None else f" {_length(window_s)}"
    return (
        Column("Symbol", 11, 0, "the pair; ~ where lost trades were fetched since, ! where data is missing", _symbol, right=False),
        Column("Last", 11, 1, "price of the last trade, quote currency", _last),
        Column(f"Change {span}", 10, 2, f"over the last {span}: the longest of 15m, 5m, 1m that every symbol has", _change),
        Column(f"VWAP{window}", 11, 5, "volume-weighted average price of the newest trade window", _vwap),
        Column("Spread", 9, 6, "ask − bid over mid in basis points, mean of the newest window", _spread),
        Column("Imbalance", 13, 8, "quantity at the best bid against the best ask: −1 all ask, +1 all bid", _imbalance),
        Column("Volatility", 10, 7, "standard deviation of the last minute's returns, annualised", _volatility),
        Column("Drawdown", 8, 9, "deepest fall from a peak over the last 60 samples (30 s)", _drawdown),
        Column("Age", 4, 4, "how old the last trade is, on the tape; all is dim that is not news", _age),
        Column("Data", 8, 10, "whole, or how many trades were fixed, or how many gaps are open", _data, right=False),
        Column("Trend", 0, 3, "prices of the last 20 minutes at most, scaled to the column", _trend, right=False),
    )


def chosen(every: Sequence[Column], width: int) -> tuple[tuple[Column, int], ...]:
    """Choose the columns that fit and their widths: the lowest ranks first, the trend takes what is left."""
    kept = list(every)
    while len(kept) > 1 and _needed(kept) > width:
        kept.remove(max(kept, key=lambda column: column.rank))
    rest = width - _needed(kept) + _TREND_MINIMUM
    return tuple((column, column.width or min(rest, _TREND_MAXIMUM)) for column in kept)


def heading(layout: Sequence[tuple[Column, int]]) -> Text:
    """Write the titles."""
    titles = (figures.fit(column.title, width, right=column.right) for column, width in layout)
    return Text((" " * _GAP).join(titles), Style(color=palette.QUIET))


def lines(row: SymbolReadings, moment: Moment, layout: Sequence[tuple[Column, int]]) -> Text:
    """Write one symbol, `moment.height` lines: the trend fills them all, the rest stands in the middle one."""
    cells = [(column.draw(row, moment, width).split("\n"), width) for column, width in layout]
    middle = moment.height // 2
    return Text("\n").join(
        Text(" " * _GAP).join(
            cell[at] if len(cell) == moment.height else cell[0] if at == middle else Text(" " * width) for cell, width in cells
        )
        for at in range(moment.height)
    )


def _needed(kept: Sequence[Column]) -> int:
    return sum(column.width or _TREND_MINIMUM for column in kept) + _GAP * (len(kept) - 1)


def _length(seconds: float) -> str:
    return f"{seconds / 60:g}m" if seconds % 60 == 0 else f"{seconds:g}s"
