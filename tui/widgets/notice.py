"""One line that appears when the numbers below it are not being followed: why, since when, and what happens next."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

from tui import figures, palette
from tui.state import Link, State
from tui.widgets.lines import Lines

_FRAME: Final = 3
"""Columns beside the text."""


def notice(state: State, wall: datetime, width: int) -> Text:
    """Write the line; empty while the feed is followed or has never been lost. `wall` is the time of day.

    Where `width` columns do not hold the sentences, they are said in fewer words.
    """
    if state.loss is None or state.link not in (Link.LOST, Link.ENDED):
        return Text("")
    left = max(state.loss.retry_s - (wall - state.loss.at).total_seconds(), 0.0)
    again = "trying now" if left < 1 else f"next try in {left:.0f} s"
    reason = figures.clean(state.loss.reason)
    if state.link is Link.ENDED:
        at = f" at {figures.clock(state.tape_at)}" if state.tape_at else ""
        return Text(f"■ The tape has ended{at}: these are its last numbers.", Style(color=palette.SECOND))
    held = f" Numbers are from {figures.clock(state.tape_at)}." if state.tape_at else ""
    text = f"○ {'Feed lost' if state.hello else 'No feed'}: {reason}; {again}.{held}"
    if cell_len(text) > width:
        at = f" at {figures.clock(state.tape_at)}" if state.tape_at else ""
        text = f"○ {f'Lost{at}' if state.hello else 'No feed'}: {reason}; {again.replace('next try', 'again')}"
    return Text(text, Style(color=palette.WARNING))


class Notice(Lines):
    """The line under the headline."""

    def show(self, state: State, wall: datetime) -> None:
        """Draw the state."""
        text = notice(state, wall, self.screen.size.width - _FRAME)
        self.display = bool(text.plain)
        self.set_class(state.link is Link.ENDED, "ended")
        self.write(text)
