"""What everything on the screen means: made from the columns themselves, so that it cannot fall behind them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from rich.console import Group
from rich.style import Style
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from tui import palette
from tui.columns import Column
from tui.widgets.crowd import FIELDS

_MARKS: Final = (
    ("dim", "a number older than 30 s of tape, or not known (–)"),
    ("▲ ▼ =", "up, down, unchanged"),
    ("■ ◆ ●", "critical, warning, info; quiet when over; the newest of the first two has a line of its own while it fires"),
    ("▲ ▼ ·", "a post that sounds good, bad, like neither; – where it was not scored"),
    ("silent", "how long since a source's newest message, on the tape"),
    ("rejects", "messages that could not be read; they are kept"),
    ("gaps", "spans in which data is missing"),
)
_KEYS: Final = (
    ("?", "this page"),
    ("c", "the crowd in the place of alerts and sources, and back; a tall screen has room for all"),
    ("q", "quit"),
    ("tab", "next pane"),
    ("↑ ↓", "scroll it"),
)
_NAME_WIDTH: Final = 11
_TITLE: Final = Style(color=palette.ACCENT, bold=True, italic=False)


def page(columns: Sequence[Column]) -> Group:
    """Write the page."""
    described = tuple((column.title, column.meaning) for column in columns)
    crowd = tuple((field.title, field.meaning) for field in FIELDS if field.meaning)
    parts = (("Columns", described), ("Crowd", crowd), ("Marks", _MARKS), ("Keys", _KEYS))
    sections = [section(title, entries) for title, entries in parts]
    clock = Text("Times are of the tape, UTC; in a replay its clock moves at the speed beside it.", Style(color=palette.QUIET))
    return Group(*(part for table in sections for part in (table, Text())), clock)


def section(title: str, entries: Sequence[tuple[str, str]]) -> Table:
    """Write one section: a name and what it means on each line."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, title=title, title_justify="left", title_style=_TITLE, show_header=False)
    for style in (Style(color=palette.SECOND), Style(color=palette.TEXT)):
        table.add_column(style=style, min_width=_NAME_WIDTH)
    for name, meaning in entries:
        table.add_row(Text(name), Text(meaning))
    return table


class Help(ModalScreen[None]):
    """The page over the screen; any of its keys closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,escape,enter", "dismiss", "Close"),
        Binding("q", "app.quit", "Quit"),
    ]

    def __init__(self, columns: Sequence[Column]) -> None:
        """Keep what is to be explained."""
        super().__init__()
        self._columns = columns

    def compose(self) -> ComposeResult:
        """Lay out the page."""
        pane = VerticalScroll(Static(page(self._columns), markup=False), id="help")
        pane.border_title = "Help"
        pane.border_subtitle = "esc closes"
        yield pane
