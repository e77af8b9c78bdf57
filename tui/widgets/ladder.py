"""The top of the order book: best ask and bid with the spread between them, and which side holds more."""

from __future__ import annotations

from typing import Final

from rich.style import Style
from rich.text import Text

from scoring.feed import Value, read_instant, read_number
from tui import figures, palette
from tui.readings import Reading
from tui.state import Cells
from tui.widgets.facts import QUIET, Moment, heading

_NAME: Final = 8
_HALVES: Final = (2, 8)
"""Least and most columns of one half of a bar."""

MEANINGS: Final = (
    ("ask bid", "best prices at the end of the newest window (30 s), quote currency"),
    ("spread", "ask − bid, quote currency and hundredths of a percent of the price; mean, least and most of the window"),
    ("top 1", "quantity at the best bid against the best ask, mean of the window: −1 all ask, +1 all bid; top 5: of five levels each"),
)
"""For the help."""


def ladder(spread: Cells | None, moment: Moment, width: int) -> Text:
    """Write it from a row of `spread_metrics`, `width` columns. What the feed does not say has no line."""
    cells = spread or {}
    at = read_instant(cells.get("window_end"))
    lines = [heading("Order book", Reading(None, at), moment, width)]
    ask, bid = (Reading(read_number(cells.get(name)), at) for name in ("ask_close", "bid_close"))
    gap = ask.value - bid.value if ask.value is not None and bid.value is not None else None
    for name, reading, colour in (("ask", ask, palette.DOWN), ("bid", bid, palette.UP)):
        if reading.value is not None:
            lines.append(_row(name, figures.price(reading.value), moment.ink(reading, colour)))
            if name == "ask" and gap is not None:
                lines.append(_row("  apart", _apart(gap, figures.price(ask.value)), moment.ink(Reading(gap, at))))
    mean = read_number(cells.get("average_spread_bps"))
    if mean is not None:
        line = _row("spread", figures.basis_points(mean), moment.ink(Reading(mean, at)))
        lines.append(line.append(_between(cells), QUIET))
    for name, column in (("top 1", "imbalance_top1"), ("top 5", "imbalance_top5")):
        value = read_number(cells.get(column))
        if value is not None:
            lines.append(_balance(name, Reading(value, at), moment, width))
    if len(lines) == 1:
        lines.append(Text("No quote has been heard so far.", QUIET))
    for line in lines:
        line.truncate(max(width, 1), overflow="ellipsis")
    return Text("\n").join(lines)


def _apart(gap: float, price: str) -> str:
    """Write a difference with the decimals of a price."""
    return f"{gap:.{len(price.partition('.')[2])}f}"


def _row(name: str, text: str, ink: Style) -> Text:
    return Text.assemble((figures.fit(name, _NAME), QUIET), (text, ink))


def _between(cells: Cells) -> str:
    least, most = _number(cells.get("minimum_spread_bps")), _number(cells.get("maximum_spread_bps"))
    return f"  {least}–{most}" if least and most else ""


def _number(value: Value) -> str:
    number = read_number(value)
    return "" if number is None else figures.basis_points(number).removesuffix(" bp")


def _balance(name: str, reading: Reading, moment: Moment, width: int) -> Text:
    half = min(max((width - _NAME - 8) // 2, _HALVES[0]), _HALVES[1])
    left, right = figures.balance(reading.value, half)
    line = _row(name, figures.fit(figures.signed(reading.value), 6), moment.ink(reading))
    return line.append(left, moment.ink(reading, palette.DOWN)).append("│", QUIET).append(right, moment.ink(reading, palette.UP))
