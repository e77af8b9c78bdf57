"""What everything on the visible page means and what every key does: made from the page and its bindings, so that it cannot fall
behind them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final, TypeAlias

from rich.console import Group
from rich.style import Style
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.keys import format_key
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from tui import palette
from tui.looks import Look
from tui.shell import look_of

Section: TypeAlias = tuple[str, Sequence[tuple[str, str]]]
"""A title, and names with what they mean."""

MARKS: Final = (
    ("dim", "a number older than 30 s of tape, or not known (–)"),
    ("▲ ▼ =", "up, down, unchanged"),
    ("✓ ~ !", "data that is whole, that was repaired, that has an open gap"),
    ("■ ◆ ●", "critical, warning, info; quiet when over; the newest of the first two has a line of its own while it fires"),
)
"""Marks every page has."""
_NAME_WIDTH: Final = 11
_ARROWS: Final[Mapping[str, str]] = {
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
    "escape": "Esc",
    "enter": "Enter",
    "tab": "Tab",
    "space": "Space",
}


def visible_bindings(screen: Screen[Any]) -> Iterator[tuple[str, Binding]]:
    """Give what can be pressed on a screen, each action once with all its keys; what scrolls a pane is told in one line of its own."""
    keys: dict[str, list[str]] = {}
    found: dict[str, Binding] = {}
    for active in screen.active_bindings.values():
        binding, action = active.binding, active.binding.action.removeprefix("app.")
        if binding.description and (binding.id or binding.tooltip):
            keys.setdefault(action, []).append(key_name(binding.key))
            if action not in found or (binding.id and not found[action].id):
                found[action] = binding
    for action, binding in found.items():
        yield " ".join(keys[action]), binding


def key_name(key: str) -> str:
    """Write a key as people do.

    >>> [key_name(key) for key in ("question_mark", "ctrl+p", "pagedown", "G")]
    ['?', 'Ctrl+p', 'PgDn', 'G']
    """
    *modifiers, plain = key.split("+")
    return "+".join([*(word.capitalize() for word in modifiers), _ARROWS.get(plain, format_key(plain))])


def page(sections: Sequence[Section], look: Look) -> Group:
    """Write the page."""
    tables = [section(title, entries, look) for title, entries in sections]
    clock = Text("Times are of the tape, UTC; in a replay its clock moves at the speed beside it.", Style(color=palette.QUIET))
    return Group(*(part for table in tables for part in (table, Text())), look.paint(clock))


def section(title: str, entries: Sequence[tuple[str, str]], look: Look) -> Table:
    """Write one section: a name and what it means on each line."""
    title_style = Style(color=look.of(palette.ACCENT), bold=True, italic=False)
    table = Table(
        box=None, padding=(0, 2, 0, 0), pad_edge=False, title=title, title_justify="left", title_style=title_style, show_header=False
    )
    for colour in (palette.SECOND, palette.TEXT):
        table.add_column(style=Style(color=look.of(colour)), min_width=_NAME_WIDTH)
    for name, meaning in entries:
        table.add_row(Text(name), Text(meaning))
    return table


class Help(ModalScreen[None]):
    """The page over the screen; any of its keys closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,escape,enter", "dismiss", "Close"),
        Binding("q", "app.quit", "Quit"),
        Binding("j", "scroll(1)", "Down", show=False),
        Binding("k", "scroll(-1)", "Up", show=False),
    ]

    def __init__(self, sections: Sequence[Section]) -> None:
        """Keep what is to be explained."""
        super().__init__()
        self._sections = sections

    def compose(self) -> ComposeResult:
        """Lay out the page."""
        pane = VerticalScroll(Static(page(self._sections, look_of(self)), markup=False), id="help")
        pane.border_title = "Help"
        pane.border_subtitle = "esc closes"
        yield pane

    def action_scroll(self, lines: int) -> None:
        """Scroll as vim does."""
        self.query_one("#help").scroll_relative(y=lines, animate=False)
