"""The chart on the screen: it keeps what is looked at, answers keys and mouse, and draws again only what has changed."""

from __future__ import annotations

from typing import Final

import msgspec
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui import figures, palette
from tui.canvas import BLOCKS, BRAILLE, by_terminal
from tui.chart import draw
from tui.frame import Chart, Line, frame_of
from tui.history import History, history
from tui.looks import painted_style
from tui.ranges import View, Window, length_text, moved, ranged, time_text, zoomed
from tui.readout import readout
from tui.shell import look_of
from tui.state import State

_PRESSED: Final = 1
"""The left button."""
_EMPTY: Final = "No price has been heard so far."


class ChartView(Widget, can_focus=True):
    """The chart of one symbol."""

    ALLOW_SELECT = False
    """A click would mark a letter of it over the crosshair."""
    DEFAULT_CSS = """
    ChartView {
        border: round $panel;
        border-title-color: $text-muted;
        border-title-style: none;
        border-subtitle-color: $text-muted;
        background: $background;
        padding: 0 1;
    }
    ChartView:focus {
        border: round $primary;
        border-title-color: $primary;
    }
    """

    class Looked(Message):
        """Something else is looked at, because of the mouse."""

    def __init__(self) -> None:
        """Start empty, following the tape."""
        super().__init__(id="chart")
        self.view = View()
        self.dots = by_terminal()
        self.is_candles = False
        self._symbol = ""
        self._drawn: tuple[object, ...] = ()
        self._lines: list[Line] = []
        self._strips: list[Strip] = []
        self._window: Window | None = None
        self._oldest_s = self._newest_s = 0.0
        self._titles = ("", "")

    @property
    def room(self) -> tuple[object, ...]:
        """What a drawing depends on beside the state."""
        return (self.size, self.view, self.dots, self.is_candles)

    def show(self, state: State, symbol: str) -> None:
        """Draw what is known of a symbol."""
        if symbol != self._symbol:
            self._symbol = symbol
            self.view = msgspec.structs.replace(self.view, end_s=None, cursor_s=None)
        known, now = history(state, symbol), state.tape_at
        now_s = now.timestamp() if now else known.newest_s or 0.0
        chart = self._chart(known, now_s)
        self._window, self._newest_s = chart.frame.window, max(now_s, known.newest_s or 0.0)
        self._oldest_s = self._newest_s if known.oldest_s is None else known.oldest_s
        drawn = (chart, look_of(self))
        if drawn == self._drawn:
            lines = self._lines[1:]
        else:
            lines = draw(chart)
            if not known.prices:
                lines = [[(figures.fit(_EMPTY if state.hello else "", self.size.width), Style(color=palette.QUIET))], *lines[1:]]
        top = readout(msgspec.structs.replace(chart, now_s=now_s), self.size.width)
        self._write([top, *lines], is_other_look=drawn[1:] != self._drawn[1:])
        self._drawn = drawn
        self._entitle()

    def render_line(self, y: int) -> Strip:
        """Give one line."""
        width = self.size.width
        strip = self._strips[y] if y < len(self._strips) else Strip.blank(width)
        return strip.adjust_cell_length(width).apply_style(self.rich_style)

    def on_click(self, event: events.Click) -> None:
        """Put the crosshair where was clicked."""
        self._point(event)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Let the crosshair follow a mouse that is pressed."""
        if event.button == _PRESSED:
            self._point(event)

    def _point(self, event: events.MouseEvent) -> None:
        if self._window is None or not isinstance(self._drawn[0], Chart):
            return
        column = event.get_content_offset_capture(self).x - self._drawn[0].frame.left
        if 0 <= column < self._window.columns:
            self.view = msgspec.structs.replace(self.view, cursor_s=self._window.at(column))
            self.post_message(self.Looked())

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Zoom in."""
        event.stop()
        self.zoom(1)
        self.post_message(self.Looked())

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Zoom out."""
        event.stop()
        self.zoom(-1)
        self.post_message(self.Looked())

    def widen(self, steps: int) -> None:
        """Take a longer range, or a shorter one."""
        self.view = ranged(self.view, steps)

    def zoom(self, steps: int) -> None:
        """Zoom in, or out."""
        if self._window is not None:
            self.view = zoomed(self.view, steps, self._window, self._oldest_s, self._newest_s)

    def move(self, columns: int) -> None:
        """Move the crosshair."""
        if self._window is not None:
            self.view = moved(self.view, columns, self._window, self._newest_s)

    def turn(self, pages: int) -> None:
        """Move the crosshair by half of what is seen."""
        self.move(pages * (self._window.columns // 2 if self._window else 0))

    def follow(self) -> None:
        """Follow the tape, without a crosshair."""
        self.view = msgspec.structs.replace(self.view, end_s=None, cursor_s=None)

    def change_dots(self) -> None:
        """Draw in blocks instead of braille, or the other way round."""
        self.dots = BLOCKS if self.dots is BRAILLE else BRAILLE

    def _chart(self, known: History, now_s: float) -> Chart:
        """A chart changes once a second at most where nothing is heard: only ages pass by faster."""
        at_s = float(now_s // 1)
        frame = frame_of(known, self.view, at_s, self.size.width, self.size.height - 1)
        return Chart(known, frame, self.view.cursor_s, at_s, self.is_candles, self.dots)

    def _write(self, lines: list[Line], *, is_other_look: bool) -> None:
        look = look_of(self)
        changed = [
            y
            for y, line in enumerate(lines)
            if is_other_look or y >= len(self._lines) or (line is not self._lines[y] and line != self._lines[y])
        ]
        strips = self._strips[: len(lines)] + [Strip.blank(0)] * (len(lines) - len(self._strips))
        for y in changed:
            strips[y] = Strip([Segment(text, painted_style(look, style)) for text, style in lines[y]])
        if len(lines) < len(self._lines):
            self.refresh()
        elif changed:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed))
        self._lines, self._strips = lines, strips

    def _entitle(self) -> None:
        span = self.view.range
        if self.view.zoom and self._window is not None:
            span = length_text(self._window.end_s - self._window.start_s)
        title = f"{figures.clean(self._symbol) or 'Chart'} · {span} · {'candles' if self.is_candles else 'line'}"
        until = "" if self._window is None or self.view.is_followed else f"until {time_text(self._window.end_s)} · End returns to now"
        if (title, until) != self._titles:
            self._titles = title, until
            self.border_title, self.border_subtitle = Text(title), Text(until)
