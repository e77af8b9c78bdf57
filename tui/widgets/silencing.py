"""For how long a rule shall be silent about a symbol: one question with a few answers, by number, arrow or mouse."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import OptionList

from tui import figures
from tui.silences import LENGTHS

_NAME: Final = 60


class Silencing(ModalScreen[timedelta | None]):
    """It gives the length, or None where it was left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(number), f"take({number - 1})", text, show=False) for number, (text, _) in enumerate(LENGTHS, start=1)),
        Binding("escape,q", "leave", "Leave"),
    ]
    DEFAULT_CSS = """
    Silencing OptionList {
        width: auto; min-width: 60; max-width: 96%; height: auto; border: round $primary; border-title-color: $primary;
        border-subtitle-color: $text-muted; background: $surface; padding: 0 1;
    }
    Silencing OptionList:focus { border: round $primary; }
    """

    def __init__(self, rule: str, symbol: str, now: datetime) -> None:
        """Say about whom, and when it is on the tape."""
        super().__init__()
        self._now = now
        self._about = figures.fit(f"{figures.prose(rule[:_NAME])} {figures.prose(symbol[:_NAME])}".strip(), _NAME).strip()

    def compose(self) -> ComposeResult:
        """Lay out the answers."""
        answers = OptionList(
            *(f"{number}  {text:<10}  until {self._end(length)}" for number, (text, length) in enumerate(LENGTHS, start=1)), markup=False
        )
        answers.border_title = f"For how long: {self._about}".replace("[", "\\[")
        answers.border_subtitle = "esc leaves"
        yield answers

    def _end(self, length: timedelta) -> str:
        """Write when it ends on the tape, with its day where that is another."""
        end = self._now + length
        return f"{end:%H:%M:%S}" if end.date() == self._now.date() else f"{end:%Y-%m-%d %H:%M:%S}"

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Give what was chosen."""
        self.dismiss(LENGTHS[event.option_index][1])

    def action_take(self, index: int) -> None:
        """Give what was pressed."""
        self.dismiss(LENGTHS[index][1])

    def action_leave(self) -> None:
        """Give nothing."""
        self.dismiss(None)
