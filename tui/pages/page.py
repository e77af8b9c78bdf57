"""What every page has: the headline, the tabs, what is wrong, what fires, and the footer; between them stand its own panes.

A page is a screen of Textual, so its keys are in force whatever has the focus, and one that is not shown costs nothing. The program
has one timer, which draws the visible page.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widget import Widget

from tui.shell import Shell, shell
from tui.silences import loud
from tui.state import Link, State
from tui.widgets.banner import Banner
from tui.widgets.headline import Headline
from tui.widgets.help import Section
from tui.widgets.key_line import KeyLine
from tui.widgets.notice import Notice
from tui.widgets.pane import Pane
from tui.widgets.tabs import Tabs
from tui.widgets.tape_bar import TapeBar

_WIDE: Final = 110
"""Columns from which short lines stand side by side."""
_BROAD: Final = 170
"""Columns from which long ones do."""
_TALL: Final = 34
"""Lines from which there is room for panes below each other."""


class Page(Screen[None]):
    """One page. A page of its own gives `NAME`, `panes`, `show` and, where it has them, `BINDINGS` with ids, `room` and `sections`."""

    NAME: ClassVar[str] = ""
    """As in the catalog."""
    LISTS: ClassVar[tuple[type[Widget], ...]] = (Pane,)
    """Widgets of it that have keys with ids."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next", "Next pane", show=False, tooltip="the next pane"),
        Binding("shift+tab", "app.focus_previous", "Previous pane", show=False, tooltip="the pane before"),
    ]

    def __init__(self) -> None:
        """Make the frame."""
        super().__init__()
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (_WIDE, "-wide"), (_BROAD, "-broad")]
        self.VERTICAL_BREAKPOINTS = [(0, "-low"), (_TALL, "-tall")]
        self._headline, self._tabs, self._notice, self._banner = Headline(), Tabs(self.NAME), Notice(), Banner()
        self._tape_bar = TapeBar()
        self._look: tuple[object, ...] = ()
        self._room: tuple[object, ...] = ()
        self._drawn: State | None = None

    @property
    def shell(self) -> Shell:
        """The program."""
        return shell(self)

    def compose(self) -> ComposeResult:
        """Lay out the frame and the panes."""
        yield self._headline
        yield self._tabs
        yield self._notice
        yield self._banner
        yield from self.panes()
        yield self._tape_bar
        yield KeyLine()

    def panes(self) -> ComposeResult:
        """Lay out what the page shows."""
        raise NotImplementedError

    def show(self, state: State) -> None:
        """Draw the state; called only where it, `room` or what is remembered has changed."""
        raise NotImplementedError

    def room(self) -> tuple[object, ...]:
        """Give what beside the state a drawing depends on, such as the sizes of panes."""
        return ()

    def sections(self) -> Sequence[Section]:
        """Explain what is shown, for the help."""
        return ()

    def on_mount(self) -> None:
        """Draw again as soon as panes have another size: what was written for the one before stood cut until the timer came."""
        self.screen_layout_refresh_signal.subscribe(self, self._fit)

    def on_screen_resume(self) -> None:
        """Show the newest state without waiting for the timer."""
        self.shell.draw()

    def _fit(self, _: Screen[object]) -> None:
        if self.is_current and self.room() != self._room:
            self.call_after_refresh(self.shell.draw)  # not now: while panes are laid out, what asks to be laid out again is not heard

    def draw(self, state: State, wall: datetime) -> None:
        """Draw the newest state, if it or the room for it has changed; what is lost counts its seconds."""
        shell = self.shell
        self._room = self.room()
        look = (self.size, shell.look, shell.memory, wall.replace(microsecond=0) if state.loss else None, shell.rewind.frozen, *self._room)
        if state is self._drawn and look == self._look:
            return
        self._look, self._drawn = look, state
        self.set_class(state.hello is None, "waiting")
        self.set_class(state.link is Link.LOST, "lost")
        self._headline.show(state)
        self._notice.show(state, wall)
        self._banner.show(loud(state, shell.memory.sayings))
        self._tape_bar.show(state, shell.rewind.frozen)
        self._tabs.show(state, is_told=self._tape_bar.is_drawn)
        self.show(state)
