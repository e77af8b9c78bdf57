"""How each source is doing: what it has handed on, what was bad or missing, and how long it has been silent.

Nothing is said to be live that is not heard of any more: after the end of a tape it has ended, and after a lost feed nobody knows.
"""

from __future__ import annotations

from typing import Final

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult

from scoring.feed import HealthState, SourceState
from tui import figures, palette
from tui.state import Link, State
from tui.widgets.lines import Lines, entitle
from tui.widgets.pane import Pane

_MARKS: Final = {
    "live": ("●", palette.UP),
    "replaying": ("▶", palette.SECOND),
    "paused": ("‖", palette.SECOND),
    "ended": ("■", palette.QUIET),
    "connecting": ("◌", palette.WARNING),
    "repairing": ("~", palette.SECOND),
    "stale": ("!", palette.WARNING),
    "down": ("✗", palette.CRITICAL),
}
_UNMARKED: Final = ("○", palette.WARNING)
_NOT_HEARD: Final = {Link.ENDED: ("■", palette.QUIET, "ended"), Link.LOST: ("?", palette.WARNING, "unknown")}
"""What stands in the place of a state that is told no more."""
_GAP: Final = "  "
_NUMBERS: Final = (("messages", 8), ("rejects", 7), ("gaps", 4), ("silent", 6))
_HEALTH: Final = (
    # title, columns, rank: the highest go first when there is no room
    ("rate/s", 7, 1),
    ("last", 4, 0),
    ("lag", 6, 3),
    ("skew ms", 7, 6),
    ("breaks", 6, 5),
    ("open", 4, 2),
    ("fixed", 5, 4),
    ("rejects", 7, 3),
)
_NAME_WIDTHS: Final = (9, 24)
_STATE_WIDTH: Final = 10
_ERROR_LEAST: Final = 28
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
    is_paused = source.state == "replaying" and state.pace is not None and state.pace.paused
    mark, colour, _ = _NOT_HEARD.get(state.link) or (*_MARKS.get("paused" if is_paused else source.state, _UNMARKED), "")
    now = None if state.link is Link.LOST else state.tape_at
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


def healths(state: State, width: int) -> Text:
    """Write a heading and a line for each input and output, those in trouble first; what is wrong and the next try take what is left,
    or a line of their own.
    """
    columns = list(_HEALTH)
    names = [figures.clean(health.source) for health in state.healths.values()]
    name_width = min(max(max(map(len, names), default=0), _NAME_WIDTHS[0]), _NAME_WIDTHS[1])

    def rest() -> int:
        return width - 2 - name_width - sum(len(_GAP) + size for _, size, _ in columns) - 2 * len(_GAP) - _STATE_WIDTH

    while rest() < _ERROR_LEAST and len(columns) > 1:
        columns.remove(max(columns, key=lambda column: column[2]))
    titles = [figures.fit("  input/output", name_width + 2), figures.fit("state", _STATE_WIDTH)]
    titles += [figures.fit(title, size, right=True) for title, size, _ in columns]
    titles.append(figures.fit("error, next try, detail", max(rest(), 0)))
    lines = [Text(_GAP.join(titles), Style(color=palette.QUIET))]
    for health in sorted(state.healths.values(), key=lambda each: (each.state == "live", each.source)):
        lines += _health(health, state, name_width, [(title, size) for title, size, _ in columns], max(rest(), 0))
    return Text("\n").join(lines)


