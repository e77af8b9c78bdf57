"""The log of alerts as a list: how each alert stands, which are wished to be seen and in which order, and how a line of it is written.

Pure, apart from the widget that scrolls it. Severity and state are always words or signs beside their colours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Final, TypeAlias

import msgspec
from rich.cells import cell_len
from rich.style import Style

from scoring.feed import AlertState
from tui import figures, palette
from tui.columns import is_whole, quality, quality_words
from tui.silences import Silence, is_seen, silent_until
from tui.state import State

SIGNS: Final = {"critical": ("■", palette.CRITICAL), "warning": ("◆", palette.WARNING), "info": ("●", palette.SECOND)}
_UNKNOWN_SIGN: Final = ("○", palette.TEXT)
_SEVERITIES: Final = ("critical", "warning", "info")
_STATES: Final = ("pending", "firing", "no_data", "resolved")
_GAP: Final = "  "
_TEXT_LIMIT: Final = 100
_SYMBOL: Final = 10

Line: TypeAlias = list[tuple[str, Style]]
"""Pieces of text with how they look."""


class Standing(msgspec.Struct, frozen=True):
    """One alert, and what somebody has said of it."""

    alert: AlertState
    seen: bool
    silent_until: datetime | None
    now: datetime | None
    """Time on the tape."""

    @property
    def since(self) -> datetime | None:
        """When it fired; when its condition began to hold where it has not yet."""
        return self.alert.fired_at or self.alert.started_at

    @property
    def age_s(self) -> float | None:
        """Seconds since then, on the tape."""
        return (self.now - self.since).total_seconds() if self.now and self.since else None

    @property
    def is_over(self) -> bool:
        """Whether it was resolved."""
        return self.alert.state == "resolved"


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


def state_words(standing: Standing) -> str:
    """Say how it stands in a few words.

    An alert that is silent says so before anything else: that is why nobody was told.
    """
    if standing.silent_until and not standing.is_over:
        return f"⊘ {standing.silent_until:%H:%M:%S}"
    words = "over" if standing.is_over else standing.alert.state.replace("_", " ")
    return f"{words} ✓" if standing.seen else words


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
        "firing, no data, or over; ✓ where somebody has acknowledged it, ⊘ and until when where it is silenced",
        10,
        0,
        _state,
        lambda s: (_place(s.alert.state, _STATES),),
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
        128,
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
        "Since", "when it fired, UTC", 8, 88, lambda s: (figures.clock(s.since), palette.QUIET), lambda s: (-figures.clock_order(s.since),)
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
    Column("Data", "how whole the windows were that it rests on", 14, 104, _whole, lambda s: (s.alert.completeness,)),
)


def standings(state: State, seen: Iterable[str], silences: Sequence[Silence]) -> list[Standing]:
    """Give every alert, the newest first."""
    now, known = state.tape_at, frozenset(seen)
    found = [Standing(alert, is_seen(alert, known), silent_until(alert, silences, now), now) for alert in state.alerts.values()]
    found.reverse()  # the latest change first, where two began at one instant
    return sorted(found, key=lambda standing: -figures.clock_order(standing.since))


def wished(found: Sequence[Standing], typed: str, sort: str, *, descending: bool) -> list[Standing]:
    """Leave out what does not match, and sort; where things are equal the newest stays first."""
    kept = [standing for standing in found if matches(standing, typed)]
    column = next((column for column in COLUMNS if column.title == sort), None)
    return sorted(kept, key=column.order, reverse=descending) if column else kept


def matches(standing: Standing, typed: str) -> bool:
    """Say whether every typed word stands somewhere in what the line says of the alert."""
    alert = standing.alert
    said = [alert.rule, alert.symbol, alert.severity, alert.metric, alert.state, state_words(standing), alert.completeness]
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
    state = f"over at {figures.clock(alert.resolved_at)}" if standing.is_over else alert.state.replace("_", " ")[:_TEXT_LIMIT]
    parts.append(f"{state}, since {figures.clock(standing.since)}")
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
