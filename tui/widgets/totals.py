"""One line of the portfolio: what it is worth, what it has gained, what is at stake, and how far it is below its best; with its age."""

from __future__ import annotations

from typing import Final

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

from scoring.feed import read_instant, read_number
from tui import figures, palette
from tui.ledger import WHOLE
from tui.readings import Reading
from tui.state import Link, State
from tui.widgets.lines import Lines

_GAP: Final = "   "
_HIDDEN: Final = "••••••"
"""As long for a little as for a lot."""


def totals(state: State, width: int, *, hidden: bool) -> Text:
    """Write the line, `width` columns or less; empty where there is no portfolio. What matters least is left out without room."""
    row = state.ledger.positions.get(WHOLE)
    if row is None:
        return Text("")
    at = read_instant(row.get("sampled_at"))
    reading = Reading(None, at)
    stale = state.link not in (Link.OPEN, Link.ENDED) or reading.is_stale(state.tape_at)
    quiet = Style(color=palette.QUIET)
    profit, drawdown = read_number(row.get("unrealised_profit")), read_number(row.get("drawdown"))

    def money(column: str) -> str:
        return _HIDDEN if hidden else figures.price(read_number(row.get(column)))

    gain = _HIDDEN if hidden else _gain(profit)
    tint = palette.TEXT if hidden or not profit else palette.UP if profit > 0 else palette.DOWN
    parts = [
        (0, "value", money("value"), palette.TEXT),
        (1, "unrealised", gain, tint),
        (3, "exposure", money("exposure"), palette.TEXT),
        (2, "drawdown", figures.percent(drawdown, 2), palette.TEXT),
        (0, "age", figures.age(reading.age_s(state.tape_at)), palette.QUIET),
    ]
    while True:
        line = Text("Portfolio", Style(color=palette.ACCENT if not stale else palette.QUIET, bold=True))
        for _, name, text, colour in parts:
            line.append(f"{_GAP}{name} ", quiet)
            line.append(text, quiet if stale else Style(color=colour, bold=name == "value"))
        droppable = max(rank for rank, *_ in parts)
        if cell_len(line.plain) <= width or not droppable:
            line.truncate(max(width, 0), overflow="ellipsis")
            return line
        parts = [part for part in parts if part[0] != droppable]


def _gain(profit: float | None) -> str:
    """Write it with its direction twice, as an arrow and as a sign."""
    if profit is None:
        return figures.UNKNOWN
    mark = "▲ +" if profit > 0 else "▼ −" if profit < 0 else "= "
    return f"{mark}{figures.price(abs(profit))}"


class Totals(Lines):
    """The line."""

    def show(self, state: State, *, hidden: bool) -> None:
        """Draw the state."""
        text = totals(state, self.screen.size.width - 2, hidden=hidden)
        self.display = bool(text.plain)
        self.write(text)
