"""The table of symbols, or, while there is none, what to do about that."""

from __future__ import annotations

from typing import Final

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll

from tui import columns, palette
from tui.readings import change_span, read, window_width
from tui.state import Link, State
from tui.widgets.lines import Lines

_TALLEST: Final = 3
"""Lines of one symbol, at most."""
_SHARE: Final = 2
"""Symbols grow taller only while they take half of the screen or less, as in the style sheet."""
_SMALL_SCREEN: Final = 24
"""Lines of which alerts and sources need all that one-line symbols leave."""
_FRAME: Final = 3
"""Lines of the pane that no symbol can have: border and heading."""


def table(state: State, width: int, room: int = 0) -> tuple[Text, Text]:
    """Write the heading and each symbol, `width` columns; where there is `room` for more lines, a symbol takes two or three."""
    symbols = list(state.symbols.values())
    span = change_span(symbols)
    layout = columns.chosen(columns.columns(span, window_width(symbols)), width)
    height = min(max(room // max(len(symbols), 1), 1), _TALLEST)
    moment = columns.Moment(state.tape_at, state.link in (Link.OPEN, Link.ENDED), height)
    rows = (columns.lines(read(symbol, span), moment, layout) for symbol in symbols)
    return columns.heading(layout), Text("\n").join(rows)


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


class Symbols(Vertical):
    """The pane of the symbols."""

    BORDER_TITLE = "Symbols"

    def __init__(self) -> None:
        """Make the heading, the lines, and the words for when there are none."""
        super().__init__()
        self._heading, self._lines, self._invitation = Lines(id="heading"), Lines(id="lines"), Lines(id="invitation")

    def compose(self) -> ComposeResult:
        """Lay them out."""
        yield self._heading
        yield VerticalScroll(self._lines, id="rows")
        yield self._invitation

    def show(self, state: State, kept: int = 0) -> None:
        """Draw the state; so many lines of the screen are kept for others."""
        empty = not state.symbols
        self.set_class(empty, "empty")
        if empty:
            self.styles.height = None
            self._invitation.write(invitation(state))
            return
        height = self.screen.size.height
        spare = min(height // _SHARE - _FRAME, len(state.symbols) + height - _SMALL_SCREEN - kept)
        heading, body = table(state, self.room, spare)
        self.styles.height = body.plain.count("\n") + 1 + _FRAME
        self._heading.write(heading)
        self._lines.write(body)

    @property
    def room(self) -> int:
        """Columns the lines have: a scroll bar takes the last one of the pane."""
        return self.size.width - 1
