"""One line at the bottom in which something is typed: a symbol to go to, or a filter that acts while it is typed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import ModalScreen
from textual.suggester import SuggestFromList
from textual.widgets import Input, Label


class Prompt(ModalScreen[str | None]):
    """It gives what was typed, or None where it was left with escape."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Leave")]

    def __init__(self, sign: str, hint: str, value: str, offers: Sequence[str], changed: Callable[[str], None] | None = None) -> None:
        """Ask behind a sign, with a hint while nothing is typed; what is offered completes with the right arrow."""
        super().__init__()
        self._sign, self._hint, self._value = sign, hint, value
        self._offers, self._changed = offers, changed

    def compose(self) -> ComposeResult:
        """Lay out the line."""
        suggester = SuggestFromList(self._offers, case_sensitive=False) if self._offers else None
        with Horizontal(id="prompt"):
            yield Label(self._sign, markup=False)
            yield Input(self._value, placeholder=self._hint, suggester=suggester, compact=True, select_on_focus=False)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Let it act at once."""
        if self._changed:
            self._changed(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Give what was typed."""
        self.dismiss(event.value)

    def action_leave(self) -> None:
        """Give nothing."""
        self.dismiss(None)
