"""How each source is doing: what it has handed on, what was bad or missing, and how long it has been silent."""

from __future__ import annotations

from typing import Final

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult

from scoring.feed import SourceState
from tui import figures, palette
from tui.state import State
from tui.widgets.lines import Lines
from tui.widgets.pane import Pane

_MARKS: Final = {"live": ("●", palette.UP), "replaying": ("▶", palette.SECOND), "ended": ("■", palette.QUIET)}
_UNMARKED: Final = ("○", palette.WARNING)
_GAP: Final = "  "
_NUMBERS: Final = (("frames", 6), ("rejects", 7), ("gaps", 4), ("silent", 6))
_NAME_WIDTHS: Final = (9, 24)
_SILENT_S: Final = 60.0
"""A source that says nothing for a minute is worth a look; a quiet channel may well be."""


def listing(state: State, width: int) -> Text:
    """Write a heading and a line for each source, by name, `width` columns."""
    name_width = min(max(width - 2 - sum(size + len(_GAP) for _, size in _NUMBERS), _NAME_WIDTHS[0]), _NAME_WIDTHS[1])
    titles = [figures.fit("  source", name_width + 2), *(figures.fit(title, size, right=True) for title, size in _NUMBERS)]
    lines = [Text(_GAP.join(titles), Style(color=palette.QUIET))]
    lines += [line(source, state, name_width) for _, source in sorted(state.sources.items())]
    return Text("\n").join(lines)


def line(source: SourceState, state: State, name_width: int) -> Text:
    """Write one source."""
    mark, colour = _MARKS.get(source.state, _UNMARKED)
    now = state.tape_at
    silent = None if now is None or source.last_at is None else max((now - source.last_at).total_seconds(), 0.0)
    worry = silent is not None and silent > _SILENT_S and source.state != "ended"
    cells = (
        (figures.count(source.frames), palette.TEXT),
        (figures.count(source.rejects), palette.WARNING if source.rejects else palette.QUIET),
        (figures.count(source.gaps), palette.WARNING if source.gaps else palette.QUIET),
        (figures.age(silent), palette.WARNING if worry else palette.QUIET),
    )
    text = Text.assemble(
        (f"{mark} ", Style(color=colour)), (figures.fit(figures.clean(source.source), name_width), Style(color=palette.TEXT))
    )
    for (figure, tint), (_, size) in zip(cells, _NUMBERS, strict=True):
        text.append(_GAP + figures.fit(figure, size, right=True), Style(color=tint))
    return text


class Sources(Pane):
    """The pane of the sources."""

    BORDER_TITLE = "Sources"

    def __init__(self) -> None:
        """Make the lines."""
        super().__init__()
        self._listing = Lines(id="listing")

    def compose(self) -> ComposeResult:
        """Lay them out."""
        yield self._listing

    def show(self, state: State) -> None:
        """Draw the state."""
        quiet = Text("No source has reported." if state.hello else "", Style(color=palette.QUIET))
        self._listing.write(listing(state, self.room) if state.sources else quiet)

    @property
    def room(self) -> int:
        """Columns the lines have."""
        return self._listing.size.width
