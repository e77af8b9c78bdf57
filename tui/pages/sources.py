"""The page of where the numbers come from: how each input and output is doing, and what was bad or is missing."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult

from tui.pages.page import Page
from tui.state import State
from tui.widgets.help import Section
from tui.widgets.sources import Sources


class SourcesPage(Page):
    """The page."""

    NAME = "sources"

    def __init__(self) -> None:
        """Make the panes."""
        super().__init__()
        self._sources = Sources()

    def panes(self) -> ComposeResult:
        """Lay them out."""
        yield self._sources

    def room(self) -> tuple[object, ...]:
        """Give the columns of the panes."""
        return (self._sources.room,)

    def show(self, state: State) -> None:
        """Draw the state."""
        self._sources.show(state)

    def sections(self) -> Sequence[Section]:
        """Explain the columns."""
        return (
            (
                "Sources",
                (
                    ("silent", "how long since the newest message, on the tape"),
                    ("rejects", "messages that could not be read; they are kept"),
                    ("gaps", "spans in which data is missing"),
                ),
            ),
        )
