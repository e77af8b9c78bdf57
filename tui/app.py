"""The screen: a few pages, one of them shown, drawn from one state that follows the feed.

Events change the state as fast as they come; one timer draws the newest state on the visible page, at most ten times a second, so
a burst costs no more than a change. Events are taken in by the handful, and what waits, such as a key, comes in between. Nothing of
the market is computed here.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final

import msgspec
from textual.binding import Binding, BindingType
from textual.screen import Screen

from scoring.feed import AlertState, Snapshot
from tui import driving, terminal
from tui.driving import Driving
from tui.looks import LOOKS, by_capability
from tui.measures import Measures
from tui.memory import Memory, Store
from tui.pacing import FRAME_S, Pacing, settle
from tui.pages import catalog
from tui.pages.page import Page
from tui.rewind import Rewind
from tui.settings import ScreenSettings
from tui.silences import loud
from tui.state import Event, State, reduce
from tui.widgets.banner import EXPLAIN, EXPLAIN_ID, firing
from tui.widgets.help import MARKS, Help, visible_bindings

if TYPE_CHECKING:
    from textual.command import Provider

    from tui.feed import Requests

_HANDFUL: Final = 32
"""Events taken in before others have their turn: about a millisecond."""
_SETTLED_S: Final = 1.0
"""Seconds after which what a start makes is there."""
_HUNG_UP: Final = 129
"""Exit status of a screen whose terminal was closed, as shells say it."""
_NO_COLOUR: Final = "NO_COLOR"
"""Set by who wants none: https://no-color.org"""
_KEEP_S: Final = 2.0
"""Seconds after which what is to be remembered is written, where it has changed."""


def wall_clock() -> datetime:
    """Give the time of day: the only use of it is to say how long ago the feed was lost."""
    return datetime.now(UTC)


def _commands() -> type[Provider]:
    """Import the offers of the palette when it is first opened."""
    from tui.commands import Commands

    return Commands


