"""The pane beside the chart: the mood, the top of the order book and the risk of one symbol, each under its age."""

from __future__ import annotations

from typing import Final

from rich.text import Text
from textual.app import ComposeResult

from scoring.feed import Topic
from tui.crowd import Stance
from tui.readings import newest
from tui.state import SymbolState
from tui.widgets import ladder, meter, risk
from tui.widgets.asset_posts import StillPane
from tui.widgets.facts import Moment
from tui.widgets.lines import Lines

_BETWEEN: Final = "\n\n"


def numbers(symbol: SymbolState, stance: Stance | None, moment: Moment, width: int) -> Text:
    """Write all of it, `width` columns."""
    trades, spread, moves = (newest(symbol, table) for table in (Topic.TRADE_METRICS, Topic.SPREAD_METRICS, Topic.RISK_METRICS))
    parts = (meter.meter(stance, moment, width), ladder.ladder(spread, moment, width), risk.risk(moves, trades, moment, width))
    return Text(_BETWEEN).join(parts)


class Numbers(StillPane):
    """The pane."""

    BORDER_TITLE = "Numbers"

    def __init__(self) -> None:
        """Make the lines."""
        super().__init__(id="numbers")
        self._lines = Lines()

    def compose(self) -> ComposeResult:
        """Lay them out."""
        yield self._lines

    def show(self, symbol: SymbolState, stance: Stance | None, moment: Moment) -> None:
        """Draw them."""
        self._lines.write(numbers(symbol, stance, moment, self.room))

    @property
    def room(self) -> int:
        """Columns the lines have."""
        return self._lines.size.width
