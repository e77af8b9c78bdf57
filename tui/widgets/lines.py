"""Lines of text that are drawn again only when they have changed, and laid out again only when there are more or fewer of them.

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
        taller = text.plain.count("\n") != self._shown.plain.count("\n") or bool(text.plain) != bool(self._shown.plain)
        self._shown = text
        self.update(text, layout=taller)
