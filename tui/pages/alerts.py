"""The page of the alerts: the log of what fired, what somebody has said of it, and the way to why it did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tui import figures
from tui.pages import quieting
from tui.pages.quieting import Quieting
from tui.phases import Standing
from tui.standing import COLUMNS, standings, wished
from tui.state import State
from tui.widgets.alert_log import AlertLines, AlertLog, AlertTitles
from tui.widgets.help import Section
from tui.widgets.pane import Pane


class AlertsPage(Quieting):
    """The page."""

    NAME = "alerts"
    LISTS = (AlertLines, Pane)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "explain", "Why", id="alerts.explain", tooltip="explain the chosen alert"),
        Binding("slash", "filter", "Filter", id="alerts.filter", key_display="/", tooltip="show only alerts with these words in them"),
        *quieting.BINDINGS,
        Binding(
            "o",
            "sort",
            "Order",
            False,
            id="alerts.sort",
            tooltip="sort by the next column, at last the newest first; so does a click on a title",
        ),
        Binding("O", "reverse", "Reverse", False, id="alerts.reverse", tooltip="sort the other way round"),
        Binding("y", "copy", "Copy", False, id="alerts.copy", tooltip="copy the id, which `just explain` takes"),
        Binding("escape", "clear", "Clear", False, id="alerts.clear", tooltip="clear the filter"),
    ]

    def __init__(self) -> None:
        """Make the log."""
        super().__init__()
        self._log = AlertLog()

    def panes(self) -> ComposeResult:
        """Lay it out."""
        yield self._log

    def room(self) -> tuple[object, ...]:
        """Give the columns of the log."""
        return (self._log.room, self._log.list.chosen)

    def show(self, state: State) -> None:
        """Draw the state."""
        memory = self.shell.memory
        found = standings(state, memory.sayings.of(state.hello))
        rows = wished(found, memory.alert_filter, memory.alert_sort, descending=memory.alert_descending)
        quiet = f"nothing here is like {figures.clean(memory.alert_filter)!r}: esc shows all" if found else "No alert so far."
        self._log.show(rows, len(found), memory.alert_sort, descending=memory.alert_descending, quiet=quiet if state.hello else "")

    def sections(self) -> Sequence[Section]:
        """Explain the columns and what silence means."""
        columns = tuple((column.title, column.meaning) for column in COLUMNS)
        quieting = (
            ("seen, silent", "such an alert has no line of its own under the headline; here it stays"),
            ("until", "a silence lasts so long on the tape, for this rule on this symbol, on this screen only"),
            ("a new start", "on a live feed both are remembered; a tape that is replayed again is new"),
        )
        return (("Columns", columns), ("Quiet", quieting))

    @property
    def standing(self) -> Standing | None:
        """The chosen alert."""
        return self._log.list.standing

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what would do something."""
        match action:
            case "explain" | "copy":
                return self.standing is not None
            case "clear":
                return bool(self.shell.memory.alert_filter)
            case "reverse":
                return bool(self.shell.memory.alert_sort)
            case _:
                return super().check_action(action, parameters)

    def on_alert_lines_chosen(self) -> None:
        """Say of the chosen one what there is to say."""
        self.draw_now()

    def on_alert_lines_opened(self) -> None:
        """Explain what was clicked twice."""
        self.action_explain()

    def on_alert_titles_clicked(self, event: AlertTitles.Clicked) -> None:
        """Sort by what was clicked, the other way round where it was sorted so."""
        memory = self.shell.memory
        turned = memory.alert_sort == event.column.title and not memory.alert_descending
        self._remember(alert_sort=event.column.title, alert_descending=turned)

    def action_explain(self) -> None:
        """Open the explanation."""
        if standing := self.standing:
            self.shell.open_alert(standing.alert.alert_id)

    def action_filter(self) -> None:
        """Ask for a filter, which acts while it is typed."""
        from tui.widgets.prompt import Prompt

        before = self.shell.memory.alert_filter
        hint = "words such as firing, pending, critical or a symbol; escape leaves it as it was"
        prompt = Prompt("/", hint, before, (), lambda typed: self._remember(alert_filter=typed))
        self.app.push_screen(prompt, lambda typed: self._remember(alert_filter=before if typed is None else typed))

    def action_clear(self) -> None:
        """Clear the filter."""
        self._remember(alert_filter="")

    def action_sort(self) -> None:
        """Sort by the next column."""
        titles = ["", *(column.title for column in COLUMNS)]
        now = self.shell.memory.alert_sort
        self._remember(alert_sort=titles[(titles.index(now) + 1) % len(titles)] if now in titles else "", alert_descending=False)

    def action_reverse(self) -> None:
        """Turn the order round."""
        self._remember(alert_descending=not self.shell.memory.alert_descending)

    def action_copy(self) -> None:
        """Copy the id of the chosen alert."""
        if standing := self.standing:
            name = figures.clean(standing.alert.alert_id)
            self.app.copy_to_clipboard(name)
            self.notify(f"copied {name}", timeout=2, markup=False)

    def _remember(self, **changes: object) -> None:
        self.shell.remember(msgspec.structs.replace(self.shell.memory, **changes))
        self.draw_now()
