"""The first page: every symbol in a line, what fires, and what the crowd says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from tui import columns
from tui.pages.page import Page
from tui.readings import change_span, window_width
from tui.state import State
from tui.widgets.alerts import Alerts
from tui.widgets.crowd import FIELDS, CrowdPane
from tui.widgets.help import Section
from tui.widgets.symbols import Symbols

_TALL: Final = 34
"""Lines from which the crowd has a place of its own."""
_CROWD_LINES: Final = 11
"""Lines it should have there, before symbols grow taller: border, headings, three assets and some posts."""


class OverviewPage(Page):
    """The page."""

    NAME = "overview"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "crowd", "Crowd", id="overview.crowd", tooltip="the crowd in the place of alerts, and back; a tall screen shows both"),
    ]

    def __init__(self) -> None:
        """Make the panes."""
        super().__init__()
        self._symbols, self._alerts, self._crowd = Symbols(), Alerts(), CrowdPane()

    def panes(self) -> ComposeResult:
        """Lay them out."""
        yield self._symbols
        yield Container(Container(self._alerts, id="doings"), self._crowd, id="below")

    def room(self) -> tuple[object, ...]:
        """Give the columns of the panes."""
        return (self._symbols.room, self._alerts.room, self._crowd.room)

    def show(self, state: State) -> None:
        """Draw the state."""
        self.set_class(not state.crowd.is_heard, "unheard")
        self._symbols.show(state, _CROWD_LINES if self.size.height >= _TALL and state.crowd.is_heard else 0)
        self._alerts.show(state)
        self._crowd.show(state)

    def sections(self) -> Sequence[Section]:
        """Explain the columns."""
        symbols = list(self.shell.state.symbols.values())
        described = columns.columns(change_span(symbols), window_width(symbols))
        return (
            ("Columns", tuple((column.title, column.meaning) for column in described)),
            ("Crowd", tuple((field.title, field.meaning) for field in FIELDS if field.meaning)),
            ("Posts", (("▲ ▼ ·", "sounds good, bad, like neither; – where it was not scored"),)),
        )

    def action_crowd(self) -> None:
        """Give the crowd the place of the alerts, or give it back."""
        self.toggle_class("crowd")
