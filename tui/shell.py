"""What pages and widgets may ask of the program they are shown in.

It stands apart from the program, so that a page need not import what imports the pages.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from textual.app import App

from scoring.feed import Control
from tui.looks import DARK, Look
from tui.measures import Measures
from tui.memory import Memory
from tui.rewind import Rewind
from tui.settings import ScreenSettings
from tui.state import State

if TYPE_CHECKING:
    from textual.dom import DOMNode


class Shell(App[None]):
    """The program as its pages see it."""

    state = State()
    """What is known, newer than what is drawn."""
    memory = Memory()
    """What is remembered from one start to the next; changed with `remember`."""
    look: Look = DARK
    """The theme; changed with `wear`."""
    settings = ScreenSettings()
    measures = Measures()
    """The numbers that rules look at, as they passed."""
    rewind = Rewind()
    """What was shown of late, and whether the screen stands still."""

    @abstractmethod
    def ask(self, wish: Control | str | None) -> None:
        """Ask the flow to drive its tape, or say why that cannot be."""

    @abstractmethod
    def remember(self, memory: Memory) -> None:
        """Take what is to be remembered; what is shown follows it."""

    @abstractmethod
    def open_page(self, name: str) -> None:
        """Show a page of the catalog."""

    @abstractmethod
    def open_asset(self, symbol: str) -> None:
        """Show the page of one symbol, or choose it on the overview where there is no such page."""

    @abstractmethod
    def open_alert(self, alert_id: str) -> None:
        """Explain an alert over the page that is shown."""

    @abstractmethod
    def wear(self, name: str) -> None:
        """Change the theme."""

    @abstractmethod
    def draw(self) -> None:
        """Draw the visible page at once; the timer does it otherwise."""


def shell(node: DOMNode) -> Shell:
    """Give the program that shows a widget."""
    app = node.app
    if not isinstance(app, Shell):
        raise TypeError(f"{type(node).__name__} is shown in {type(app).__name__}, which is no Shell")
    return app


def look_of(node: DOMNode) -> Look:
    """Give the theme a widget is drawn in; a widget that is shown alone is drawn in the palette itself."""
    return node.app.look if isinstance(node.app, Shell) else DARK
