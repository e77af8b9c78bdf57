"""One line above the footer: where a replayed tape stands and how it runs; or that the screen is frozen, since when, and what it shows.

A click on the line of the tape sends it there, as far as that lies ahead.
"""

from __future__ import annotations

from typing import Final

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual import events

from scoring.feed import PaceState
from tui import control, figures, palette
from tui.rewind import Frozen
from tui.shell import shell
from tui.state import Link, State
from tui.widgets.lines import Lines

_QUIET: Final = Style(color=palette.QUIET)
_LOUD: Final = Style(color=palette.ACCENT, bold=True)
_FROZEN: Final = Style(color=palette.WARNING, bold=True)
_PLAIN: Final = Style(color=palette.TEXT)
_GAP: Final = "  "
_LEAST: Final = 10
"""Columns of the line of the tape, or it is left out."""


def bar(state: State, width: int) -> tuple[Text, int, int]:
    """Write how a tape runs, `width` columns; and where the line of the tape begins, and its length."""
    pace = state.pace
    if pace is None:
        return Text(""), 0, 0
    over = state.link is not Link.OPEN  # after a lost feed nobody knows how it runs
    word = "■ over" if state.link is Link.ENDED else "? unknown" if over else "‖ paused" if pace.paused else "▶ plays"
    left = Text(word, _LOUD)
    left.append(f" {figures.speed(pace.speed)}", _PLAIN)
    right = Text(_GAP + _goal(pace), Style(color=palette.SECOND)) if _goal(pace) and not over else Text("")
    hints = Text(f"{_GAP}space {'plays' if pace.paused else 'pauses'} · . step · n alert · N gap · t go to", _QUIET)
    tape = control.span(state.sources.values())
    if tape is None:
        return _cut(left.append_text(right), width), 0, 0
    left.append(f"{_GAP}{tape.at:%H:%M:%S} ", _PLAIN)
    right = Text(f" {tape.end:%H:%M:%S}", _QUIET).append_text(right)
    if width - cell_len(left.plain + right.plain + hints.plain) >= 3 * _LEAST and not over:
        right.append_text(hints)
    start, length = cell_len(left.plain), width - cell_len(left.plain + right.plain)
    if length < _LEAST:
        return _cut(left.append_text(right), width), 0, 0
    done = round(tape.share(tape.at) * (length - 1))
    left.append("━" * done, Style(color=palette.ACCENT)).append("◆", _LOUD).append("─" * (length - 1 - done), _QUIET)
    return left.append_text(right), start, length


def still(frozen: Frozen, width: int) -> Text:
    """Write that the screen is frozen, `width` columns or less; what matters least is left out where there is no room."""
    shows = frozen.state.tape_at
    back = f", {figures.age(frozen.back_s)} back" if frozen.back_s else ""
    parts = [
        Text(f"❙❙ frozen since {figures.clock(frozen.since)}", _FROZEN),
        Text(f"shows {figures.clock(shows)}{back}", _PLAIN),
        Text("f returns to now", _QUIET),
        Text(f"← → back and forth, {frozen.place + 1} of {len(frozen.kept)}", _QUIET),
    ]
    while len(parts) > 1 and cell_len(_GAP.join(part.plain for part in parts)) > width:
        parts.pop()
    return _cut(Text(_GAP).join(parts), width)


def _goal(pace: PaceState) -> str:
    if pace.until_next:
        return f"to the next {figures.prose(pace.until_next[:20])}"
    return f"until {pace.until:%H:%M:%S}" if pace.until else ""


def _cut(text: Text, width: int) -> Text:
    text.truncate(max(width, 0), overflow="ellipsis")
    return text


class TapeBar(Lines):
    """The line."""

    DEFAULT_CSS = """
    TapeBar { height: 1; padding: 0 1; background: $surface; text-wrap: nowrap; display: none; }
    """

    def __init__(self) -> None:
        """Start without a tape."""
        super().__init__(id="tape-bar")
        self._line = (0, 0)

    @property
    def is_drawn(self) -> bool:
        """Whether it shows how far the tape is."""
        return self._line[1] > 0

    def show(self, state: State, frozen: Frozen | None) -> None:
        """Draw how the tape runs, or that the screen stands still."""
        width = self.screen.size.width - 2
        if frozen is not None:
            text, self._line = still(frozen, width), (0, 0)
        else:
            text, start, length = bar(state, width)
            self._line = (start, length)
        self.display = bool(text.plain)
        self.write(text)

    def on_click(self, event: events.Click) -> None:
        """Send the tape to where was clicked."""
        start, length = self._line
        place = event.get_content_offset_capture(self).x - start
        tape = control.span(shell(self).state.sources.values())
        if tape is not None and 0 <= place < length:
            shell(self).ask(control.to(tape.instant(place / max(length - 1, 1)), tape))