class Ghosttape(Driving):
    """The program."""

    TITLE = "Ghosttape"
    CSS_PATH = "theme.tcss"
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_commands}
    ENABLE_COMMAND_PALETTE = True
    MODES: ClassVar[dict[str, str | Callable[[], Screen[None]]]] = {entry.name: entry.make for entry in catalog.CATALOG}
    DEFAULT_MODE = catalog.CATALOG[0].name
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(str(number), f"page('{entry.name}')", entry.title, False, id=f"screen.{entry.name}", tooltip=f"show {entry.title}")
            for number, entry in enumerate(catalog.CATALOG, start=1)
        ),
        Binding(EXPLAIN, "why", "Why", False, id=EXPLAIN_ID, tooltip="explain the alert that stands under the headline"),
        Binding("colon", "go", "Go to", id="screen.go", key_display=":", tooltip="go to a symbol by its name"),
        *driving.BINDINGS,
        Binding("T", "theme", "Theme", False, id="screen.theme", tooltip="next theme"),
        Binding("question_mark", "help", "Help", id="screen.help", key_display="?", tooltip="this page"),
        Binding("q", "quit", "Quit", id="screen.quit", tooltip="leave; what is shown is remembered"),
    ]

    def __init__(
        self,
        events: Callable[[], AsyncGenerator[Event, None]],
        wall: Callable[[], datetime] = wall_clock,
        settings: ScreenSettings | None = None,
        store: Store | None = None,
        requests: Requests | None = None,
    ) -> None:
        """Keep where events come from: `tui.feed.follow`, or a recording of what it gave. Without a store nothing is remembered.

        What the keys ask of a replay goes into `requests`, which `follow` sends.
        """
        super().__init__(ansi_color=True if _NO_COLOUR in os.environ else None)  # else the library draws black on black then
        self.requests, self.measures, self.rewind = requests, Measures(), Rewind()
        self._events, self._wall, self._store = events, wall, store
        self._pacing = Pacing()
        self.state = State()
        self.settings = settings or ScreenSettings()
        self.memory, self._complaint = store.load() if store else (Memory(), "")
        if catalog.find(self.memory.page) is None:
            self.memory = msgspec.structs.replace(self.memory, page=catalog.CATALOG[0].name)

    @property
    def page(self) -> Page | None:
        """The page that is shown, perhaps under something that asks or explains; None before there is one."""
        shown = self.screen_stack if self.is_running else []
        return next((screen for screen in reversed(shown) if isinstance(screen, Page)), None)

    def on_mount(self) -> None:
        """Start following and drawing."""
        for look in LOOKS.values():
            self.register_theme(look.theme())
        colours = None if self.is_headless else self.console.color_system
        self.look = by_capability(self.memory.theme, colours, no_color=self.no_color)
        self.theme = self.look.name
        self.set_keymap(self.settings.keys)
        self.run_worker(self._follow(), name="feed")
        self.set_interval(FRAME_S, self._tick)
        self.set_interval(_KEEP_S, self._keep)
        if not self.is_headless:
            self.set_timer(_SETTLED_S, settle)
            if (descriptor := terminal.held()) is not None:
                self.set_interval(_KEEP_S, partial(self._end_with, descriptor))
        if self.memory.page != self.DEFAULT_MODE:
            self.switch_mode(self.memory.page)
        if self._complaint:
            self.notify(self._complaint, severity="warning", markup=False)

    def _end_with(self, descriptor: int) -> None:
        """Remember and end where the terminal is gone: there is nothing to put back, and nobody to wait for."""
        if terminal.is_gone(descriptor):
            self._keep()
            os._exit(_HUNG_UP)

    def on_unmount(self) -> None:
        """Write what is to be remembered."""
        self._keep()

    def _tick(self) -> None:
        if self.is_headless or self._pacing.is_due(is_covered=self.screen.is_modal):
            self.draw()

    def draw(self) -> None:
        """Draw the newest state on the visible page."""
        page, wall = self.page, self._wall()
        self.rewind.keep(self.state, wall)
        if page is not None and page.is_mounted:
            page.draw(self.rewind.shown(self.state), wall)

    def now(self) -> datetime:
        """Give the time of day."""
        return self._wall()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what drives time only where there is something to drive, and to explain only what fires."""
        if action in driving.ACTIONS:
            return self.may_drive(action)
        if action == "why":
            return not self.screen.is_modal and self._told is not None
        return super().check_action(action, parameters)

    def remember(self, memory: Memory) -> None:
        """Take what is to be remembered; what is shown follows it."""
        self.memory = memory

    def open_page(self, name: str) -> None:
        """Show a page; what lay over the page before is closed."""
        if catalog.find(name) is None:
            return
        self._uncover()
        self.remember(msgspec.structs.replace(self.memory, page=name))
        self.switch_mode(name)

    def open_asset(self, symbol: str) -> None:
        """Show the page of one symbol, or choose it on the overview where there is no such page."""
        self.remember(msgspec.structs.replace(self.memory, symbol=symbol))
        self.open_page("asset" if catalog.find("asset") else "overview")

    def open_alert(self, alert_id: str) -> None:
        """Explain an alert over the page that is shown."""
        from tui.pages.explanation import ExplanationPage

        self._uncover()
        self.push_screen(ExplanationPage(alert_id))

    def wear(self, name: str) -> None:
        """Change the theme, where colours are wanted at all."""
        if self.no_color:
            self.notify(f"{_NO_COLOUR} is set: there are no colours to choose from", markup=False)
            return
        self.look = LOOKS.get(name, self.look)
        self.theme = self.look.name
        self.remember(msgspec.structs.replace(self.memory, theme=self.look.name))

    def action_page(self, name: str) -> None:
        """Show a page."""
        self.open_page(name)

    def action_why(self) -> None:
        """Explain the alert that the banner tells."""
        if self._told:
            self.open_alert(self._told.alert_id)

    def action_theme(self) -> None:
        """Wear the next theme."""
        names = list(LOOKS)
        self.wear(names[(names.index(self.look.name) + 1) % len(names)])

    def action_help(self) -> None:
        """Explain the visible page."""
        keys = [(keys, binding.tooltip or binding.description) for keys, binding in visible_bindings(self.screen)]
        sections = self.page.sections() if self.page else ()
        self.push_screen(Help([("Keys", keys), *sections, ("Marks", MARKS)]))

    def action_go(self) -> None:
        """Ask for a symbol."""
        from tui.widgets.prompt import Prompt

        self.push_screen(Prompt(":", "symbol", "", list(self.state.symbols)), self._go)

    @property
    def _told(self) -> AlertState | None:
        """The alert that the banner tells; None where it tells none."""
        return next(iter(firing(loud(self.rewind.shown(self.state), self.memory.sayings))), None)

    def _uncover(self) -> None:
        """Close what lies over the page."""
        while len(self.screen_stack) > 1:
            self.pop_screen()

    def _go(self, typed: str | None) -> None:
        wanted = (typed or "").strip().upper()
        if not wanted:
            return
        names = {name.upper(): name for name in self.state.symbols}
        found = names.get(wanted) or next((name for upper, name in names.items() if wanted in upper), None)
        if found is None:
            self.notify(f"no symbol is like {wanted!r}", severity="warning", markup=False)
        else:
            self.open_asset(found)

    def _keep(self) -> None:
        if self._store and (complaint := self._store.save(self.memory)):
            self.notify(complaint, severity="warning", markup=False)

    async def _follow(self) -> None:
        async with aclosing(self._events()) as events:
            taken = 0
            async for event in events:
                self.state = reduce(self.state, event)
                self.measures.take(event)
                if isinstance(event, Snapshot):
                    self.draw()
                taken += 1
                if taken % _HANDFUL == 0:
                    await asyncio.sleep(0)
