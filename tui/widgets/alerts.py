"""The log of alerts, newest first: how grave, when, what, about whom, the number against its threshold, and what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from rich.style import Style
from rich.text import Text
from textual import events
from textual.app import ComposeResult

from scoring.feed import AlertState
from tui import figures, palette
from tui.shell import shell
from tui.silences import Said, is_seen, silent_until
from tui.state import State
from tui.widgets.lines import Lines, entitle
from tui.widgets.pane import Pane

_MARKS: Final = {"critical": ("■", palette.CRITICAL), "warning": ("◆", palette.WARNING), "info": ("●", palette.SECOND)}
_UNMARKED: Final = ("○", palette.TEXT)
_GAP: Final = "  "
_WIDE: Final = 112
"""From here on there is room for severity and metric in words."""
_REST: Final = -1
"""The width of the column that takes what the others leave."""
_RULE_WIDTHS: Final = (10, 28)
_OUTCOME: Final = 12
_NUMBERS: Final = -2
"""The place of what goes where it is narrow: first the numbers, then the symbol."""
_FEWEST: Final = 4
"""Columns that stay: when, how grave, what, and how it stands."""


def log(state: State, width: int, said: Said) -> Text:
    """Write the alerts, the latest to begin first, `width` columns; with what was said of those that are not over."""
    return Text("\n").join(line(alert, width, _quieted(alert, said, state.tape_at)) for alert in newest_first(state))


def _quieted(alert: AlertState, said: Said, now: datetime | None) -> str:
    """Give the mark of what was said, as on the page of the alerts."""
    if alert.state == "resolved":
        return ""
    return "⊘" if silent_until(alert, said.silences, now) else "✓" if is_seen(alert, said.seen) else ""


def _with(outcome: str, quieted: str) -> str:
    """Put a mark behind words where there is room: they say more."""
    return next((text for text in (f"{outcome} {quieted}".rstrip(), f"{outcome}{quieted}") if len(text) <= _OUTCOME), outcome)


def newest_first(state: State) -> list[AlertState]:
    """Give the alerts, the latest to begin first, and of those that began at one instant the one that has changed last."""
    found = list(state.alerts.values())
    found.reverse()
    return sorted(found, key=lambda alert: -figures.clock_order(alert.started_at))


def line(alert: AlertState, width: int, quieted: str = "") -> Text:
    """Write one alert in one line: bright while it fires, quiet after; behind its outcome what was said of it."""
    firing = alert.state != "resolved"
    mark, colour = _MARKS.get(alert.severity, _UNMARKED)
    cells = [
        (figures.clock(alert.fired_at or alert.started_at), 8, palette.QUIET),
        (f"{mark} {alert.severity}" if width >= _WIDE else mark, 10 if width >= _WIDE else 1, colour if firing else palette.QUIET),
        (alert.rule, _REST, palette.TEXT if firing else palette.QUIET),
        (alert.symbol, 9, palette.SECOND if firing else palette.QUIET),
        (alert.metric.rpartition(".")[2] if width >= _WIDE else "", 24 if width >= _WIDE else 0, palette.QUIET),
        (
            f"{figures.number(alert.value)} vs {figures.number(alert.threshold)}",
            16 if width >= _WIDE else 12,
            palette.TEXT if firing else palette.QUIET,
        ),
        (_with(_outcome(alert), quieted), _OUTCOME, colour if firing and not quieted else palette.QUIET),
    ]
    shown = [cell for cell in cells if cell[1]]
    while (rest := width - sum(size for _, size, _ in shown if size != _REST) - len(_GAP) * (len(shown) - 1)) < _RULE_WIDTHS[0]:
        if len(shown) <= _FEWEST:
            break
        shown.pop(_NUMBERS)
    sizes = (min(max(rest, _RULE_WIDTHS[0]), _RULE_WIDTHS[1]) if size == _REST else size for _, size, _ in shown)
    return Text(_GAP).join(
        Text(figures.fit(figures.clean(text), size), Style(color=tint, bold=firing and asked == _REST))
        for (text, asked, tint), size in zip(shown, sizes, strict=True)
    )


def _outcome(alert: AlertState) -> str:
    """Say how it stands; one that rests on incomplete data says that first."""
    if alert.state == "resolved":
        return f"over {alert.resolved_at:%H:%M}" if alert.resolved_at else "over"
    state = alert.state.replace("_", " ")
    return state if "gap" not in alert.completeness else f"{state}, gap"


class Alerts(Pane):
    """The pane of the alerts; a click on one explains it."""

    BORDER_TITLE = "Alerts"

    def __init__(self) -> None:
        """Make the lines."""
        super().__init__()
        self._log = Lines(id="log")
        self._alerts: list[AlertState] = []

    def compose(self) -> ComposeResult:
        """Lay them out."""
        yield self._log

    def show(self, state: State) -> None:
        """Draw the state."""
        self._alerts = newest_first(state)
        firing = sum(alert.state == "firing" for alert in state.alerts.values())
        entitle(self, f"Alerts · {firing} firing" if firing else "Alerts")
        quiet = Text("No alert so far." if state.hello else "", Style(color=palette.QUIET))
        if not self.room:
            return  # not laid out yet: names would be cut for a moment
        said = shell(self).memory.sayings.of(state.hello)
        self._log.write(log(state, self.room, said) if state.alerts else quiet)

    def on_click(self, event: events.Click) -> None:
        """Explain what was clicked."""
        offset = event.get_content_offset(self._log)
        if offset is not None and offset.y < len(self._alerts):
            shell(self).open_alert(self._alerts[offset.y].alert_id)

    @property
    def room(self) -> int:
        """Columns the lines have."""
        return self._log.size.width
