"""What somebody says of an alert by a key: that it was seen, or that its rule shall be silent about its symbol for a time.

Beside the log and the explanation, which both have an alert to say it of: whoever has read why need not go back to say so.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Final

import msgspec
from textual.binding import Binding

from scoring.feed import AlertState
from tui.pages.page import Page
from tui.phases import Standing
from tui.silences import Said, acknowledge, silence, unsilence

BINDINGS: Final = (
    Binding("a", "acknowledge", "Acknowledge", id="alert.acknowledge", tooltip="say that it was seen, or take that back"),
    Binding("u", "unsilence", "Unsilence", id="alert.unsilence", tooltip="let it be heard again"),
    Binding("s", "silence", "Silence", id="alert.silence", tooltip="silence this rule on this symbol for a time"),
)
"""For pages that derive from `Quieting`."""
_ACTIONS: Final = frozenset({"acknowledge", "silence", "unsilence"})


class Quieting(Page):
    """A page that is about one alert at a time."""

    @property
    def standing(self) -> Standing | None:
        """The alert it is about now."""
        raise NotImplementedError

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what would do something."""
        if action in _ACTIONS:
            standing = self.standing
            return standing is not None and (action != "unsilence" or standing.silent_until is not None)
        return super().check_action(action, parameters)

    def draw_now(self) -> None:
        """Draw what was asked at once."""
        self.shell.draw()
        self.refresh_bindings()

    def action_acknowledge(self) -> None:
        """Note that the alert was seen, or take that back."""
        if standing := self.standing:
            self._say(seen=acknowledge(self._said.seen, standing.alert))

    def action_silence(self) -> None:
        """Ask for how long."""
        from tui.widgets.silencing import Silencing

        standing, now = self.standing, self.shell.state.tape_at
        if now is None:
            self.notify("nothing is known of the time on the tape yet", severity="warning", markup=False)
        elif standing:
            alert = standing.alert
            self.app.push_screen(Silencing(alert.rule, alert.symbol, now), partial(self._silence, alert, now))

    def action_unsilence(self) -> None:
        """Let it be heard again."""
        if standing := self.standing:
            self._say(silences=unsilence(self._said.silences, standing.alert))

    def _silence(self, alert: AlertState, now: datetime, length: timedelta | None) -> None:
        if length is not None:
            self._say(silences=silence(self._said.silences, alert, now, length))

    @property
    def _said(self) -> Said:
        return self.shell.memory.sayings.of(self.shell.state.hello)

    def _say(self, **changes: object) -> None:
        memory, hello = self.shell.memory, self.shell.state.hello
        sayings = memory.sayings.put(hello, msgspec.structs.replace(self._said, **changes))
        self.shell.remember(msgspec.structs.replace(memory, sayings=sayings))
        self.draw_now()
