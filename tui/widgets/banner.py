"""One line that stands under the headline while an alert fires that somebody should know of: what, about whom, how far, since when.

The gravest is told, the newest of those, and how many more there are. A number on top of missing data says so, whatever has no room.
"""

from __future__ import annotations

from typing import Final

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

from scoring.feed import AlertState
from tui import figures, palette
from tui.columns import is_whole, quality, quality_words
from tui.shell import shell
from tui.state import State
from tui.widgets.help import key_name
from tui.widgets.lines import Lines

_GAP: Final = "  "
_SEVERITIES: Final = {"critical": ("■", palette.CRITICAL), "warning": ("◆", palette.WARNING)}
"""Those that interrupt, the gravest first, with their marks as in the log."""
EXPLAIN: Final = "e"
EXPLAIN_ID: Final = "screen.why"
"""The key that explains what is told, and its name in the settings."""
_HINTED: Final = 60
"""Columns from which there is room to name it."""
_FRAME: Final = 3
"""Columns of the line that are no text: border and blanks."""


def firing(state: State) -> list[AlertState]:
    """Give the alerts to tell: the gravest first, and of those the newest."""
    told = [alert for alert in state.alerts.values() if alert.state == "firing" and alert.severity in _SEVERITIES]
    told.reverse()  # the latest change first, where two began at one instant
    order = list(_SEVERITIES)
    return sorted(told, key=lambda alert: (order.index(alert.severity), -figures.clock_order(alert.fired_at or alert.started_at)))


def banner(state: State, width: int, key: str = "") -> Text:
    """Write the line, `width` columns or less; empty while nothing fires. What matters least is left out where there is no room.

    At its end stands the `key` that explains what is told.
    """
    alerts = firing(state)
    if not alerts:
        return Text("")
    first, others = alerts[0], len(alerts) - 1
    mark, colour = _SEVERITIES[first.severity]
    loud, plain, quiet = Style(color=colour, bold=True), Style(color=palette.TEXT), Style(color=palette.QUIET)
    incomplete = not is_whole(first.completeness)
    metric = figures.clean(first.metric.rpartition(".")[2])
    parts = [
        (0, Text(mark, loud)),
        (3, Text(first.severity, loud)),
        (0, Text(figures.prose(first.rule), loud)),
        (0, Text(figures.prose(first.symbol), Style(color=palette.SECOND, bold=True))),
        (4, Text(metric, plain)),
        (0, Text(f"{figures.number(first.value)} vs {figures.number(first.threshold)}", plain)),
        (1, Text(f"since {figures.clock(first.fired_at or first.started_at)}", plain)),
        (0 if incomplete else 2, Text(f"data {quality_words(first.completeness)}", Style(color=quality(first.completeness)[1]))),
    ]
    more = Text(f"{_GAP}+{others} more" if others else "", quiet)
    if key and width >= _HINTED:
        more.append(f"{_GAP}{key}", Style(color=palette.ACCENT, bold=True)).append(" Why", quiet)
    room = max(width - cell_len(more.plain), 0)
    while max(rank for rank, _ in parts) and cell_len(_GAP.join(part.plain for _, part in parts)) > room:
        parts.remove(max(parts, key=lambda ranked: ranked[0]))
    line = Text(_GAP).join(part for _, part in parts)
    line.truncate(room, overflow="ellipsis")
    return line.append_text(more)


class Banner(Lines):
    """The line of what fires; a click explains it."""

    def show(self, state: State) -> None:
        """Draw the state."""
        keys = shell(self).settings.keys.get(EXPLAIN_ID, EXPLAIN)
        text = banner(state, self.screen.size.width - _FRAME, key_name(keys.partition(",")[0].strip()))
        self.display = bool(text.plain)
        self.set_class(any(alert.severity == "critical" for alert in firing(state)), "critical")
        self.write(text)

    async def on_click(self) -> None:
        """Explain what is told."""
        await self.app.run_action("why")
