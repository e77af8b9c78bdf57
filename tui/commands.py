"""What the command palette offers: pages, symbols, themes, and everything the keys of the visible page do."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final, TypeAlias

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.types import IgnoreReturnCallbackType

from tui import figures
from tui.looks import LOOKS
from tui.pages.catalog import CATALOG
from tui.pages.page import Page
from tui.shell import Shell
from tui.widgets.help import visible_bindings

_Command: TypeAlias = tuple[str, str, IgnoreReturnCallbackType]
"""What it is called, what it does, and how."""
_MOVES: Final = frozenset({"list", "pane"})
"""Scopes of keys that only move about: nobody looks for them by name."""


class Commands(Provider):
    """The offers."""

    async def discover(self) -> Hits:
        """Offer pages, actions and themes before anything is typed: symbols may be hundreds."""
        for name, meaning, act in [*self._pages(), *self._actions(), *self._themes()]:
            yield DiscoveryHit(name, act, help=meaning)

    async def search(self, query: str) -> Hits:
        """Offer what matches."""
        matcher = self.matcher(query)
        for name, meaning, act in [*self._pages(), *self._actions(), *self._themes(), *self._symbols()]:
            score = matcher.match(name)
            if score > 0:
                yield Hit(score, matcher.highlight(name), act, help=meaning)

    @property
    def _shell(self) -> Shell:
        app = self.app
        assert isinstance(app, Shell)
        return app

    def _pages(self) -> Iterator[_Command]:
        for entry in CATALOG:
            yield f"Page: {entry.title}", "show this page", partial(self._shell.open_page, entry.name)

    def _themes(self) -> Iterator[_Command]:
        for look in LOOKS.values():
            yield f"Theme: {look.title}", "change the colours", partial(self._shell.wear, look.name)

    def _symbols(self) -> Iterator[_Command]:
        for symbol in self._shell.state.symbols:
            yield f"Symbol: {figures.clean(symbol)}", "go to it", partial(self._shell.open_asset, symbol)

    def _actions(self) -> Iterator[_Command]:
        if not isinstance(self.screen, Page):
            return
        for keys, binding in visible_bindings(self.screen):
            moves = (binding.id or "").partition(".")[0] in _MOVES
            if binding.id and not moves and not binding.action.startswith("page("):
                act = partial(self.app.run_action, binding.action, self.screen)
                yield f"{binding.description} ({keys})", binding.tooltip or binding.description, act
