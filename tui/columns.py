"""The columns of the watch list: what each says, how it is drawn and sorted, and which go first when the screen is narrow.

Pure: readings and a width in, pieces of text out; the list on the screen, its plain twin (`--print`) and the help are all made from
here. How a cell is drawn is said in `tui/cells.py`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Sequence
from typing import Final, TypeAlias

import msgspec
from rich.style import Style
from rich.text import Text

from tui import cells, figures, palette
from tui.cells import Line as Line
from tui.cells import Moment as Moment
from tui.cells import is_whole as is_whole
from tui.cells import quality as quality
from tui.cells import quality_words as quality_words
from tui.readings import SymbolReadings

_GAP: Final = "  "
"""Between two columns."""
_TREND_MINIMUM: Final = 8
_TREND_MAXIMUM: Final = 120

Sorted: TypeAlias = float | str | None
"""What a column is sorted by; None goes last."""
Draw: TypeAlias = Callable[[SymbolReadings, Moment, int], list[Line]]


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
    draw: Draw
    order: Callable[[SymbolReadings], Sorted]
    right: bool = True
    """Numbers stand right."""


@functools.lru_cache(maxsize=32)
def columns(span: str, window_s: float | None) -> tuple[Column, ...]:
    """Give all columns, in the order they stand, for a change over `span` and trade windows of `window_s` seconds.

    The same columns each time, so that a list knows by comparing whether it stands as it stood.
    """
    return (*_prices(span, window_s), *_BOOK, *_RISK, *_CONDITION)


def _prices(span: str, window_s: float | None) -> tuple[Column, ...]:
    said = f"over the last {span}: the longest of 15m, 5m, 1m that every symbol has"
    window = "" if window_s is None else f" {_length(window_s)}"
    mean = "volume-weighted average price of the newest trade window"
    return (
        Column("symbol", "Symbol", 11, 0, "the pair, and how whole its data is: ✓ ~ !", cells.symbol, lambda row: row.symbol, right=False),
        Column("last", "Last", 11, 1, "price of the last trade, quote currency", cells.last, lambda row: row.last.value),
        Column("change", f"Change {span}", 10, 3, said, cells.change, lambda row: row.change.value),
        Column("distance", "To VWAP", 9, 5, "how far the last price is from the VWAP", cells.distance, lambda row: row.vwap_distance.value),
        Column("vwap", f"VWAP{window}", 11, 13, mean, cells.vwap, lambda row: row.vwap.value),
    )


_SPREAD_SAID: Final = "ask − bid over mid in basis points, mean of the newest window"
_IMBALANCE_SAID: Final = "quantity at the best bid against the best ask: −1 all ask, +1 all bid"
_VOLATILITY_SAID: Final = "deviation of the returns of the last {}, annualised"
_DRAWDOWN_SAID: Final = "deepest fall from a peak over the last 60 samples (30 s)"
_HYPE_SAID: Final = "hype momentum of its asset against the last day, in standard deviations; ! from 4 on"
_AGE_SAID: Final = "how old the last trade is, on the tape; all is dim that is not news"
_DATA_SAID: Final = "whole, or how many trades were fixed, or how many gaps are open"
_TREND_SAID: Final = "prices of the last 20 minutes at most, scaled to the column"


def _volatility(span: str, rank: int, words: str, draw: Draw, order: Callable[[SymbolReadings], Sorted]) -> Column:
    return Column(f"volatility_{span}", f"Vol {span}", 7, rank, _VOLATILITY_SAID.format(words), draw, order)


def _oldest_first(row: SymbolReadings) -> Sorted:
    return -row.last.at.timestamp() if row.last.at else None


def _rise(row: SymbolReadings) -> Sorted:
    return row.line[-1] / row.line[0] if row.line and row.line[0] else None


_BOOK: Final = (
    Column("spread", "Spread", 9, 6, _SPREAD_SAID, cells.spread, lambda row: row.spread_bps.value),
    Column("imbalance", "Imbalance", 13, 9, _IMBALANCE_SAID, cells.imbalance, lambda row: row.imbalance.value),
)
_RISK: Final = (
    _volatility("1m", 7, "minute", cells.volatility_1m, lambda row: row.volatility.value),
    _volatility("5m", 11, "5 minutes", cells.volatility_5m, lambda row: row.volatility_5m.value),
    _volatility("15m", 12, "15 minutes", cells.volatility_15m, lambda row: row.volatility_15m.value),
    Column("drawdown", "Drawdown", 8, 10, _DRAWDOWN_SAID, cells.drawdown, lambda row: row.drawdown.value),
    Column("hype", "Hype z", 7, 8, _HYPE_SAID, cells.hype, lambda row: row.hype_z.value),
)
_CONDITION: Final = (
    Column("age", "Age", 4, 2, _AGE_SAID, cells.age, _oldest_first),
    Column("data", "Data", 8, 14, _DATA_SAID, cells.data, lambda row: row.completeness or None, right=False),
    Column("trend", "Trend", 0, 4, _TREND_SAID, cells.trend, _rise, right=False),
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
    line = Text(style=Style(color=palette.QUIET))
    for place, (column, width) in enumerate(layout):
        here = column.name == sort
        title = f"{column.title}{'↓' if descending else '↑'}" if here else column.title
        if len(title) > width:
            title = title[: width - 1] + title[-1]
        line.append(_GAP if place else "")
        line.append(figures.fit(title, width, right=column.right), Style(color=palette.ACCENT, bold=True) if here else None)
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

    The cell of the column named `marked` is underlined, where it says something.
    """
    drawn_cells = [(column.draw(row, moment, width), width, column.name == marked) for column, width in layout]
    middle = moment.height // 2
    written: list[Line] = []
    for y in range(moment.height):
        line: Line = []
        for cell, width, is_marked in drawn_cells:
            pieces = cell[y if len(cell) == moment.height else 0]
            if len(cell) != moment.height and y != middle:
                pieces = [(" " * width, _PLAIN)]
            if is_marked and pieces[0][1] is not _PLAIN:
                line += [(_GAP, _PLAIN)] * bool(line) + [(text, style + _UNDERLINED) for text, style in pieces]
            elif line:  # the gap goes with its cell, and cells of one style together: a third as many pieces to draw
                text, style = pieces[0]
                if style is line[-1][1]:
                    line[-1] = (line[-1][0] + _GAP + text, style)
                else:
                    line.append((_GAP + text, style))
                line += pieces[1:]
            else:
                line += pieces
        written.append(line)
    return written


_PLAIN: Final = Style()
_UNDERLINED: Final = Style(underline=True)


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
