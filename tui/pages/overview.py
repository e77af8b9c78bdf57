"""The first page: the watch list, what the portfolio is worth, what fires, what the crowd says, and how the sources are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from tui.pages.page import Page
from tui.state import State
from tui.watch import Wish, groups
from tui.widgets.alerts import Alerts
from tui.widgets.crowd import FIELDS, CrowdPane
from tui.widgets.help import Section
from tui.widgets.pane import Pane
from tui.widgets.summary import Summary
from tui.widgets.symbols import Symbols
from tui.widgets.totals import Totals
from tui.widgets.watch_list import WatchList

_TALL: Final = 34
"""Lines from which the crowd has a place of its own."""
_CROWD_LINES: Final = 11
"""Lines it should have there, before symbols grow taller: border, headings, three assets and some posts."""
_FEW: Final = 2
"""Alerts beside which the crowd that made them has room on a low screen."""


class OverviewPage(Page):
    """The page."""

    NAME = "overview"
    LISTS = (WatchList, Pane)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open", id="overview.open", tooltip="the page of the chosen symbol"),
        Binding("slash", "filter", "Filter", id="overview.filter", key_display="/", tooltip="show only symbols whose name has this in it"),
        Binding(
            "s",
            "sort",
            "Sort",
            id="overview.sort",
            tooltip="sort by the next column, at last as in the settings; so does a click on a title",
        ),
        Binding("S", "reverse", "Reverse", False, id="overview.reverse", tooltip="sort the other way round"),
        Binding("g", "group", "Group", id="overview.group", tooltip="next group: all, by asset, portfolio, and those of the settings"),
        Binding(
            "c",
            "crowd",
            "Crowd",
            id="overview.crowd",
            tooltip="the crowd in the place of alerts, and back; both where there is room",
        ),
        Binding("b", "balances", "Balances", False, id="overview.balances", tooltip="hide the balances, or show them"),
        Binding("x", "hide", "Hide column", False, id="overview.hide", tooltip="hide the column of the chosen cell"),
        Binding("X", "unhide", "All columns", False, id="overview.unhide", tooltip="show hidden columns again"),
        Binding("y", "copy", "Copy", False, id="overview.copy", tooltip="copy the chosen cell, also over ssh"),
        Binding("escape", "clear", "Clear", False, id="overview.clear", tooltip="clear the filter"),
    ]

    def __init__(self) -> None:
        """Make the panes."""
        super().__init__()
        self._totals, self._symbols, self._summary = Totals(), Symbols(), Summary()
        self._alerts, self._crowd = Alerts(), CrowdPane()

    def panes(self) -> ComposeResult:
        """Lay them out."""
        yield self._totals
        yield self._symbols
        yield Container(self._alerts, self._crowd, id="below")
        yield self._summary

    def room(self) -> tuple[object, ...]:
        """Give the columns of the panes."""
        return (self._symbols.room, self._symbols.list.size, self._alerts.room, self._crowd.room)

    def show(self, state: State) -> None:
        """Draw the state."""
        memory, settings = self.shell.memory, self.shell.settings
        self.set_class(not state.crowd.is_heard, "unheard")
        self.set_class(len(state.alerts) <= _FEW, "calm")
        self._totals.show(state, hidden=memory.hide_balances)
        kept = _CROWD_LINES if self.size.height >= _TALL and state.crowd.is_heard else 0
        wish = Wish(memory.group, memory.filter, memory.sort, memory.descending)
        self._symbols.show(state, wish, settings.groups, memory.hidden, kept)
        if memory.symbol and memory.symbol != self._symbols.list.symbol:
            self._symbols.list.choose(memory.symbol)
        self._alerts.show(state)
        self._crowd.show(state)
        self._summary.show(state)

    def sections(self) -> Sequence[Section]:
        """Explain the columns."""
        return (
            ("Columns", tuple((column.title, column.meaning) for column in self._symbols.columns_of(self.shell.state))),
            ("Crowd", tuple((field.title, field.meaning) for field in FIELDS if field.meaning)),
            ("Posts", (("▲ ▼ ·", "sounds good, bad, like neither; – where it was not scored"),)),
        )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what would do something."""
        match action:
            case "clear":
                return bool(self.shell.memory.filter)
            case "unhide":
                return bool(self.shell.memory.hidden)
            case "reverse":
                return bool(self.shell.memory.sort)
            case _:
                return super().check_action(action, parameters)

    def on_symbols_sort_asked(self, event: Symbols.SortAsked) -> None:
        """Sort by what was clicked, the other way round where it was sorted so."""
        memory = self.shell.memory
        turned = not memory.descending if memory.sort == event.column else event.column != "symbol"
        self._remember(sort=event.column, descending=turned)

    def on_watch_list_opened(self, event: WatchList.Opened) -> None:
        """Open what was clicked twice."""
        self.shell.open_asset(event.symbol)

    def action_open(self) -> None:
        """Open the chosen symbol."""
        self.shell.open_asset(self._symbols.list.symbol)

    def action_filter(self) -> None:
        """Ask for a filter, which acts while it is typed."""
        from tui.widgets.prompt import Prompt

        before = self.shell.memory.filter
        prompt = Prompt("/", "part of a name; escape leaves it as it was", before, (), lambda typed: self._remember(filter=typed))
        self.app.push_screen(prompt, lambda typed: self._remember(filter=before if typed is None else typed))

    def action_clear(self) -> None:
        """Clear the filter."""
        self._remember(filter="")

    def action_sort(self) -> None:
        """Sort by the next column."""
        names = ["", *(column.name for column in self._symbols.columns_of(self.shell.state))]
        memory = self.shell.memory
        place = names.index(memory.sort) if memory.sort in names else 0
        name = names[(place + 1) % len(names)]
        self._remember(sort=name, descending=name not in ("", "symbol"))

    def action_reverse(self) -> None:
        """Turn the order round."""
        self._remember(descending=not self.shell.memory.descending)

    def action_group(self) -> None:
        """Show the next group."""
        names = groups(self.shell.state, self.shell.settings.groups)
        group = self.shell.memory.group
        self._remember(group=names[(names.index(group) + 1) % len(names)] if group in names else "")

    def action_crowd(self) -> None:
        """Give the crowd the place of the alerts, or give it back."""
        self.toggle_class("crowd")

    def action_balances(self) -> None:
        """Hide balances or show them."""
        self._remember(hide_balances=not self.shell.memory.hide_balances)

    def action_hide(self) -> None:
        """Hide a column."""
        marked, memory = self._symbols.list.marked, self.shell.memory
        if marked in ("", "symbol"):
            self.notify("the name stays: choose another cell with ← →", markup=False)
        elif marked not in memory.hidden:
            self._remember(hidden=(*memory.hidden, marked))

    def action_unhide(self) -> None:
        """Show all columns."""
        self._remember(hidden=())

    def action_copy(self) -> None:
        """Copy the chosen cell."""
        text = self._symbols.cell(self.shell.state)
        if text:
            self.app.copy_to_clipboard(text)
            self.notify(f"copied {text}", timeout=2, markup=False)

    def _remember(self, **changes: object) -> None:
        self.shell.remember(msgspec.structs.replace(self.shell.memory, **changes))
        self.shell.draw()
        self.refresh_bindings()
