"""What a rule asks for, beside how it stands; and in the place of a reason, what one that has not fired waits for."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Final

from rich.style import Style
from rich.text import Text

from tui import figures, palette
from tui.phases import Standing, length, next_words, state_word

_TEXT: Final = Style(color=palette.TEXT)
_QUIET: Final = Style(color=palette.QUIET)
_TITLE: Final = Style(color=palette.ACCENT, bold=True)
_LABEL: Final = 12
_LIMIT: Final = 400
"""Characters shown of a condition."""
_LEAST: Final = 16


def asked(standing: Standing, width: int) -> Text:
    """Write what the rule asks for, `width` columns."""
    text = Text("what the rule asks for\n", _TITLE)
    rule = standing.rule
    if rule is None:
        return text.append("the feed does not say", _QUIET)
    if rule.summary:
        _add(text, "", rule.summary, width)
    for label, words in _terms(standing):
        _add(text, label, words, width)
    text.rstrip()
    return text


def _terms(standing: Standing) -> Iterator[tuple[str, str]]:
    rule = standing.rule
    assert rule is not None  # asked() has looked
    waits = f": {state_word(standing)} {next_words(standing)}"
    yield "when", rule.condition
    held = length(rule.for_s) if rule.for_s else "0 s: it fires at once"
    yield "for", held + (waits if standing.state == "pending" else "")
    yield "clear when", rule.clear_when or "it no longer holds"
    if rule.keep_firing_s:
        yield "clear for", length(rule.keep_firing_s)
    cooldown = length(rule.cooldown_s) if rule.cooldown_s else "0 s: it may fire again at once"
    yield "cooldown", cooldown + (waits if standing.state == "cooling" else "")
    yield "on a gap", "it does not judge until the windows are whole" if rule.on_gap == "hold" else "it judges all the same"


def waited(standing: Standing, width: int) -> Text:
    """Write what a rule without an alert waits for, `width` columns."""
    alert = standing.alert
    colour = palette.CRITICAL if alert.severity == "critical" else palette.WARNING
    first = f"{alert.severity.upper()} {alert.rule} {alert.symbol}: {state_word(standing)} {next_words(standing)}".rstrip()
    text = Text()
    for line in _lines(f"{first}, since {figures.clock(alert.started_at)}", width):
        text.append(f"{line}\n", Style(color=colour, bold=True))
    for line in _lines(_waits_for(standing), width):
        text.append(f"{line}\n", _TEXT)
    text.rstrip()
    return text


def _waits_for(standing: Standing) -> str:
    alert = standing.alert
    match standing.state:
        case "pending":
            until = f"for {length(standing.rule.for_s)}" if standing.rule else "for long enough"
            began = f"{alert.metric} was {figures.number(alert.value)} ({figures.number(alert.threshold)} is the limit)"
            return f"no alert yet: it fires when its condition has held {until} without a break; {began} when that began"
        case "inhibited" if alert.completeness == "no_data":
            return "its condition held when the data stopped; that counts no more, and nothing is judged until it comes again"
        case "inhibited":
            return "data is missing from its windows: it does not judge until they are whole"
        case _:
            return "it waits no more, and has not fired"


def _add(text: Text, label: str, words: str, width: int) -> None:
    """Add a line with its label, or a few where it is long."""
    indent = _LABEL if label else 0
    for i, line in enumerate(_lines(words, width - indent)):
        text.append(f"{'' if i else label:{indent}}" if indent else "", _QUIET).append(f"{line}\n", _TEXT)


def _lines(words: str, width: int) -> list[str]:
    return textwrap.wrap(figures.prose(words[:_LIMIT]), max(width, _LEAST))
