"""The log of alerts and of rules that wait for one: a list with one chosen, and below it the chosen one in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui import palette
from tui.looks import painted_style
from tui.phases import Standing
from tui.shell import look_of
from tui.standing import Column, at, chosen, heading, told, written
from tui.widgets.lines import Lines, entitle

_GUTTER: Final = 2
_CHOSEN: Final = "▸ "
_GROUND: Final = Style(bgcolor=palette.CURSOR)
_MARK: Final = Style(color=palette.ACCENT, bold=True)


class AlertLines(ScrollView, can_focus=True):
    """The lines."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", False, id="list.up", tooltip="the row above"),
        Binding("down,j", "move(1)", "Down", False, id="list.down", tooltip="the row below"),
        Binding("pageup,ctrl+b", "turn(-1)", "Page up", False, id="list.page_up", tooltip="a screen of rows up"),
        Binding("pagedown,ctrl+f", "turn(1)", "Page down", False, id="list.page_down", tooltip="a screen of rows down"),
        Binding("home", "end(-1)", "First", False, id="list.first", tooltip="the first row"),
        Binding("end,G", "end(1)", "Last", False, id="list.last", tooltip="the last row"),
    ]

    class Opened(Message):
        """The chosen alert is to be explained."""

    class Chosen(Message):
        """Another alert was chosen."""

    def __init__(self) -> None:
        """Start empty."""
        super().__init__(id="alert-rows")
        self.chosen = ""
        """Id of the chosen alert: it stays chosen where rows move."""
        self._rows: tuple[Standing, ...] = ()

    @property
    def standing(self) -> Standing | None:
        """The chosen alert."""
        return next((row for row in self._rows if row.alert.alert_id == self.chosen), None)

    def show(self, rows: Sequence[Standing]) -> None:
        """Draw these alerts."""
        if self.chosen not in (row.alert.alert_id for row in rows):
            self.chosen = rows[0].alert.alert_id if rows else ""
        self._rows = tuple(rows)
        self.virtual_size = Size(self.size.width, len(rows))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Give one line of what is in sight."""
        place, width = y + self.scroll_offset.y, self.size.width
        if place >= len(self._rows):
            return Strip.blank(width, self.rich_style)
        row, look = self._rows[place], look_of(self)
        here = row.alert.alert_id == self.chosen
        line = [(_CHOSEN if here else " " * _GUTTER, _MARK), *written(row, chosen(width - _GUTTER))]
        ground = _GROUND if here else Style()
        segments = [Segment(text, painted_style(look, style + ground)) for text, style in line]
        return Strip(segments).adjust_cell_length(width, painted_style(look, ground)).apply_style(self.rich_style)

    def on_click(self, event: events.Click) -> None:
        """Choose what was clicked; explain it where it was clicked twice."""
        place = event.get_content_offset_capture(self).y + self.scroll_offset.y
        if place < len(self._rows):
            self._choose(place)
            if event.chain > 1:
                self.post_message(self.Opened())

    def action_move(self, rows: int) -> None:
        """Choose another alert."""
        ids = [row.alert.alert_id for row in self._rows]
        if ids:
            self._choose(min(max(ids.index(self.chosen) + rows, 0), len(ids) - 1))

    def action_turn(self, pages: int) -> None:
        """Move by what is in sight."""
        self.action_move(pages * max(self.size.height - 1, 1))

    def action_end(self, side: int) -> None:
        """Go to the first or the last."""
        self.action_move(side * len(self._rows))

    def _choose(self, place: int) -> None:
        self.chosen = self._rows[place].alert.alert_id
        top = self.scroll_offset.y
        if place < top:
            self.scroll_to(y=place, animate=False)
        elif place >= top + self.size.height:
            self.scroll_to(y=place - self.size.height + 1, animate=False)
        self.refresh()
        self.post_message(self.Chosen())


class AlertTitles(Lines):
    """The heading, which sorts where it is clicked."""

    class Clicked(Message):
        """A title was clicked."""

        def __init__(self, column: Column) -> None:
            """Say which."""
            super().__init__()
            self.column = column

    def on_click(self, event: events.Click) -> None:
        """Say what was clicked."""
        column = at(chosen(self.size.width - _GUTTER), event.get_content_offset_capture(self).x - _GUTTER)
        if column:
            self.post_message(self.Clicked(column))


class AlertLog(Vertical):
    """The pane."""

    BORDER_TITLE = "Alerts"
    DEFAULT_CSS = """
    AlertLog {
        height: 1fr; border: round $panel; border-title-color: $text-muted; background: $background; padding: 0 1;
    }
    AlertLog:focus-within { border: round $primary; border-title-color: $primary; }
    AlertLog AlertTitles { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    AlertLog #alert-told { height: auto; max-height: 2; }
    AlertLog AlertLines {
        height: 1fr; background: $background; overflow-x: hidden;
        scrollbar-size-vertical: 1; scrollbar-color: $panel; scrollbar-background: $background;
    }
    AlertLog AlertLines:focus { background: $background; }
    """

    def __init__(self) -> None:
        """Make its parts."""
        super().__init__()
        self.list = AlertLines()
        self._titles, self._told = AlertTitles(id="alert-titles"), Lines(id="alert-told")

    def compose(self) -> ComposeResult:
        """Lay them out."""
        yield self._titles
        yield self.list
        yield self._told

    def show(self, rows: Sequence[Standing], known: int, sort: str, *, descending: bool, quiet: str) -> None:
        """Draw these alerts of all that are known; `quiet` is said where there is none."""
        firing = sum(row.alert.state == "firing" for row in rows)
        waiting = Counter(row.alert.state for row in rows if row.is_waiting)
        others = "".join(f" · {count} {word}" for word, count in sorted(waiting.items()))
        entitle(self, f"Alerts · {len(rows)} of {known} · {firing} firing{others}" if known else "Alerts")
        titles = Text(" " * _GUTTER)
        for text, style in heading(chosen(self.room - _GUTTER), sort, descending=descending):
            titles.append(text, style)
        self._titles.write(titles)
        self.list.show(rows)
        words = Style(color=palette.QUIET)
        self._told.write(Text(told(self.list.standing), words) if self.list.standing else Text(quiet, words))

    @property
    def room(self) -> int:
        """Columns the lines have."""
        return self.list.size.width
