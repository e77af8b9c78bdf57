"""The page of one symbol: its chart with the mood of its asset over the same time, its numbers, and what is said about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from tui.history import asset_of
from tui.pages.page import Page
from tui.ranges import RANGES
from tui.readings import change_span, read
from tui.state import Link, State, SymbolState
from tui.widgets import asset_posts, ladder, meter, risk
from tui.widgets.asset_posts import AssetPosts
from tui.widgets.chart import ChartView
from tui.widgets.facts import Facts, Moment
from tui.widgets.help import Section
from tui.widgets.numbers import Numbers
from tui.widgets.pane import Pane

_BESIDE: Final = 110
"""Columns from which the numbers stand beside the chart."""
_FLAT: Final = 20
"""Lines below which the chart needs them all."""
_LEGEND: Final = (
    ("━ ▒ █", "price of each second, or candles of a minute: shaded where it rose, full where it fell; the last price has a ◂"),
    ("┈", "VWAP of each minute, and one standard deviation of its prices above and below"),
    ("╍", "mood of its asset, mean of 5 minutes, on the axis on the left: −1 all bad, +1 all good"),
    ("▅ texts", "different ones of the 5 minutes before; on the right how many the highest stands for"),
    ("■ ◆ ●", "an alert began; quiet when over"),
    ("░ ~", "data is missing and was not fetched since; was missing and is repaired"),
)


class AssetPage(Page):
    """The page."""

    NAME = "asset"
    LISTS = (Pane,)
    DEFAULT_CSS = """
    AssetPage Facts {
        height: 1;
        padding: 0 1;
        text-wrap: nowrap;
    }
    AssetPage #upper {
        height: 1fr;
        layout: vertical;
    }
    AssetPage ChartView {
        height: 1fr;
    }
    AssetPage #numbers {
        display: none;
        height: 10;
    }
    AssetPage #said {
        height: 6;
    }
    AssetPage #numbers Lines, AssetPage #said Lines {
        height: auto;
        text-wrap: nowrap;
    }
    AssetPage.-tall #said {
        height: 25%;
    }
    AssetPage.-tall #numbers, AssetPage.swapped #numbers {
        display: block;
    }
    AssetPage.swapped #said {
        display: none;
    }
    AssetPage.-flat #said, AssetPage.-flat.swapped ChartView {
        display: none;
    }
    AssetPage.-flat.swapped #numbers {
        height: 1fr;
    }
    AssetPage.beside #upper {
        layout: horizontal;
    }
    AssetPage.beside ChartView {
        width: 1fr;
        height: 100%;
    }
    AssetPage.beside #numbers {
        display: block;
        width: 44;
        height: 100%;
    }
    AssetPage.beside.swapped ChartView, AssetPage.beside.swapped #said {
        display: block;
    }
    AssetPage.beside.-flat #said {
        display: none;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "move(-1)", "Crosshair", False, id="asset.left", tooltip="move the crosshair to the left"),
        Binding("right,l", "move(1)", "Crosshair", False, id="asset.right", tooltip="move the crosshair to the right"),
        Binding("ctrl+left,H", "turn(-1)", "Back", False, id="asset.back", tooltip="move the crosshair half a chart back"),
        Binding("ctrl+right,L", "turn(1)", "On", False, id="asset.on", tooltip="move the crosshair half a chart on"),
        Binding(
            "left_square_bracket",
            "range(-1)",
            "Shorter",
            id="asset.shorter",
            key_display="[",
            tooltip="a shorter range: 1m, 5m, 15m, 1h, all",
        ),
        Binding("right_square_bracket", "range(1)", "Longer", id="asset.longer", key_display="]", tooltip="a longer range"),
        Binding("plus,equals_sign", "zoom(1)", "In", False, id="asset.in", key_display="+", tooltip="zoom in, around the crosshair"),
        Binding("minus", "zoom(-1)", "Out", False, id="asset.out", key_display="-", tooltip="zoom out"),
        Binding("end,G", "follow", "Now", id="asset.now", key_display="End", tooltip="follow the tape again, without a crosshair"),
        Binding("c", "candles", "Candles", id="asset.candles", tooltip="candles in the place of the line, and back"),
        Binding("i", "swap", "Numbers", id="asset.numbers", tooltip="the numbers in the place of the posts, and back"),
        Binding("d", "dots", "Dots", False, id="asset.dots", tooltip="draw in blocks where the font has no braille, and back"),
        Binding("J", "step(1)", "Next symbol", False, id="asset.next", tooltip="the page of the next symbol"),
        Binding("K", "step(-1)", "Symbol before", False, id="asset.before", tooltip="the page of the symbol before"),
        Binding(
            "escape", "leave", "Overview", False, id="asset.leave", tooltip="put the crosshair away; without one, back to the overview"
        ),
    ]

    def __init__(self) -> None:
        """Make the panes."""
        super().__init__()
        self.VERTICAL_BREAKPOINTS = [(0, "-flat"), (_FLAT, "-low"), *(self.VERTICAL_BREAKPOINTS or ())[1:]]
        self._facts, self._chart, self._numbers, self._posts = Facts(), ChartView(), Numbers(), AssetPosts()

    def panes(self) -> ComposeResult:
        """Lay them out."""
        yield self._facts
        yield Container(self._chart, self._numbers, id="upper")
        yield self._posts

    def on_mount(self) -> None:
        """Look at what was looked at before."""
        memory = self.shell.memory
        span = memory.span if memory.span in dict(RANGES) else self._chart.view.range
        self._chart.view = msgspec.structs.replace(self._chart.view, range=span)
        self._chart.is_candles = memory.candles

    def room(self) -> tuple[object, ...]:
        """Give the sizes of the panes and what is looked at."""
        return (self._chart.room, self._numbers.room, self._posts.room, self._facts.size)

    def show(self, state: State) -> None:
        """Draw the state."""
        self.set_class(self._is_wide, "beside")
        name = self.symbol
        symbol = state.symbols.get(name, SymbolState(name))
        asset = asset_of(state.crowd, name)
        stance = state.crowd.stances.get(asset)
        moment = Moment(state.tape_at, is_live=state.link in (Link.OPEN, Link.ENDED))
        span = change_span([symbol])
        self._facts.show(read(symbol, span, stance), asset, span, moment)
        self._chart.show(state, name)
        self._numbers.show(symbol, stance, moment)
        self._posts.show(state, asset)

    @property
    def _is_wide(self) -> bool:
        return self.size.width >= _BESIDE

    @property
    def symbol(self) -> str:
        """The symbol it is about: the one opened last, or the first there is."""
        symbols = self.shell.state.symbols
        return self.shell.memory.symbol if self.shell.memory.symbol in symbols else next(iter(symbols), "")

    def sections(self) -> Sequence[Section]:
        """Explain what is shown."""
        return (
            ("Chart", _LEGEND),
            ("Mood", meter.MEANINGS),
            ("Order book", ladder.MEANINGS),
            ("Risk", risk.MEANINGS),
            ("Posts", asset_posts.MEANINGS),
        )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what would do something."""
        match action:
            case "swap":
                return not self._is_wide
            case "follow":
                return not self._chart.view.is_followed or self._chart.view.cursor_s is not None
        return super().check_action(action, parameters)

    def on_chart_view_looked(self) -> None:
        """Draw what the mouse has asked for."""
        self._redraw()

    def action_move(self, columns: int) -> None:
        """Move the crosshair."""
        self._chart.move(columns)
        self._redraw()

    def action_turn(self, pages: int) -> None:
        """Move the crosshair far."""
        self._chart.turn(pages)
        self._redraw()

    def action_range(self, steps: int) -> None:
        """Take another range."""
        self._chart.widen(steps)
        self._remember(span=self._chart.view.range)

    def action_zoom(self, steps: int) -> None:
        """Zoom."""
        self._chart.zoom(steps)
        self._redraw()

    def action_follow(self) -> None:
        """Return to now."""
        self._chart.follow()
        self._redraw()

    def action_candles(self) -> None:
        """Draw candles, or the line."""
        self._chart.is_candles = not self._chart.is_candles
        self._remember(candles=self._chart.is_candles)

    def action_dots(self) -> None:
        """Draw in blocks, or in braille."""
        self._chart.change_dots()
        self._redraw()

    def action_swap(self) -> None:
        """Give the numbers the place of the posts, or give it back."""
        self.toggle_class("swapped")

    def action_step(self, symbols: int) -> None:
        """Go to another symbol."""
        names = list(self.shell.state.symbols)
        if names:
            self._remember(symbol=names[(names.index(self.symbol) + symbols) % len(names)])

    def action_leave(self) -> None:
        """Put the crosshair away, or leave."""
        if self._chart.view.cursor_s is None:
            self.shell.open_page("overview")
        else:
            self._chart.view = msgspec.structs.replace(self._chart.view, cursor_s=None)
            self._redraw()

    def _remember(self, **changes: object) -> None:
        self.shell.remember(msgspec.structs.replace(self.shell.memory, **changes))
        self._redraw()

    def _redraw(self) -> None:
        """Draw what is looked at, at once."""
        self.shell.draw()
        self.refresh_bindings()
