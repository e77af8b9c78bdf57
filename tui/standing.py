"""The log of alerts as a list: how each alert stands, which are wished to be seen and in which order, and how a line of it is written.

Pure, apart from the widget that scrolls it. Severity and state are always words or signs beside their colours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

import msgspec
from rich.cells import cell_len
from rich.style import Style

from scoring.feed import LAPSED, WAITING, AlertState, RuleText
from tui import figures, palette
from tui.columns import is_whole, quality, quality_words
from tui.phases import STATES, Standing, next_words, state_word, state_words
from tui.silences import Said, is_seen, silent_until
from tui.state import State

SIGNS: Final = {"critical": ("■", palette.CRITICAL), "warning": ("◆", palette.WARNING), "info": ("●", palette.SECOND)}
_UNKNOWN_SIGN: Final = ("○", palette.TEXT)
_SEVERITIES: Final = ("critical", "warning", "info")
_GAP: Final = "  "
_TEXT_LIMIT: Final = 100
_SYMBOL: Final = 10

Line: TypeAlias = list[tuple[str, Style]]
"""Pieces of text with how they look."""


class Column(msgspec.Struct, frozen=True):
    """One column of the list."""

    title: str
    meaning: str
    width: int
    least: int
    """Columns of the list from which it has a place."""
    draw: Callable[[Standing], tuple[str, str]]
    """Gives the text and its colour."""
    order: Callable[[Standing], tuple[object, ...]]
    right: bool = False
    grows: bool = False
    """It takes what the others leave."""


def _severity(standing: Standing) -> tuple[str, str]:
    sign, colour = SIGNS.get(standing.alert.severity, _UNKNOWN_SIGN)
    return f"{sign} {standing.alert.severity}", palette.QUIET if standing.is_over else colour


def _state(standing: Standing) -> tuple[str, str]:
    quiet = standing.is_over or standing.seen or standing.silent_until
    return state_words(standing), palette.QUIET if quiet else SIGNS.get(standing.alert.severity, _UNKNOWN_SIGN)[1]


def _symbol(standing: Standing) -> tuple[str, str]:
    mark = "" if is_whole(standing.alert.completeness) else f" {quality(standing.alert.completeness)[0]}"
    name = figures.prose(standing.alert.symbol[:_TEXT_LIMIT])
    return figures.fit(name, min(cell_len(name), _SYMBOL - len(mark))) + mark, palette.QUIET if standing.is_over else palette.SECOND


def _plain(standing: Standing) -> str:
    return palette.QUIET if standing.is_over else palette.TEXT


def _place(word: str, order: Sequence[str]) -> int:
    return order.index(word) if word in order else len(order)


def _number(value: float | None) -> tuple[bool, float]:
    return (value is not None, value or 0.0)


def _whole(standing: Standing) -> tuple[str, str]:
    return f"{quality(standing.alert.completeness)[0]} {quality_words(standing.alert.completeness)}", quality(standing.alert.completeness)[
        1
    ]


COLUMNS: Final[tuple[Column, ...]] = (
    Column("Severity", "how grave: ■ critical, ◆ warning, ● info", 10, 0, _severity, lambda s: (_place(s.alert.severity, _SEVERITIES),)),
    Column(
        "State",
        "* firing, ◔ pending: its condition does not hold for long enough yet, ▽ cooling: over, and silent for a while, · over,"
        " ‖ inhibited: a gap or silence keeps it from judging, ? no data since it fired;"
        " ✓ where somebody has acknowledged it, ⊘ and until when where it is silenced",
        12,
        0,
        _state,
        lambda s: (_place(s.state, tuple(STATES)),),
    ),
    Column("Rule", "its name in the settings", 10, 0, lambda s: (s.alert.rule, _plain(s)), lambda s: (s.alert.rule,), grows=True),
    Column(
        "Symbol",
        "whom it is about; ! where data is missing, ~ where it was repaired",
        _SYMBOL,
        0,
        _symbol,
        lambda s: (s.alert.symbol,),
    ),
    Column(
        "Metric",
        "what the rule looks at first",
        24,
        146,
        lambda s: (s.alert.metric.rpartition(".")[2], palette.QUIET),
        lambda s: (s.alert.metric,),
    ),
    Column(
        "Value",
        "the metric when it fired",
        7,
        0,
        lambda s: (figures.number(s.alert.value), _plain(s)),
        lambda s: _number(s.alert.value),
        right=True,
    ),
    Column(
        "Limit",
        "what it was compared with",
        7,
        0,
        lambda s: (figures.number(s.alert.threshold), palette.QUIET),
        lambda s: _number(s.alert.threshold),
        right=True,
    ),
    Column(
        "Next",
        "for how long a pending one has held of how long it must; until when one is cooling; what an inhibited one lacks",
        14,
        104,
        lambda s: (next_words(s), palette.QUIET),
        lambda s: (next_words(s) == "", next_words(s)),
    ),
    Column(
        "Since",
        "when it fired, or its condition began to hold, UTC",
        8,
        88,
        lambda s: (figures.clock(s.since), palette.QUIET),
        lambda s: (-figures.clock_order(s.since),),
    ),
    Column(
        "Age",
        "how long ago that is, on the tape",
        4,
        0,
        lambda s: (figures.age(s.age_s), palette.QUIET),
        lambda s: _number(s.age_s),
        right=True,
    ),
    Column("Data", "how whole the windows were that it rests on", 14, 122, _whole, lambda s: (s.alert.completeness,)),
)


def standings(state: State, said: Said) -> list[Standing]:
    """Give every alert and every rule that waits, the newest first."""
    rules = rules_of(state)
    found = [_standing(alert, state, said, rules) for alert in (*state.alerts.values(), *state.waiting.values())]
    found.reverse()  # the latest change first, where two began at one instant
    return sorted(found, key=lambda standing: -figures.clock_order(standing.since))


def _standing(alert: AlertState, state: State, said: Said, rules: Mapping[str, RuleText]) -> Standing:
    silent = silent_until(alert, said.silences, state.tape_at)
    return Standing(alert, is_seen(alert, said.seen), silent, state.tape_at, rules.get(alert.rule))


def rules_of(state: State) -> Mapping[str, RuleText]:
    """Give what the rules in force ask for, by name."""
    return {rule.name: rule for rule in state.hello.rules} if state.hello else {}


def standing_of(state: State, alert_id: str, before: AlertState | None, said: Said) -> Standing | None:
    """Give one alert, or rule that waits, by its id; `before` is what was known of it last, for the screen may have forgotten it."""
    waiting = next((alert for alert in state.waiting.values() if alert.alert_id == alert_id), None)
    alert = state.alerts.get(alert_id) or waiting
    if alert is None and before is not None:
        alert = msgspec.structs.replace(before, state=LAPSED) if before.state in WAITING else before
    return _standing(alert, state, said, rules_of(state)) if alert else None


def wished(found: Sequence[Standing], typed: str, sort: str, *, descending: bool) -> list[Standing]:
    """Leave out what does not match, and sort; where things are equal the newest stays first."""
    kept = [standing for standing in found if matches(standing, typed)]
    column = next((column for column in COLUMNS if column.title == sort), None)
    return sorted(kept, key=column.order, reverse=descending) if column else kept


def matches(standing: Standing, typed: str) -> bool:
    """Say whether every typed word stands somewhere in what the line says of the alert."""
    alert = standing.alert
    states = (alert.state, standing.state, state_words(standing), state_word(standing))
    said = [alert.rule, alert.symbol, alert.severity, alert.metric, *states, alert.completeness]
    text = " ".join(word[:_TEXT_LIMIT] for word in said).lower()
    return all(word in text for word in typed.lower().split())


def chosen(width: int) -> list[tuple[Column, int]]:
    """Give the columns there is room for, and how wide each is."""
    columns = [column for column in COLUMNS if column.least <= width]
    rest = width - sum(column.width for column in columns) - len(_GAP) * (len(columns) - 1)
    return [(column, column.width + (max(rest, 0) if column.grows else 0)) for column in columns]


def heading(layout: Sequence[tuple[Column, int]], sort: str = "", *, descending: bool = False) -> Line:
    """Write the titles; the one that is sorted by has an arrow."""
    line: Line = []
    for column, width in layout:
        here = column.title == sort
        title = f"{column.title}{'▾' if descending else '▴'}" if here else column.title
        line += [(figures.fit(title, width, right=column.right), Style(color=palette.ACCENT if here else palette.QUIET)), (_GAP, Style())]
    return line[:-1]


def written(standing: Standing, layout: Sequence[tuple[Column, int]]) -> Line:
    """Write one alert: bright while it is on, quiet after."""
    line: Line = []
    for column, width in layout:
        text, colour = column.draw(standing)
        bold = column.grows and not standing.is_over
        line += [
            (figures.fit(figures.prose(text[:_TEXT_LIMIT]), width, right=column.right), Style(color=colour, bold=bold)),
            (_GAP, Style()),
        ]
    return line[:-1]


def at(layout: Sequence[tuple[Column, int]], x: int) -> Column | None:
    """Give the column at a place of a line."""
    start = 0
    for column, width in layout:
        start += width + len(_GAP)
        if x < start:
            return column
    return None


def told(standing: Standing) -> str:
    """Write one alert in words: what a narrow line has no room for."""
    alert = standing.alert
    parts = [f"{figures.prose(alert.rule[:_TEXT_LIMIT])} {figures.prose(alert.symbol[:_TEXT_LIMIT])}"]
    over = f" at {figures.clock(alert.resolved_at)}" if standing.is_over else ""
    waits = " ".join(words for words in (state_word(standing), next_words(standing)) if words)
    parts.append(f"over{over}, {waits}" if standing.state == "cooling" else f"{waits}{over}")
    parts[-1] += f", since {figures.clock(standing.since)}"
    if standing.silent_until:
        parts.append(f"silenced until {standing.silent_until:{_instant(standing)}}")
    if standing.seen:
        parts.append("acknowledged")
    parts.append(f"data {quality_words(alert.completeness)}")
    return figures.clean(" · ".join(parts))


def _instant(standing: Standing) -> str:
    """Give how to write an instant: with its day where that is another."""
    until, now = standing.silent_until, standing.now
    return "%H:%M:%S" if until and now and until.date() == now.date() else "%Y-%m-%d %H:%M:%S"