def _health(health: HealthState, state: State, name_width: int, columns: list[tuple[str, int]], rest: int) -> list[Text]:
    told = _NOT_HEARD.get(state.link)
    mark, colour, word = told or (*_MARKS.get(health.state, _UNMARKED), figures.clean(health.state))
    is_fine = health.state == "live" and state.link is not Link.LOST
    text = Text.assemble(
        (f"{mark} ", Style(color=colour)),
        (figures.fit(figures.clean(health.source), name_width), Style(color=palette.TEXT, bold=not is_fine)),
        (_GAP + figures.fit(word, _STATE_WIDTH), Style(color=colour)),
    )
    written = _counted(health, is_now=told is None)
    has_messages = health.frames or health.last_at is not None or not health.detail
    for title, size in columns:
        figure, tint = written[title] if has_messages else ("", palette.QUIET)  # a process counts none
        text.append(_GAP + figures.fit(figure, size, right=True), Style(color=tint))
    said = _trouble(health) if told is None else _last_known(health, state)
    ink = Style(color=palette.QUIET if is_fine else palette.WARNING)
    if is_fine or cell_len(said) <= rest:
        return [text.append(_GAP + figures.fit(said, rest), ink)]
    text.append(_GAP + " " * rest)
    return [text, Text(_GAP + figures.fit(said, max(cell_len(text.plain) - len(_GAP), 0)), ink)]


def _counted(health: HealthState, *, is_now: bool) -> dict[str, tuple[str, str]]:
    """Write the numbers, by title, with their colours; what is true of one moment only is not known after it."""
    age = (health.at - health.last_at).total_seconds() if health.last_at else None
    moment = {
        "rate/s": (figures.number(health.rate), palette.TEXT),
        "last": (figures.age(age), palette.WARNING if age is not None and age > _SILENT_S else palette.QUIET),
        "lag": (figures.count(health.lag), palette.QUIET if not health.lag else palette.TEXT),
        "skew ms": (figures.signed(health.skew_ms, 0), palette.QUIET),
    }
    return {
        **(moment if is_now else dict.fromkeys(moment, (figures.UNKNOWN, palette.QUIET))),
        "breaks": (figures.count(health.reconnects), palette.QUIET if not health.reconnects else palette.TEXT),
        "open": (figures.count(health.gaps_open), palette.WARNING if health.gaps_open else palette.QUIET),
        "fixed": (figures.count(health.gaps_repaired), palette.QUIET),
        "rejects": (figures.count(health.rejects), palette.WARNING if health.rejects else palette.QUIET),
    }


def _trouble(health: HealthState) -> str:
    """Say what was wrong last, and when it is tried again where it is being tried; where nothing was, what else there is to say."""
    error = figures.prose(health.last_error or health.detail)
    if health.state == "live" or health.next_try_at is None:
        return error
    left = (health.next_try_at - health.at).total_seconds()
    again = "trying now" if left < 1 else f"next try in {left:.0f} s"
    return f"{again}: {error}" if error else again


def _last_known(health: HealthState, state: State) -> str:
    """Say how it was when it was heard of last, and when that was on the tape."""
    error = figures.prose(health.last_error or health.detail)
    known = f"{figures.clean(health.state)} at {figures.clock(state.tape_at)}"
    return f"{known}: {error}" if error else known


class Sources(Pane):
    """The pane of the sources, and of the inputs and outputs where the flow is live."""

    BORDER_TITLE = "Sources"

    def __init__(self) -> None:
        """Make the lines."""
        super().__init__()
        self._listing, self._healths = Lines(id="listing"), Lines(id="healths")

    def compose(self) -> ComposeResult:
        """Lay them out."""
        yield self._listing
        yield self._healths

    def show(self, state: State) -> None:
        """Draw the state."""
        is_told = state.link is Link.OPEN or state.tape_at is None
        entitle(self, self.BORDER_TITLE if is_told else f"{self.BORDER_TITLE} · as of {figures.clock(state.tape_at)}")
        quiet = Text("No source has reported." if state.hello else "", Style(color=palette.QUIET))
        self._listing.write(listing(state, self.room) if state.sources else quiet)
        self._healths.display = bool(state.healths)
        if state.healths:
            self._healths.write(healths(state, self.room))

    @property
    def room(self) -> int:
        """Columns the lines have."""
        return self._listing.size.width
