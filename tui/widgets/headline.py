"""The first line: what is watched, which time it is on the tape, how fast it moves, how the feed stands; and, for the line of tabs, how
far a replay is.
"""

from __future__ import annotations

from typing import Final

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

from tui import figures, palette
from tui.state import Link, State
from tui.widgets.lines import Lines

_GAP: Final = "   "
_LINK_MARKS: Final = {Link.CONNECTING: "◌", Link.OPEN: "●", Link.LOST: "○", Link.ENDED: "■"}
_LINK_COLOURS: Final = {Link.CONNECTING: palette.QUIET, Link.OPEN: palette.UP, Link.LOST: palette.WARNING, Link.ENDED: palette.SECOND}
_SESSION_WIDTH: Final = 24


def headline(state: State, width: int) -> Text:
    """Write the top line, `width` columns; what matters least is left out where there is no room."""
    word = "no feed" if state.link is Link.LOST and state.hello is None else state.link.value
    link = Text(f"{_LINK_MARKS[state.link]} {word}", Style(color=_LINK_COLOURS[state.link], bold=True))
    parts = [
        (0, Text("Ghosttape", Style(color=palette.ACCENT, bold=True))),
        (3, _session(state)),
        (2, _pace(state)),
        (0, _clock(state)),
        (4, _done(state)),
    ]
    kept = [(rank, part) for rank, part in parts if part.plain]
    while len(kept) > 1 and _length(kept) + cell_len(link.plain) + len(_GAP) > width:
        kept.remove(max(kept, key=lambda ranked: ranked[0]))
    left = Text(_GAP).join(part for _, part in kept)
    left.append(" " * max(width - cell_len(left.plain) - cell_len(link.plain), 1))
    return left.append_text(link)


def progress(done: float | None, width: int) -> Text:
    """Draw how much of the tape has been replayed, 0 to 1, as a thin line; a line at rest when that is not to be told."""
    full = 0 if done is None else round(done * width)
    line = Text("━" * full, Style(color=palette.ACCENT))
    return line.append("─" * (width - full), Style(color=palette.PANEL))


def _length(parts: list[tuple[int, Text]]) -> int:
    return sum(cell_len(part.plain) for _, part in parts) + len(_GAP) * (len(parts) - 1)


def _session(state: State) -> Text:
    name = figures.clean(state.hello.session) if state.hello else ""
    return Text(figures.fit(name, min(cell_len(name), _SESSION_WIDTH)), Style(color=palette.TEXT))


def _pace(state: State) -> Text:
    if state.hello is None:
        return Text("")
    replaying = [source.speed for source in state.sources.values() if source.state == "replaying"]
    speeds, mode = [state.pace.speed] if state.pace else replaying, figures.clean(state.hello.mode)
    mark = {Link.ENDED: "■", Link.OPEN: "‖" if state.pace and state.pace.paused else "▶"}.get(state.link, "?")  # a lost feed tells nothing
    text = f"{mark} {mode} {figures.speed(speeds[0])}" if speeds else mode
    return Text(figures.fit(text, min(cell_len(text), _SESSION_WIDTH)), Style(color=palette.SECOND))


def _clock(state: State) -> Text:
    at = state.tape_at
    if at is None:
        return Text("")
    return Text.assemble(
        (f"{at:%Y-%m-%d} ", Style(color=palette.QUIET)),
        (f"{at:%H:%M:%S}", Style(color=palette.ACCENT, bold=True)),
        (" UTC", Style(color=palette.QUIET)),
    )


def _done(state: State) -> Text:
    return Text("" if state.progress is None else figures.percent(state.progress, 0), Style(color=palette.QUIET))


class Headline(Lines):
    """The top of the screen."""

    def show(self, state: State) -> None:
        """Draw the state."""
        self.write(headline(state, self.size.width))
