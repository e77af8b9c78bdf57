"""The pane of the watch list: its heading, which sorts where it is clicked, and its lines; or what to do while there are none."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from rich.style import Style
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from tui import columns, figures, palette
from tui.state import Link, State
from tui.watch import Item, Readings, Wish, listed
from tui.widgets.lines import Lines, entitle
from tui.widgets.watch_list import GUTTER, WatchList

_TALLEST: Final = 3
"""Lines of one symbol, at most."""
_SHARE: Final = 2
"""Symbols grow taller only while they take half of the screen or less, as in the style sheet."""
_SMALL_SCREEN: Final = 24
"""Lines of which alerts need all that one-line symbols leave."""
_FRAME: Final = 3
"""Lines of the pane that no symbol can have: border and heading."""
_MANY: Final = 20
"""Symbols from which their number is worth a word."""
_SETTLE_S: Final = 5.0
"""Seconds for which sorted rows stand still."""


def table(state: State, width: int) -> tuple[Text, Text]:
    """Write the heading and each symbol in one line, `width` columns: the list without a screen."""
    readings = Readings()
    layout = columns.chosen(columns.columns(*readings.shape(state)), width)
    moment = moment_of(state)
    written = [line for name in state.symbols for line in columns.lines(readings.of(state, name), moment, layout)]
    return columns.heading(layout), columns.as_text(written)


def moment_of(state: State, height: int = 1) -> columns.Moment:
    """Say what cells are drawn against."""
    return columns.Moment(state.tape_at, state.link in (Link.OPEN, Link.ENDED), height)


def invitation(state: State) -> Text:
    """Say what is missing, and how to get it."""
    if state.hello is not None:
        return Text("No symbol has been heard of yet.", Style(color=palette.QUIET))
    return Text.assemble(
        ("Waiting for a flow\n\n", Style(color=palette.TEXT, bold=True)),
        (f"The feed is looked for at {state.address or '…'}.\n", Style(color=palette.QUIET)),
        ("Replay the bundled session with  ", Style(color=palette.QUIET)),
        ("./justw demo", Style(color=palette.ACCENT)),
        justify="center",
    )


class Titles(Lines):
    """The heading."""

    class Clicked(Message):
        """A title was clicked."""

        def __init__(self, x: int) -> None:
            """Say where."""
            super().__init__()
            self.x = x

    def on_click(self, event: events.Click) -> None:
        """Tell the pane."""
        self.post_message(self.Clicked(event.get_content_offset_capture(self).x))


class Symbols(Vertical):
    """The pane of the symbols."""

    BORDER_TITLE = "Symbols"

    class SortAsked(Message):
        """The list is to be sorted by a column."""

        def __init__(self, column: str) -> None:
            """Say which."""
            super().__init__()
            self.column = column

    def __init__(self) -> None:
        """Make the heading, the lines, and the words for when there are none."""
        super().__init__()
        self.list = WatchList()
        self._heading, self._invitation = Titles(id="heading"), Lines(id="invitation")
        self._readings = Readings()
        self._layout: columns.Layout = ()
        self._sorted: tuple[object, float] = (None, 0.0)
        self._items: tuple[Item, ...] = ()

    def compose(self) -> ComposeResult:
        """Lay them out."""
        yield self._heading
        yield self.list
        yield self._invitation

    def columns_of(self, state: State) -> Sequence[columns.Column]:
        """Give every column there is."""
        return columns.columns(*self._readings.shape(state))

    def show(self, state: State, wish: Wish, named: dict[str, list[str]], hidden: Sequence[str] = (), kept: int = 0) -> None:
        """Draw the state as wished; so many lines of the screen are kept for others."""
        self.set_class(not state.symbols, "empty")
        if not state.symbols:
            self.styles.height = None
            entitle(self, "Symbols")
            self._invitation.write(invitation(state))
            return
        every = self.columns_of(state)
        self._layout = columns.chosen(every, max(self.room - GUTTER, 1), hidden)
        items = self._settled(state, wish, named, every)
        screen = self.screen.size.height
        spare = min(screen // _SHARE - _FRAME, len(items) + screen - _SMALL_SCREEN - kept)
        height = min(max(spare // max(len(items), 1), 1), _TALLEST)
        self.styles.height = max(len(items), 1) * height + _FRAME
        self._heading.write(Text(" " * GUTTER) + columns.heading(self._layout, wish.sort, descending=wish.descending))
        self.list.show(state, self._readings, moment_of(state, height), items, self._layout)
        entitle(self, _title(wish, sum(isinstance(item, str) for item in items), len(state.symbols)))

    def cell(self, state: State) -> str:
        """Write the chosen cell as it stands; empty where there is none."""
        name, marked = self.list.symbol, self.list.marked
        for column, width in self._layout:
            if column.name == marked and name in state.symbols:
                drawn = column.draw(self._readings.of(state, name), moment_of(state), width)
                return name if marked == "symbol" else columns.as_text(drawn).plain.strip()
        return ""

    @property
    def room(self) -> int:
        """Columns the lines have: a scroll bar takes the last one of the pane."""
        return self.size.width - 1

    def on_titles_clicked(self, event: Titles.Clicked) -> None:
        """Ask for the list to be sorted by what was clicked."""
        column = columns.at(self._layout, event.x - GUTTER)
        if column:
            self.post_message(self.SortAsked(column.name))

    def _settled(self, state: State, wish: Wish, named: dict[str, list[str]], every: Sequence[columns.Column]) -> tuple[Item, ...]:
        """Give the items; sorted ones stand still for a while, so that a row can be read and clicked."""
        asked, now = (wish, len(state.symbols), len(state.ledger.positions)), time.monotonic()
        if asked != self._sorted[0] or now - self._sorted[1] >= _SETTLE_S or not wish.sort:
            self._sorted = (asked, now)
            self._items = listed(state, wish, named, every, self._readings)
        return self._items


def _title(wish: Wish, shown: int, known: int) -> str:
    """Say what is shown of all symbols."""
    parts = ["Symbols"]
    if wish.group:
        parts.append(figures.clean(wish.group))
    if wish.filter.strip():
        parts.append(
            f"/{figures.clean(wish.filter.strip())}" if shown else f"nothing here is like {figures.clean(wish.filter)!r}: esc shows all"
        )
    if known > _MANY or wish.filter.strip():
        parts.append(f"{shown} of {known}")
    return " · ".join(parts)
