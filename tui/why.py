"""Why an alert fired, in the words of `scoring.alerts`, from the alert as the feed told it.

The feed may be on another machine, and wrong: what is no evidence, no condition or no post here is left out and said to be, and
every text is one harmless line before it is shown.
"""

from __future__ import annotations

import math
from typing import Final

import msgspec

from scoring.alerts.avoidance import avoidance
from scoring.alerts.explanation import explain
from scoring.alerts.expression import ConditionError, compile_condition
from scoring.alerts.variation import parts_of
from scoring.duration import nanoseconds
from scoring.feed import AlertState
from scoring.records import Alert
from tui import figures

_STATES: Final = ("firing", "resolved", "no_data")
_POSTS: Final = 20
_EVIDENCE: Final = 50
_TEXT: Final = 300
_UNKNOWN: Final = float("nan")


class Found(msgspec.Struct, frozen=True):
    """One number that entered a rule."""

    value: float | None
    instant: str
    completeness: str


class MovingPost(msgspec.Struct, frozen=True):
    """One post that moved the mood."""

    channel: str
    score: float
    moved: float
    copies: int
    text: str
    posted: str = ""


def evidence(alert: AlertState) -> dict[str, Found]:
    """Read the numbers that entered the rule, by metric; empty where there are none."""
    try:
        found = msgspec.json.decode(alert.evidence, type=dict[str, Found])
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return {}
    return dict(list(found.items())[:_EVIDENCE])


def posts(alert: AlertState) -> list[MovingPost]:
    """Read the posts that moved the mood, those that moved it furthest first; empty where none are stored."""
    try:
        return msgspec.json.decode(alert.posts, type=list[MovingPost])[:_POSTS]
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return []


def row_of(alert: AlertState) -> Alert:
    """Give the alert as the row it was made of: an instant that is not known is 0, a number NaN."""
    known = evidence(alert)
    instants = {
        name: nanoseconds(at) if at else 0
        for name, at in (("started", alert.started_at), ("fired", alert.fired_at), ("resolved", alert.resolved_at))
    }
    return Alert(
        alert_id=alert.alert_id,
        rule=alert.rule[:_TEXT],
        symbol=alert.symbol[:_TEXT],
        severity=alert.severity[:_TEXT],
        state=alert.state if alert.state in _STATES else "firing",
        started_ns=instants["started"] or instants["fired"],
        fired_ns=instants["fired"] or instants["started"],
        resolved_ns=instants["resolved"],
        metric=alert.metric[:_TEXT],
        condition=alert.condition,
        threshold=_UNKNOWN if alert.threshold is None else alert.threshold,
        value=_UNKNOWN if alert.value is None else alert.value,
        peak_value=_UNKNOWN if alert.peak_value is None else alert.peak_value,
        evidence=msgspec.json.encode(known).decode(),
        completeness=alert.completeness[:_TEXT],
        posts="[]",
    )


def told(alert: AlertState) -> list[str]:
    """Say what fired, why, and on what data; the evidence, which has a table of its own, is left out."""
    lines = explain(msgspec.structs.replace(row_of(alert), evidence="{}", condition=alert.condition[:_TEXT]))
    if alert.state not in _STATES:
        lines[0] = f"{alert.severity.upper()} {alert.rule} {alert.symbol}: {alert.state}"
    return [figures.prose(line[: 3 * _TEXT]) for line in lines]


def avoided(alert: AlertState) -> list[str]:
    """Say what would each by itself have kept it from firing; empty where that cannot be said."""
    row = row_of(alert)
    try:
        condition = compile_condition(row.condition)
    except ConditionError:
        return []
    known = {name for name, found in evidence(alert).items() if found.value is not None}
    first, *others = (compile_condition(part) for part in parts_of(condition.text))
    needed = {str(metric) for part in others for metric in part.metrics}
    if not math.isfinite(first.threshold) or len(first.metrics) > 1:
        needed |= {str(metric) for metric in first.metrics}
    elif not (math.isfinite(row.value) and math.isfinite(row.peak_value)):
        return []
    return [figures.clean(line) for line in avoidance(row)] if needed <= known else []
