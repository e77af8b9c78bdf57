"""The last line: the keys worth knowing on this page, as one line of text.

Textual's own footer makes a widget of every key whenever the keys change, and what watches those is never let go of: a quarter of
a megabyte a change of page, which a screen that stays open for a day notices.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rich.style import Style
from rich.text import Text
from textual import events
from textual.screen import Screen

from tui import palette
from tui.widgets.lines import Lines

_STAYING: Final = frozenset({"play", "help", "quit"})
"""Actions whose keys stay, as the last ones, where there is no room for all: a tape that runs away, and what every newcomer needs."""

_LOOK_S: Final = 0.5
"""Seconds from one look at what can be done to the next: half a millisecond."""


def fitting(keys: Iterable[tuple[str, str, str]], last: Iterable[tuple[str, str, str]], width: int) -> list[tuple[str, str, str]]:
    """Leave out keys from before the last ones until the rest fits: (key to press, its name, what it does).

    >>> [name for _, name, _ in fitting([("a", "a", "First"), ("b", "b", "Second")], [("c", "c", "Help"), ("q", "q", "Quit")], 28)]
    ['a', 'c', 'q']
    """
    shown, staying = list(keys), list(last)
    while shown and sum(map(_length, shown + staying)) + 1 > width:
        shown.pop()
    return shown + staying


def _length(key: tuple[str, str, str]) -> int:
    return len(f" {key[1]} {key[2]} ")


class KeyLine(Lines):
    """The line; a click on a key presses it."""

    def __init__(self) -> None:
        """Begin without a key."""
        super().__init__()
        self._keys: list[tuple[str, str, str]] = []

    def on_mount(self) -> None:
        """Follow the keys of the page, and what the feed says: the first alert brings keys with it."""
        self.screen.bindings_updated_signal.subscribe(self, self._follow)
        self.set_interval(_LOOK_S, lambda: self._follow(self.screen))
        self._follow(self.screen)

    def on_resize(self) -> None:
        """Show as many as there is room for."""
        self._follow(self.screen)

    def _follow(self, screen: Screen[object]) -> None:
        if not self.is_attached or self.app.screen_stack[-1:] != [screen]:  # none is left where the program ends between two looks
            return
        found: dict[str, tuple[str, str, str]] = {}
        last: dict[str, tuple[str, str, str]] = {}
        for active in screen.active_bindings.values():
            binding = active.binding
            if binding.show and active.enabled and binding.description:
                name = self.app.get_key_display(binding)
                kept = last if binding.action.removeprefix("app.") in _STAYING else found
                kept.setdefault(binding.action, (binding.key, name, binding.description))
        self._keys = fitting(found.values(), last.values(), self.size.width)
        line = Text(" ")
        for _, name, description in self._keys:
            line.append(f" {name}", Style(color=palette.ACCENT, bold=True))
            line.append(f" {description} ", Style(color=palette.QUIET))
        self.write(line)

    def on_click(self, event: events.Click) -> None:
        """Press the key that was clicked."""
        column, start = event.get_content_offset_capture(self).x, 1
        for key in self._keys:
            start += _length(key)
            if column < start:
                self.app.simulate_key(key[0])
                return
