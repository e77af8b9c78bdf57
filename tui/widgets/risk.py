"""The risk of one symbol: what it returned, how much it moved, how far it fell, and what its newest trade window held."""

from __future__ import annotations

from typing import Final

from rich.style import Style
from rich.text import Text

from scoring.feed import read_instant, read_number
from tui import figures, palette
from tui.readings import Reading
from tui.state import Cells
from tui.widgets.facts import QUIET, Moment, heading, tint

_SPANS: Final = ("1m", "5m", "15m")
_NAME: Final = 8
_LARGE: Final = 10_000
"""From here on an amount is written with a unit."""
_MANY: Final = 3.0
"""Times the usual volume from which a spike is worth a look."""

MEANINGS: Final = (
    ("return", "change of the price over the last minute, 5 and 15 minutes"),
    ("moves", "volatility: standard deviation of the returns of each second over that time, annualised"),
    ("to VWAP", "how far the last price is above (+) or below the average price of that time, weighted by volume"),
    ("drawdown", "deepest fall from a peak over the last 60 samples (30 s)"),
    ("window", "the newest trade window, still open perhaps: its trades and volume, how much of it takers bought, the standard"),
    ("", "deviation of its prices in hundredths of a percent, and its volume against the mean of the 20 windows before (spike)"),
)
"""For the help."""


def risk(risk_cells: Cells | None, trades: Cells | None, moment: Moment, width: int) -> Text:
    """Write it from rows of `risk_metrics` and `trade_metrics`, `width` columns."""
    cells = risk_cells or {}
    at = read_instant(cells.get("sampled_at"))
    price = read_number(cells.get("price"))
    column = max((width - _NAME) // len(_SPANS), 1)
    lines = [heading("Risk", Reading(None, at), moment, width), _row("", [(span, QUIET) for span in _SPANS], column)]
    returns = [Reading(read_number(cells.get(f"momentum_{span}")), at) for span in _SPANS]
    lines.append(_row("return", [(figures.signed_percent(reading.value), _change(reading, moment)) for reading in returns], column))
    moves = [Reading(read_number(cells.get(f"volatility_{span}_annualised")), at) for span in _SPANS]
    lines.append(_row("moves", [(figures.percent(reading.value), moment.ink(reading)) for reading in moves], column))
    distances = [Reading(_distance(price, read_number(cells.get(f"vwap_{span}"))), at) for span in _SPANS]
    lines.append(_row("to VWAP", [(figures.signed_percent(reading.value), _change(reading, moment)) for reading in distances], column))
    drawdown = Reading(read_number(cells.get("drawdown")), at)
    lines.append(_row("drawdown", [(figures.percent(drawdown.value, 2), moment.ink(drawdown))], column))
    lines += _window(trades, moment, width)
    for line in lines:
        line.truncate(max(width, 1), overflow="ellipsis")
    return Text("\n").join(lines)


def _window(trades: Cells | None, moment: Moment, width: int) -> list[Text]:
    """Write what the window holds, two to a line; what it does not say is left out."""
    cells = trades or {}
    start, end = read_instant(cells.get("window_start")), read_instant(cells.get("window_end"))
    if start is None or end is None:
        return []
    volume, bought = read_number(cells.get("volume_base")), read_number(cells.get("taker_buy_base"))
    spike, deviation = read_number(cells.get("volume_spike")), read_number(cells.get("price_stddev_bps"))
    share = bought / volume if volume and bought is not None else None
    known = [
        ("trades", figures.number(read_number(cells.get("trade_count"))), palette.TEXT),
        ("volume", figures.UNKNOWN if volume is None else _amount(volume), palette.TEXT),
        ("bought", figures.percent(share, 0), palette.TEXT),
        ("σ", figures.UNKNOWN if deviation is None else figures.basis_points(deviation), palette.TEXT),
        (
            "spike",
            figures.UNKNOWN if spike is None else f"×{figures.number(spike)}",
            palette.WARNING if (spike or 0.0) >= _MANY else palette.TEXT,
        ),
    ]
    shown = [(name, text, colour) for name, text, colour in known if text != figures.UNKNOWN]
    lines = [heading(f"Window {start:%H:%M:%S}–{end:%H:%M:%S}", Reading(None, end), moment, width)]
    for first in range(0, len(shown), 2):
        line = Text()
        for name, text, colour in shown[first : first + 2]:
            line.append(f"{name} ", QUIET).append(
                figures.fit(text, max(width // 2 - len(name) - 1, 1)), moment.ink(Reading(0.0, end), colour)
            )
        lines.append(line)
    return lines


def _amount(volume: float) -> str:
    return figures.count(int(volume)) if abs(volume) >= _LARGE else figures.number(volume)


def _row(name: str, cells: list[tuple[str, Style]], column: int) -> Text:
    line = Text(figures.fit(name, _NAME), QUIET)
    for text, ink in cells:
        line.append(figures.fit(text, column, right=True), ink)
    return line


def _change(reading: Reading, moment: Moment) -> Style:
    return moment.ink(reading, tint(reading.value))


def _distance(price: float | None, vwap: float | None) -> float | None:
    return price / vwap - 1 if price is not None and vwap else None
