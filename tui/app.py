"""The screen: a headline, the table of symbols, the alerts, the sources and the crowd, drawn from one state that follows the feed.

Events change the state as fast as they come; one timer draws the newest state, at most ten times a second, so a burst costs no more
than a change. Nothing of the market is computed here.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import UTC, datetime
from typing import ClassVar, Final

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.screen import Screen
from textual.theme import Theme
from textual.widgets import Footer

from tui import columns, palette
from tui.readings import change_span, window_width
from tui.state import Event, Link, State, reduce
from tui.widgets.alerts import Alerts
from tui.widgets.banner import Banner
from tui.widgets.crowd import CrowdPane
from tui.widgets.headline import Headline
from tui.widgets.help import Help
from tui.widgets.notice import Notice
from tui.widgets.sources import Sources
from tui.widgets.symbols import Symbols

_FRAME_S: Final = 0.1
"""Seconds from one drawing to the next."""
_WIDE: Final = 110
"""Columns from which alerts and sources stand side by side."""
_TALL: Final = 34
"""Lines from which the crowd has a place of its own below them."""
_CROWD_LINES: Final = 11
"""Lines it should have there, before symbols grow taller: border, headings, three assets and some posts."""

THEME: Final = Theme(
    name="ghosttape",
    primary=palette.ACCENT,
    secondary=palette.SECOND,
    accent=palette.ACCENT,
    warning=palette.WARNING,
    error=palette.CRITICAL,
    success=palette.UP,
    foreground=palette.TEXT,
    background=palette.INK,
    surface=palette.SURFACE,
    panel=palette.PANEL,
    dark=True,
    variables={"footer-key-foreground": palette.ACCENT, "footer-description-foreground": palette.QUIET},
)


def wall_clock() -> datetime:
    """Give the time of day: the only use of it is to say how long ago the feed was lost."""
    return datetime.now(UTC)


class Dashboard(Screen[None]):
    """The one screen; it draws whatever state `known` gives."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("c", "crowd", "Crowd")]

    def __init__(self, known: Callable[[], State], wall: Callable[[], datetime]) -> None:
        """Make the panes."""
        super().__init__()
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (_WIDE, "-wide")]
        self.VERTICAL_BREAKPOINTS = [(0, "-low"), (_TALL, "-tall")]
        self._known = known
        self._wall = wall
        self._look: tuple[object, ...] = ()
        self._drawn: State | None = None
        self._headline, self._notice, self._banner = Headline(), Notice(), Banner()
        self._symbols, self._alerts, self._sources, self._crowd = Symbols(), Alerts(), Sources(), CrowdPane()

    def compose(self) -> ComposeResult:
        """Lay out the panes."""
        yield self._headline
        yield self._notice
        yield self._banner
        yield self._symbols
        yield Container(Container(self._alerts, self._sources, id="doings"), self._crowd, id="below")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Start drawing."""
        self.set_interval(_FRAME_S, self.draw)

    def draw(self) -> None:
        """Draw the newest state, if it or the room for it has changed; what is lost counts its seconds."""
        state, wall = self._known(), self._wall()
        room = (self.size, self._symbols.room, self._alerts.room, self._sources.room, self._crowd.room)
        look = (room, wall.replace(microsecond=0) if state.loss else None)
        if state is self._drawn and look == self._look:
            return
        self._look, self._drawn = look, state
        self.set_class(state.hello is None, "waiting")
        self.set_class(state.link is Link.LOST, "lost")
        self.set_class(not state.crowd.is_heard, "unheard")
        self._headline.show(state)
        self._notice.show(state, wall)
        self._banner.show(state)
        self._symbols.show(state, _CROWD_LINES if self.size.height >= _TALL and state.crowd.is_heard else 0)
        self._alerts.show(state)
        self._sources.show(state)
        self._crowd.show(state)

    def action_crowd(self) -> None:
        """Give the crowd the place of alerts and sources, or give it back."""
        self.toggle_class("crowd")


class Ghosttape(App[None]):
    """The program."""

    TITLE = "Ghosttape"
    CSS_PATH = "theme.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "Help", key_display="?"),
        Binding("q", "quit", "Quit"),
    ]

    def __init__(self, events: Callable[[], AsyncGenerator[Event, None]], wall: Callable[[], datetime] = wall_clock) -> None:
        """Keep where events come from: `tui.feed.follow`, or a recording of what it gave."""
        super().__init__()
        self._events = events
        self.state = State()
        """What is known, newer than what is drawn."""
        self.dashboard = Dashboard(lambda: self.state, wall)

    def get_default_screen(self) -> Dashboard:
        """Start with the dashboard."""
        return self.dashboard

    def on_mount(self) -> None:
        """Start following."""
        self.register_theme(THEME)
        self.theme = THEME.name
        self.run_worker(self._follow(), name="feed")

    async def _follow(self) -> None:
        async with aclosing(self._events()) as events:
            async for event in events:
                self.state = reduce(self.state, event)

    def action_help(self) -> None:
        """Explain every column."""
        symbols = list(self.state.symbols.values())
        self.push_screen(Help(columns.columns(change_span(symbols), window_width(symbols))))
