"""The second line: the pages with their numbers, the one shown in bold; and how much of a recorded session has been replayed, where
the line of the tape does not show that.
"""

from __future__ import annotations

from typing import Final

from rich.style import Style
from rich.text import Text
from textual import events

from tui import palette
from tui.pages.catalog import CATALOG
from tui.shell import shell
from tui.state import State
from tui.widgets.headline import progress
from tui.widgets.lines import Lines

_GAP: Final = "  "


def tabs(shown: str) -> Text:
    """Write the names; the one that is shown has marks beside it, not only a colour."""
    line = Text()
    for number, entry in enumerate(CATALOG, start=1):
        here = entry.name == shown
        number_style = Style(color=palette.ACCENT, bold=here)
        line.append(f"▸{number}" if here else f" {number}", number_style)
        line.append(f" {entry.title}{_GAP}", Style(color=palette.TEXT if here else palette.QUIET, bold=here))
    return line


def at(column: int) -> str:
    """Say whose tab is in a column; empty where there is none.

    >>> at(3), at(500)
    ('overview', '')
    """
    start = 0
    for entry in CATALOG:
        start += len(entry.title) + 3 + len(_GAP)
        if column < start:
            return entry.name
    return ""


class Tabs(Lines):
    """The line."""

    def __init__(self, name: str) -> None:
        """Keep which page it stands on."""
        super().__init__()
        self._page = name

    def show(self, state: State, *, is_told: bool) -> None:
        """Draw the state; how far a replay is may be told elsewhere."""
        line = tabs(self._page)
        self.write(line.append_text(progress(None if is_told else state.progress, max(self.size.width - len(line.plain), 0))))

    def on_click(self, event: events.Click) -> None:
        """Go to the page whose name was clicked."""
        name = at(event.get_content_offset_capture(self).x)
        if name:
            shell(self).open_page(name)
