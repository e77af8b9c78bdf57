"""Lines of text that are drawn again only when they have changed, and laid out again only when their size may have.

The screen is asked to draw ten times a second; most of the time most of it says what it said before. What is written is in the
colours of the palette, and looks as the theme says.
"""

from __future__ import annotations

from rich.text import Text
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tui.looks import DARK
from tui.shell import look_of


class Lines(Static):
    """A block of lines."""

    def __init__(self, *, id: str | None = None) -> None:
        """Start empty."""
        super().__init__(id=id)
        self._shown = Text()
        self._look = DARK

    def on_mount(self) -> None:
        """Look as the theme says also where what is said stays the same."""
        self.watch(self.app, "theme", self._repaint, init=False)

    def _repaint(self) -> None:
        self.write(self._shown)

    def write(self, text: Text) -> None:
        """Show this text, as many columns wide as `size` says."""
        look = look_of(self)
        if text == self._shown and look is self._look:
            return
        before, after = self._shown.plain, text.plain
        other_size = len(before) != len(after) or before.count("\n") != after.count("\n")
        self._shown, self._look = text, look
        if other_size and self._layout_required:
            # Asked again before it has acted on the first request, which a layout may have met half-way, Textual would go on with
            # the height it has kept from then: two blocks of an explanation stood cut to their titles.
            self._layout_updates += 1
        self.update(look.paint(text), layout=other_size)


def entitle(widget: Widget, title: str, subtitle: str = "") -> None:
    """Write the titles of a pane where they have changed: setting one draws the whole pane again. Text is never markup."""
    above, below = Content(title), Content(subtitle)
    if widget.border_title != above.markup:
        widget.border_title = above
    if subtitle and widget.border_subtitle != below.markup:
        widget.border_subtitle = below
