"""The page over the log of alerts: why one of them fired, on what, among what, what its rule asks for, and what if that
had been another. Of a rule that waits it says what for.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical

from scoring.feed import LAPSED, WAITING, AlertState
from tui import figures
from tui.pages import quieting
from tui.pages.quieting import Quieting
from tui.phases import Standing, next_words, state_words
from tui.ranges import View
from tui.standing import standing_of
from tui.state import State
from tui.widgets import explanation
from tui.widgets.chart import ChartView
from tui.widgets.explanation import Block, WhatIf
from tui.widgets.help import Section
from tui.widgets.lines import entitle
from tui.widgets.pane import Pane
from tui.widgets.rule_text import asked, waited

_AFTER_S: Final = 300.0
_NAME: Final = 60
_ID: Final = 40
"""Characters of them that are shown; an id has 16."""
_JUDGE_S: Final = 1.0
"""Seconds after which "what if" is asked again of what has been seen since."""


class Why(Pane):
    """The pane, which scrolls."""

    DEFAULT_CSS = """
    Why { height: 1fr; border: round $panel; border-title-color: $text-muted; background: $background; padding: 0 1;
        scrollbar-size-vertical: 1; scrollbar-color: $panel; scrollbar-background: $background; }
    Why:focus { border: round $primary; border-title-color: $primary; }
    Why Horizontal { height: auto; }
    Why #why-left, Why #why-right { width: 1fr; height: auto; }
    Why #why-right { padding: 0 0 0 2; }
    Why ChartView { height: 16; margin: 0 0 1 0; }
    """


class ExplanationPage(Quieting):
    """The page."""

    NAME = "alerts"
    DEFAULT_CSS = """
    ExplanationPage.-narrow Horizontal { layout: vertical; }
    ExplanationPage.-narrow #why-left, ExplanationPage.-narrow #why-right { width: 100%; padding: 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter", "app.pop_screen", "Back", id="explanation.back", tooltip="back to where you were"),
        *quieting.BINDINGS,
        Binding("plus,equals_sign", "change(1)", "More", id="explanation.more", key_display="+", tooltip="what if this were more"),
        Binding("minus", "change(-1)", "Less", id="explanation.less", key_display="-", tooltip="what if this were less"),
        Binding("w", "other", "Other", id="explanation.other", tooltip="change the threshold, or the `for`"),
        Binding("0", "reset", "As it was", False, id="explanation.reset", tooltip="take back what was changed"),
        Binding("y", "copy", "Copy id", id="explanation.copy", tooltip="copy the id of the alert, also over ssh: just explain takes it"),
    ]

    def __init__(self, alert_id: str) -> None:
        """Keep which alert."""
        super().__init__()
        self._alert_id = alert_id
        self._alert: AlertState | None = None
        self._standing: Standing | None = None
        self._wish: WhatIf | None = None
        self._chart = ChartView()
        self._reason, self._asked, self._numbers, self._crowd, self._whole, self._supposed = (Block() for _ in range(6))
        self._pane = Why()
        self._written: tuple[object, ...] = ()
        self._judged: tuple[tuple[object, ...], float] = ((), 0.0)

    def panes(self) -> ComposeResult:
        """Lay them out: side by side where there is room, else below each other."""
        with self._pane:
            with Horizontal():
                with Vertical(id="why-left"):
                    yield self._reason
                    yield self._asked
                    yield self._supposed
                with Vertical(id="why-right"):
                    yield self._chart
                    yield self._numbers
                    yield self._whole
            yield self._crowd

    def on_mount(self) -> None:
        """Let arrows scroll."""
        self._pane.focus()

    def room(self) -> tuple[object, ...]:
        """Give the columns of the blocks, and what was changed."""
        return (self._reason.size, self._numbers.size, self._crowd.size, *self._wished(), *self._chart.room)

    def _wished(self) -> tuple[object, ...]:
        wish = self._wish
        return (wish.threshold, wish.held, wish.is_held) if wish else ()

    def show(self, state: State) -> None:
        """Draw the alert as it stands; one that the screen has forgotten stays as it was known last."""
        standing = self._standing = standing_of(state, self._alert_id, self._alert, self.shell.memory.sayings.of(state.hello))
        if standing is None:
            return
        alert = standing.alert
        if self._wish is None and not standing.is_waiting:
            self._wish = WhatIf(alert, standing.rule)
        if self._alert is None:
            at = alert.fired_at or alert.started_at
            if at:
                self._chart.view = View("5m", zoom=-1, end_s=at.timestamp() + _AFTER_S, cursor_s=at.timestamp())
        self._alert = alert
        self._arrange(standing)
        entitle(self._pane, *_titles(standing))
        left, right = self._reason.size.width, self._numbers.size.width
        if not left:
            return  # not laid out yet: words in no columns would flash down the page
        words = (alert, standing.rule, standing.state, next_words(standing), left, right, self._crowd.size.width)
        if words != self._written:
            self._written = words
            self._reason.write(waited(standing, left) if standing.is_waiting else explanation.reason(alert, left))
            self._asked.write(asked(standing, left))
            self._numbers.write(explanation.numbers(alert, right))
            self._crowd.write(explanation.crowd(alert, self._crowd.size.width))
        self._whole.write(explanation.whole(alert, state, right))
        self._chart.show(state, alert.symbol)
        self._chart.border_title = "price and mood, five minutes before it and after"
        question = (alert, left, *self._wished())
        if self._wish and (question != self._judged[0] or time.monotonic() - self._judged[1] >= _JUDGE_S):
            self._judged = (question, time.monotonic())
            self._supposed.write(explanation.supposed(alert, self._wish, self.shell.measures, left))

    @property
    def standing(self) -> Standing | None:
        """The alert that is explained."""
        return self._standing

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the id only of what is stored under it."""
        if action == "copy":
            return self._alert is not None and self._alert.state not in (*WAITING, LAPSED)
        return super().check_action(action, parameters)

    def _arrange(self, standing: Standing) -> None:
        """Leave out what only an alert has."""
        self._supposed.display = self._wish is not None
        self._numbers.display = not standing.is_waiting or standing.alert.state == "pending"
        self._crowd.display = self._whole.display = not standing.is_waiting

    def sections(self) -> Sequence[Section]:
        """Explain what "what if" rests on."""
        return (
            (
                "What if",
                (
                    ("judged", "by the rules of the flow, over the final rows this screen has seen; the feed leaves out some of them"),
                    ("left out", "`clear_when` and the cooldown of the rule"),
                ),
            ),
            ("Posts", (("moved", "by how much a text moved the mood against its mean; copies count once"),)),
        )

    def action_copy(self) -> None:
        """Copy the id."""
        text = figures.prose(self._alert_id[:_ID])
        self.app.copy_to_clipboard(text)
        self.notify(f"copied {text}: just explain takes it", timeout=2, markup=False)

    def action_change(self, steps: int) -> None:
        """Change the threshold or the `for`."""
        if self._wish:
            self._wish.change(steps)
            self.shell.draw()

    def action_other(self) -> None:
        """Let the keys change the other one."""
        if self._wish:
            self._wish.other()
            self.shell.draw()

    def action_reset(self) -> None:
        """Take back every change."""
        if self._wish:
            self._wish.reset()
            self.shell.draw()


def _titles(standing: Standing) -> tuple[str, str]:
    """Say whom it is about, and what was said of it; below, the name under which it is stored."""
    alert = standing.alert
    said = f" · {state_words(standing)}" if standing.seen or standing.silent_until else ""
    about = figures.prose(f"Why · {alert.rule[:_NAME]} {alert.symbol[:_NAME]}{said}")
    return about, "esc goes back" if standing.is_waiting else f"id {figures.prose(alert.alert_id[:_ID])} · esc goes back"
