"""Lines of text that are drawn again only when they have changed, and laid out again only when their size may have.

The screen is asked to draw ten times a second; most of the time most of it says what it said before.
"""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Static


class Lines(Static):
    """A block of lines."""

    def __init__(self, *, id: str | None = None) -> None:
        """Start empty."""
        super().__init__(id=id)
        self._shown = Text()

    def write(self, text: Text) -> None:
        """Show this text, as many columns wide as `size` says."""
        if text == self._shown:
            return
        before, after = self._shown.plain, text.plain
        other_size = len(before) != len(after) or before.count("\n") != after.count("\n")
        self._shown = text
        self.update(text, layout=other_size)
