"""The mood of one asset as a meter: where the last five minutes and the last half minute stand between all bad and all good."""

from __future__ import annotations

from typing import Final

from rich.style import Style
from rich.text import Text

from tui import figures, palette
from tui.crowd import Stance
from tui.readings import Reading
from tui.widgets.facts import QUIET, Moment, heading

_CLEAR_MOOD: Final = 0.1
"""Nearer to 0 than this is neither good nor bad."""
_ENDS: Final = ("−1 ", " +1")
_GAP: Final = "   "

MEANINGS: Final = (
    ("mood", "mean score of the texts of the last 5 min (●) and of the last 30 s (○): −1 all bad, ┼ 0, +1 all good; copies count once"),
    ("texts", "different texts of the last 5 min; copies are posts that repeat one, channels are where they were posted"),
    ("hype", "M: texts × how far the last 30 s are above the mean mood; z: in standard deviations of the asset's own last day"),
)
"""For the help."""


def meter(stance: Stance | None, moment: Moment, width: int) -> Text:
    """Write it, `width` columns."""
    if stance is None:
        return Text.assemble(heading("Mood", Reading(), moment, width), "\n", ("Nobody has spoken of it so far.", QUIET))
    lines = [
        heading(f"Mood of {figures.prose(stance.asset)}", Reading(stance.average_vibe, stance.at), moment, width),
        _scale(stance, moment, width),
        _pair(("5 min ●", stance.average_vibe), ("30 s ○", stance.vibe), stance, moment),
        _counts(stance, moment),
        _hype(stance, moment),
    ]
    for line in lines:
        line.truncate(max(width, 1), overflow="ellipsis")
    return Text("\n").join(lines)


def _scale(stance: Stance, moment: Moment, width: int) -> Text:
    room = max(width - len(_ENDS[0]) - len(_ENDS[1]), 1)
    line = Text.assemble((_ENDS[0], QUIET), ("─" * room, Style(color=palette.PANEL)), (_ENDS[1], QUIET))
    signs = [(0.0, "┼", QUIET)]
    for value, sign in ((stance.vibe, "○"), (stance.average_vibe, "●")):
        if value is not None:
            signs.append((value, sign, _ink(value, stance, moment) + Style(bold=True)))
    for value, sign, ink in signs:
        at = len(_ENDS[0]) + round((min(max(value, -1.0), 1.0) + 1) / 2 * (room - 1))
        line = Text.assemble(line[:at], (sign, ink), line[at + 1 :])
    return line


def _pair(first: tuple[str, float | None], second: tuple[str, float | None], stance: Stance, moment: Moment) -> Text:
    line = Text()
    for place, (title, value) in enumerate((first, second)):
        line.append(f"{_GAP if place else ''}{title} ", QUIET)
        line.append(f"{_mark(value)}{figures.signed(value)}", _ink(value, stance, moment))
    return line


def _counts(stance: Stance, moment: Moment) -> Text:
    line = Text()
    for title, value in (("texts", stance.message_count), ("copies", stance.copies), ("channels", stance.unique_channels)):
        if value is not None:
            line.append(f"{'  ' if line.plain else ''}{title} ", QUIET)
            line.append(figures.number(value), moment.ink(Reading(value, stance.at)))
    return line


def _hype(stance: Stance, moment: Moment) -> Text:
    line = Text.assemble(("hype ", QUIET), (figures.signed(stance.hype_momentum, 1), moment.ink(Reading(stance.hype_momentum, stance.at))))
    if stance.warming:
        return line.append("  z warming", QUIET)
    for title, value in (("z", stance.hype_momentum_z), ("texts z", stance.message_count_z)):
        line.append(f"  {title} ", QUIET)
        line.append(figures.signed(value, 1), moment.ink(Reading(value, stance.at)))
    return line


def _mark(value: float | None) -> str:
    if value is None:
        return ""
    return "· " if abs(value) < _CLEAR_MOOD else "▲ " if value > 0 else "▼ "


def _ink(value: float | None, stance: Stance, moment: Moment) -> Style:
    colour = palette.TEXT if value is None or abs(value) < _CLEAR_MOOD else palette.UP if value > 0 else palette.DOWN
    return moment.ink(Reading(value, stance.at), colour)
