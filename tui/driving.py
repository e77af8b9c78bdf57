"""What the keys of the whole screen do to time: a replayed tape is driven, any screen is frozen and scrolled back.

Beside the program, which knows pages and the feed and not what a tape is.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

from textual.binding import Binding

from scoring.feed import Control
from tui import control
from tui.shell import Shell
from tui.state import Link

if TYPE_CHECKING:
    from tui.feed import Requests

BINDINGS: Final = (
    Binding("space", "play", "Play/pause", id="screen.play", tooltip="play the tape, or pause it"),
    Binding("full_stop", "step", "Step", False, id="screen.step", key_display=".", tooltip="play one second of the tape and pause"),
    Binding(
        "greater_than_sign", "speed(1)", "Faster", False, id="screen.faster", key_display=">", tooltip="0.5, 1, 2, 5, 10, 50 times, max"
    ),
    Binding("less_than_sign", "speed(-1)", "Slower", False, id="screen.slower", key_display="<", tooltip="the speed below"),
    Binding("n", "next('alert')", "Next alert", False, id="screen.next_alert", tooltip="play as fast as possible to the next alert"),
    Binding("N", "next('gap')", "Next gap", False, id="screen.next_gap", tooltip="play as fast as possible to the next gap"),
    Binding("t", "scrub", "Go to time", False, id="screen.scrub", tooltip=f"play to a place ahead: {control.EXAMPLES}"),
    Binding("f", "freeze", "Freeze", False, id="screen.freeze", tooltip="let the screen stand still, or return to now"),
    Binding("left", "rewind(-1)", "Back", False, tooltip="on a frozen screen: a second back", priority=True),
    Binding("right", "rewind(1)", "Forth", False, tooltip="on a frozen screen: a second forth", priority=True),
    Binding("shift+left", "rewind(-30)", "Far back", False, tooltip="30 seconds back", priority=True),
    Binding("shift+right", "rewind(30)", "Far forth", False, tooltip="30 seconds forth", priority=True),
)
"""Keys of the whole screen; those of a tape are in force in a replay only, those of a frozen screen on one.

The arrows have no id, so that nobody can give them away: on a frozen screen they come before whatever they mean else.
"""
TAPE: Final = frozenset({"play", "step", "speed", "next", "scrub"})
FROZEN: Final = frozenset({"rewind"})
ACTIONS: Final = TAPE | FROZEN | {"freeze"}


class Driving(Shell):
    """The program, as far as it drives time."""

    requests: Requests | None = None
    """What is asked of the flow; None where nobody listens."""

    def now(self) -> datetime:
        """Give the time of day."""
        raise NotImplementedError

    def may_drive(self, action: str) -> bool:
        """Say whether an action on time does something now; never under something that asks or explains."""
        if self.screen.is_modal:
            return False
        if action in TAPE:
            return self.state.pace is not None and self.state.link is not Link.ENDED
        return self.rewind.frozen is not None if action in FROZEN else self.state.hello is not None

    def ask(self, wish: Control | str | None) -> None:
        """Ask the flow to drive its tape; say why where that cannot be."""
        complaint = wish
        if isinstance(wish, Control):
            complaint = self.requests.ask(wish) if self.requests else "this screen shows a recorded moment: there is no tape to drive"
        if isinstance(complaint, str) and complaint:
            self.notify(complaint, severity="warning", markup=False)

    def action_play(self) -> None:
        """Play or pause."""
        if self.state.pace:
            self.ask(control.play_or_pause(self.state.pace))

    def action_step(self) -> None:
        """Play a second."""
        self.ask(control.step())

    def action_speed(self, steps: int) -> None:
        """Change the speed."""
        if self.state.pace:
            self.ask(control.faster(self.state.pace) if steps > 0 else control.slower(self.state.pace))

    def action_next(self, what: Literal["alert", "gap"]) -> None:
        """Jump."""
        self.ask(control.up_to_next(what))

    def action_scrub(self) -> None:
        """Ask for a place on the tape."""
        from tui.widgets.prompt import Prompt

        if control.span(self.state.sources.values()) is None:
            self.ask("it is not known yet from where to where the tape goes")
        else:
            self.push_screen(Prompt("go to", f"{control.EXAMPLES}: only ahead, a flow never goes back", "", ()), self._scrub)

    def action_freeze(self) -> None:
        """Freeze the screen, or return to now."""
        if self.rewind.frozen is None:
            self.rewind.freeze(self.state, self.now())
        else:
            self.rewind.thaw()
        self.draw()

    def action_rewind(self, steps: int) -> None:
        """Scroll through what was shown."""
        self.rewind.move(steps)
        self.draw()

    def _scrub(self, typed: str | None) -> None:
        tape = control.span(self.state.sources.values())
        if typed and tape:
            self.ask(control.scrub(typed, tape))
