"""The lines of the watch list: as many symbols as there are, of which only those in sight are drawn, and of those only what changed.

The chosen row has a mark and a ground of its own, the chosen cell is underlined. Hundreds of symbols cost what a screen full costs.
"""

from __future__ import annotations

import functools
from typing import ClassVar, Final

import msgspec
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui import figures, palette
from tui.columns import Layout, Line, Moment, lines
from tui.looks import Look, painted_style
from tui.shell import look_of, shell
from tui.state import State
from tui.watch import Heading, Item, Readings

GUTTER: Final = 2
"""Columns before a row, for the mark of the chosen one."""
_CHOSEN: Final = "▸ "
_PLAIN: Final = Style()
_GROUND: Final = Style(bgcolor=palette.CURSOR)
_HEADING: Final = Style(color=palette.ACCENT, bold=True)
_RULE: Final = Style(color=palette.PANEL)


@functools.lru_cache(maxsize=512)
def _worn(look: Look, base: Style, style: Style) -> Style:
    return base + painted_style(look, style)


class WatchList(ScrollView, can_focus=True):
    """The lines."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", False, id="list.up", tooltip="the row above"),
        Binding("down,j", "move(1)", "Down", False, id="list.down", tooltip="the row below"),
        Binding("left,h", "cell(-1)", "Left", False, id="list.left", tooltip="the cell before: it is what s, x and y are about"),
        Binding("right,l", "cell(1)", "Right", False, id="list.right", tooltip="the next cell"),
        Binding("pageup,ctrl+b", "turn(-1)", "Page up", False, id="list.page_up", tooltip="a screen of rows up"),
        Binding("pagedown,ctrl+f", "turn(1)", "Page down", False, id="list.page_down", tooltip="a screen of rows down"),
        Binding("home", "end(-1)", "First", False, id="list.first", tooltip="the first row"),
        Binding("end,G", "end(1)", "Last", False, id="list.last", tooltip="the last row"),
    ]

    class Opened(Message):
        """A symbol is to be opened."""

        def __init__(self, symbol: str) -> None:
            """Say which."""
            super().__init__()
            self.symbol = symbol

    def __init__(self) -> None:
        """Start empty."""
        super().__init__(id="rows")
        self.symbol = ""
        """The chosen one; kept by name, so that it stays chosen where rows move."""
        self.marked = ""
        """Name of the column of the chosen cell."""
        self._items: tuple[Item, ...] = ()
        self._layout: Layout = ()
        self._tops: list[int] = []
        """First line of each item."""
        self._owners: list[int] = []
        """Item of each line."""
        self._height = 1
        self._drawn: dict[int, list[Line]] = {}
        self._stale: set[int] = set()
        """Items that are to be drawn again: a key that scrolls draws what comes into sight, and nothing else."""
        self._source: tuple[State, Readings, Moment] | None = None
        self._base: Style | None = None
        """What every line stands on; None until the next one is drawn."""

    def show(self, state: State, readings: Readings, moment: Moment, items: tuple[Item, ...], layout: Layout) -> None:
        """Draw these items, as they stand."""
        if self.marked not in (column.name for column, _ in layout):
            self.marked = layout[0][0].name
        if items != self._items or moment.height != self._height or layout != self._layout:
            self._items, self._height, self._layout = items, moment.height, layout
            self._measure()
        if self.symbol not in items:
            self.symbol = next((item for item in items if isinstance(item, str)), "")
        self._source = (state, readings, moment)
        self._stale = set(self._drawn)
        self._redraw()

    def choose(self, symbol: str) -> None:
        """Choose a row and bring it into sight, with the heading before it."""
        if symbol not in self._items:
            return
        self._forget(self.symbol, symbol)
        self.symbol = symbol
        place = self._items.index(symbol)
        top, seen = self._tops[place], self.scroll_offset.y
        if top < seen:
            under_heading = place > 0 and isinstance(self._items[place - 1], Heading)
            self.scroll_to(y=top - under_heading, animate=False, immediate=True)
        elif top + self._height > seen + self.size.height:
            self.scroll_to(y=top + self._height - self.size.height, animate=False, immediate=True)
        if self.scroll_offset.y == seen:
            self._redraw()

    def render_line(self, y: int) -> Strip:
        """Give one line of what is in sight."""
        at = y + self.scroll_offset.y
        width = self.size.width
        if at >= len(self._owners):
            return Strip.blank(width, self.rich_style)
        item = self._owners[at]
        drawn = self._drawn.get(item) or self._lines(item)
        look, pieces = look_of(self), drawn[at - self._tops[item]]
        if self._base is None:
            self._base = self.rich_style
        segments = [Segment(text, _worn(look, self._base, style)) for text, style in pieces]
        length = sum(cell_len(text) for text, _ in pieces)
        if length < width:
            segments.append(Segment(" " * (width - length), _worn(look, self._base, self._ground(item))))
        strip = Strip(segments, max(length, width))
        return strip if length <= width else strip.adjust_cell_length(width)

    def notify_style_update(self) -> None:
        """Learn anew what every line stands on."""
        super().notify_style_update()
        self._base = None

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Draw what has come into sight."""
        super().watch_scroll_y(old_value, new_value)
        self._redraw()

    def on_resize(self) -> None:
        """Keep the scroll bar true."""
        self._measure()

    def on_click(self, event: events.Click) -> None:
        """Choose what was clicked; open it where it was chosen already."""
        at = event.get_content_offset_capture(self).y + self.scroll_offset.y
        if at >= len(self._owners):
            return
        item = self._items[self._owners[at]]
        if item == self.symbol and event.chain > 1:
            self.post_message(self.Opened(item))
        elif isinstance(item, str):
            self._pick(item)

    def action_move(self, rows: int) -> None:
        """Choose another row."""
        names = [item for item in self._items if isinstance(item, str)]
        if names:
            place = names.index(self.symbol) if self.symbol in names else 0
            self._pick(names[min(max(place + rows, 0), len(names) - 1)])

    def action_turn(self, pages: int) -> None:
        """Move by what is in sight."""
        self.action_move(pages * max(self.size.height // self._height - 1, 1))

    def action_end(self, side: int) -> None:
        """Go to the first or the last row."""
        self.action_move(side * len(self._items))

    def action_cell(self, cells: int) -> None:
        """Choose another cell."""
        names = [column.name for column, _ in self._layout]
        if names:
            self.marked = names[(names.index(self.marked) + cells) % len(names)]
            self._forget(self.symbol)
            self._redraw()

    def _pick(self, symbol: str) -> None:
        """Choose by hand: remembered before the next key comes, so that none is lost."""
        program = shell(self)
        program.remember(msgspec.structs.replace(program.memory, symbol=symbol))
        self.choose(symbol)

    def _measure(self) -> None:
        self._tops, self._owners = [], []
        for place, item in enumerate(self._items):
            self._tops.append(len(self._owners))
            self._owners += [place] * (1 if isinstance(item, Heading) else self._height)
        self.virtual_size = Size(self.size.width, len(self._owners))
        self._drawn = {}
        self.refresh()

    def _forget(self, *symbols: str) -> None:
        self._stale.update(place for place in self._drawn if self._items[place] in symbols)

    def _redraw(self) -> None:
        """Draw what is in sight and is not drawn as it stands, and tell the terminal of the lines that have changed."""
        first, last = self.scroll_offset.y, min(self.scroll_offset.y + self.size.height, len(self._owners))
        drawn: dict[int, list[Line]] = {}
        for item in dict.fromkeys(self._owners[first:last]):
            known = self._drawn.get(item)
            drawn[item] = self._lines(item) if known is None or item in self._stale else known
            if drawn[item] != known:
                self.refresh_lines(self._tops[item], len(drawn[item]))
        self._drawn, self._stale = drawn, set()

    def _lines(self, place: int) -> list[Line]:
        item = self._items[place]
        if isinstance(item, Heading):
            text = f"── {figures.clean(item.text)} "
            return [[(text, _HEADING), ("─" * max(self.size.width - len(text), 0), _RULE)]]
        if self._source is None:
            return [[] for _ in range(self._height)]
        state, readings, moment = self._source
        chosen = item == self.symbol
        written = lines(readings.of(state, item), moment, self._layout, self.marked if chosen else "")
        for y, line in enumerate(written):
            line.insert(0, (_CHOSEN if chosen and y == moment.height // 2 else " " * GUTTER, _HEADING))
        return [[(text, style + _GROUND) for text, style in line] for line in written] if chosen else written

    def _ground(self, place: int) -> Style:
        return _GROUND if self._items[place] == self.symbol else _PLAIN
