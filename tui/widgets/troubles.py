"""What was bad or is missing, the newest first: gaps, rejects with the bytes that could not be read, and what the audit found.

Nothing here is trusted: reasons and bytes are other people's text, and stand as harmless characters in lines of a known width.
"""

from __future__ import annotations

from typing import Final

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult

from scoring.feed import Value, read_instant, read_number
from tui import figures, palette
from tui.ledger import Row
from tui.state import State
from tui.widgets.lines import Lines, entitle
from tui.widgets.pane import Pane

_GAP: Final = "  "
_CLOCK: Final = 8
_SOURCE: Final = 10
_SYMBOL: Final = 10
_KIND: Final = 6
_DIFFERING: Final = 20
"""Minutes that differ, shown of each audit."""
_REST: Final = 14
"""Columns a reason should have."""
_ALL: Final = "*"


def gaps(state: State, width: int) -> Text:
    """Write the gaps, the newest first, `width` columns: when, how long, of what, whether it was fixed, and why."""
    rows = sorted(state.ledger.gaps.values(), key=lambda row: str(row.get("from_at")), reverse=True)
    return Text("\n").join(_gap(row, state, width) for row in rows)


def _gap(row: Row, state: State, width: int) -> Text:
    start, end = read_instant(row.get("from_at")), read_instant(row.get("to_at"))
    missing, repaired = read_number(row.get("missing")) or 0.0, read_number(row.get("repaired")) or 0.0
    source = row.get("source")  # a jump in the trades of a symbol is told under its name: once is enough
    until = end or state.tape_at
    length = figures.age((until - start).total_seconds()) if start and until else figures.UNKNOWN
    if missing and repaired >= missing:
        mark, colour, word = "~", palette.SECOND, f"fixed {repaired:.0f} of {missing:.0f}"
    elif end:
        mark, colour, word = "!", palette.WARNING, f"lost {missing - repaired:.0f} of {missing:.0f}" if missing else "closed"
    else:
        mark, colour, word = "!", palette.CRITICAL, "still open"
    cells = [
        (0, mark, 1, colour),
        (0, figures.clock(start), _CLOCK, palette.QUIET),
        (2, length, 4, palette.TEXT),
        (0, word, 14, colour),
        (1, _everything(row.get("symbol")), _SYMBOL, palette.SECOND),
        (4, _everything(row.get("kind")), _KIND, palette.QUIET),
        (3, _text(source) if source != row.get("symbol") else "", _SOURCE, palette.QUIET),
    ]
    return _line(cells, _text(row.get("reason")), width, palette.QUIET)


def rejects(state: State, width: int) -> Text:
    """Write the rejects, the newest first: when, from where, why, and, on a line of its own, the bytes as they came."""
    rows = sorted(state.ledger.rejects.values(), key=lambda row: str(row.get("received_at")), reverse=True)
    lines: list[Text] = []
    for row in rows:
        at, position = read_instant(row.get("received_at")), read_number(row.get("position"))
        cells = [
            (0, figures.clock(at), _CLOCK, palette.QUIET),
            (1, _text(row.get("source")), _SOURCE, palette.TEXT),
            (2, f"#{position:.0f}" if position is not None else figures.UNKNOWN, 9, palette.QUIET),
        ]
        lines.append(_line(cells, _text(row.get("reason")), width, palette.WARNING))
        bytes_shown = figures.prose(str(row.get("payload") or "")) or "(no bytes)"
        lines.append(Text(_GAP + figures.fit(bytes_shown, max(width - len(_GAP), 0)), Style(color=palette.QUIET)))
    return Text("\n").join(lines)


def audit(state: State, width: int) -> Text:
    """Say how many of the exchange's own candles of a minute our bars are equal to, and to which they are not."""
    verified, audited = state.ledger.verified()
    whole, symbols = verified == audited, len({row.get("symbol") for row in state.ledger.audits.values()})
    counted = f"{'✓' if whole else '!'} verified {verified:,} of {audited:,} one-minute candles"
    over = f" of {symbols} symbols" if symbols > 1 else ""
    line = Text(figures.fit(counted + over if cell_len(counted + over) <= width else counted, width))
    line.stylize(Style(color=palette.UP if whole else palette.WARNING, bold=True))
    lines = [line]
    wrong = [row for row in state.ledger.audits.values() if row.get("verdict") != "verified"]
    for row in sorted(wrong, key=lambda each: str(each.get("open_at")), reverse=True)[:_DIFFERING]:
        cells = [
            (0, "!", 1, palette.WARNING),
            (0, figures.clock(read_instant(row.get("open_at"))), _CLOCK, palette.QUIET),
            (0, _text(row.get("symbol")), _SYMBOL, palette.SECOND),
            (1, _text(row.get("verdict")), 10, palette.WARNING),
        ]
        lines.append(_line(cells, _text(row.get("differences")), width, palette.QUIET))
    return Text("\n").join(lines)


def _line(cells: list[tuple[int, str, int, str]], rest: str, width: int, colour: str) -> Text:
    """Write cells, and the rest in what is left; without room for some of it the cells of the highest rank go."""
    kept = list(cells)
    while len(kept) > 1 and sum(size + len(_GAP) for _, _, size, _ in kept) + _REST > width:
        kept.remove(max(kept, key=lambda cell: cell[0]))
    line = Text(_GAP).join(Text(figures.fit(text, size), Style(color=tint)) for _, text, size, tint in kept)
    room = width - sum(size + len(_GAP) for _, _, size, _ in kept)
    return line.append(_GAP + figures.fit(rest, room), Style(color=colour)) if room > 0 else line


def _text(value: Value) -> str:
    return figures.prose(value) if isinstance(value, str) else figures.UNKNOWN if value is None else str(value)


def _everything(value: Value) -> str:
    return "all" if value == _ALL else _text(value)


class Troubles(Pane):
    """A pane of one of these lists."""

    def __init__(self, title: str, id: str) -> None:
        """Make the lines."""
        super().__init__(id=id)
        self.border_title = title
        self._lines = Lines()

    def compose(self) -> ComposeResult:
        """Lay them out."""
        yield self._lines

    def show(self, title: str, text: Text, nothing: str) -> None:
        """Draw the list, or say that there is nothing in it."""
        entitle(self, title)
        self._lines.write(text if text.plain else Text(nothing, Style(color=palette.QUIET)))

    @property
    def room(self) -> int:
        """Columns the lines have."""
        return self._lines.size.width
