"""One line of all sources: how many speak, how much they said, what was bad or is missing, and the worst of them by name."""

from __future__ import annotations

from typing import Final

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

from tui import figures, palette
from tui.state import Link, State
from tui.widgets.lines import Lines

_GAP: Final = " · "
_FINE: Final = frozenset({"live", "replaying", "ended"})


def summary(state: State, width: int) -> Text:
    """Write the line, `width` columns or less."""
    quiet = Style(color=palette.QUIET)
    if not state.sources and not state.healths:
        return Text("No source has reported." if state.hello else "", quiet)
    sources = state.sources.values()
    is_now = state.link is Link.OPEN
    rejects, gaps = sum(source.rejects for source in sources), sum(source.gaps for source in sources)
    parts = [
        (0, Text(f"Sources {len(state.sources)}", Style(color=palette.TEXT))),
        (2, Text(f"{figures.count(sum(source.frames for source in sources))} messages", quiet)),
        (1, _worry(rejects, "reject", "rejects")),
        (1, _worry(gaps, "gap", "gaps")),
        (3, Text(f"newest {figures.age(_silent_s(state))} ago" if is_now else f"as of {figures.clock(state.tape_at)}", quiet)),
    ]
    troubled = [health for health in state.healths.values() if health.state not in _FINE]
    for health in troubled[:2]:
        text = f"! {figures.clean(health.source)} {'' if is_now else 'was '}{figures.clean(health.state)}"
        parts.append((0, Text(text, Style(color=palette.WARNING, bold=True))))
    while True:
        line = Text(_GAP, quiet).join(part for _, part in parts)
        droppable = max(rank for rank, _ in parts)
        if cell_len(line.plain) <= width or not droppable:
            line.truncate(max(width, 0), overflow="ellipsis")
            return line
        parts = [part for part in parts if part[0] != droppable]


def _silent_s(state: State) -> float | None:
    last = max((source.last_at for source in state.sources.values() if source.last_at), default=None)
    return max((state.tape_at - last).total_seconds(), 0.0) if state.tape_at and last else None


def _worry(count: int, one: str, many: str) -> Text:
    text = f"{figures.count(count)} {one if count == 1 else many}"
    return Text(f"! {text}" if count else text, Style(color=palette.WARNING if count else palette.QUIET))


class Summary(Lines):
    """The line."""

    def show(self, state: State) -> None:
        """Draw the state."""
        text = summary(state, self.screen.size.width - 2)
        self.display = bool(text.plain)
        self.write(text)
