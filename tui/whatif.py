"""Another threshold, another `for`: would it have fired? Judged by the very rules of the flow, over what the screen has seen.

An answer says what it rests on: over which span, on how many rows, and how long the longest silence between them was. The feed
conflates, so a condition that flickered between two rows is not seen, but for the row the alert fired on, which it carries;
`clear_when` and the cooldown of the rule do not enter, since what was on or cooling before is not asked. That an alert would not have
fired is said only where the same rows, judged as the rule stood, find it again: where they do not, or begin later, it is not known.
"""

from __future__ import annotations

import bisect
import itertools
import math
from array import array
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec
import numpy as np

from scoring.alerts.expression import Condition, ConditionError, compile_condition
from scoring.alerts.rules import Rule, RuleSettings
from scoring.alerts.state import Alerts
from scoring.alerts.variation import with_threshold
from scoring.duration import Duration, moment, nanoseconds
from scoring.feed import AlertState, RuleText, instant, read_instant
from scoring.records import END_NS, TABLES, Column, Rows, Table
from tui.measures import Measures, Row, Series
from tui.why import evidence

HELD: Final = tuple(map(Duration.parse, ("0s", "1s", "2s", "5s", "10s", "30s", "1m", "2m", "5m", "10m", "30m", "1h")))
"""What `for` may be set to."""
_NANOSECONDS: Final = 1_000_000_000


class Spell(msgspec.Struct, frozen=True):
    """A time for which an alert would have been on."""

    began_at: datetime
    """Its condition; where that is the first row that is known, it may have before."""
    fired_at: datetime
    over_at: datetime | None
    """None while it would have gone on."""


class Answer(msgspec.Struct, frozen=True):
    """What would have been."""

    fired: tuple[Spell, ...] = ()
    """Each time it would have, over the span that is known."""
    mine: tuple[Spell, ...] = ()
    """Those of them at the time of the alert that is asked about."""
    is_sure: bool = True
    """Whether the same rows find the alert as it was, and what it reached: else there are too few of them to say that it would not have."""
    from_at: datetime | None = None
    """From where to where every table it looks at is known; None where one is not."""
    to_at: datetime | None = None
    rows: int = 0
    widest_s: float = 0.0
    """Longest silence between two rows of one table."""
    furthest: float | None = None
    """Furthest value of its first metric over the span, past the threshold or nearest to it."""
    missing: tuple[str, ...] = ()
    """Tables of which nothing is kept."""
    held_then: bool | None = None
    """Whether the condition would have held on the numbers stored in the alert; None where they are not all there."""
    problem: str = ""
    """Why nothing can be said."""

    def covers(self, alert: AlertState) -> bool:
        """Say whether the span holds the time at which an alert began and fired."""
        begun, fired = alert.started_at, alert.fired_at
        return bool(begun and fired and self.from_at and self.to_at and self.from_at <= begun and fired <= self.to_at)


def condition_of(alert: AlertState) -> Condition | None:
    """Read the condition of an alert; None where it is none, for the other side may be anyone."""
    try:
        return compile_condition(alert.condition)
    except ConditionError:
        return None


def threshold_of(alert: AlertState) -> float | None:
    """Give the threshold that can be changed; None where the first metric is not compared with a number."""
    condition = condition_of(alert)
    return condition.threshold if condition and math.isfinite(condition.threshold) else None


def step_of(threshold: float) -> float:
    """Give by how much a key changes a threshold: one of its second digit.

    >>> [step_of(threshold) for threshold in (100.0, 3.0, 0.01, 0.0)]
    [10.0, 0.1, 0.001, 0.1]
    """
    return 10.0 ** (math.floor(math.log10(abs(threshold))) - 1) if threshold else 0.1


def changed(threshold: float, steps: int, step: float) -> float:
    """Move a threshold by whole steps, without the dust of binary fractions.

    >>> changed(0.01, -3, 0.001)
    0.007
    """
    return float(f"{threshold + steps * step:.9g}")


def held_of(alert: AlertState, rule: RuleText | None = None) -> Duration:
    """Give the `for` of its rule; where the feed did not say that, the longest of `HELD` that the alert can have had."""
    if rule is not None and 0 <= rule.for_s <= HELD[-1].seconds:
        return Duration(round(rule.for_s * _NANOSECONDS))
    held = alert.fired_at - alert.started_at if alert.fired_at and alert.started_at else None
    held_ns = int(held.total_seconds() * _NANOSECONDS) if held else 0
    return max((length for length in HELD if length <= held_ns), default=HELD[0])


def longer(held: Duration, steps: int) -> Duration:
    """Give the `for` so many places of `HELD` further on."""
    place = bisect.bisect_left(HELD, held)
    between = HELD[place] != held and steps > 0
    return HELD[min(max(place + steps - between, 0), len(HELD) - 1)]


def judge(alert: AlertState, seen: Measures, threshold: float | None, held: Duration, was_held: Duration | None = None) -> Answer:
    """Judge the condition of an alert with another threshold (None: as it stands) and `for`, over what is kept.

    `was_held` is the `for` of its rule, where it is known.
    """
    condition = condition_of(alert)
    if condition is None:
        return Answer(problem="the condition is none that this screen understands")
    try:
        when = condition if threshold is None else compile_condition(with_threshold(condition.text, threshold))
    except ConditionError as error:
        return Answer(problem=str(error))
    found = {table: seen.series(table, alert.symbol) for table in when.tables}
    missing = tuple(str(table) for table, series in found.items() if series is None or not series.rows)
    if missing:
        return Answer(missing=missing, held_then=held_then(alert, when))
    kept = {table: series for table, series in found.items() if series is not None}
    known = {table: _with_evidence(series, table, alert) for table, series in kept.items()}
    columns_needed = [metric for metric in when.metrics if metric.column not in kept[metric.table].columns]
    if columns_needed:
        return Answer(problem=f"the feed says nothing of {columns_needed[0]}")
    fired, furthest = _spells(when, held, alert.symbol, known), _furthest(when, known[when.metrics[0].table])
    as_it_was = _spells(condition, held_of(alert) if was_held is None else was_held, alert.symbol, known)
    return Answer(
        fired=fired,
        mine=_about(alert, fired),
        is_sure=bool(_about(alert, as_it_was)) and (_meets(when, furthest) or not _meets(when, alert.peak_value)),
        from_at=moment(max(series.rows[0].at_ns for series in kept.values())),
        to_at=moment(min(series.rows[-1].at_ns for series in kept.values())),
        rows=sum(len(series.rows) for series in kept.values()),
        widest_s=max(_widest_s(series) for series in kept.values()),
        held_then=held_then(alert, when),
        furthest=furthest,
    )


def held_then(alert: AlertState, when: Condition) -> bool | None:
    """Say whether a condition held on the numbers that are stored in an alert; None where one of them is not there."""
    found = evidence(alert)
    values = {metric: found[str(metric)].value for metric in when.metrics if str(metric) in found}
    if len(values) < len(when.metrics):
        return None
    return bool(when.evaluate({metric: np.array([np.nan if value is None else value]) for metric, value in values.items()})[0])


def _about(alert: AlertState, spells: Sequence[Spell]) -> tuple[Spell, ...]:
    """Give those of the time of the alert."""
    begun, over = alert.started_at, alert.resolved_at
    if begun is None:
        return ()
    return tuple(spell for spell in spells if (not over or spell.fired_at <= over) and (not spell.over_at or begun <= spell.over_at))


def _spells(when: Condition, held: Duration, symbol: str, known: Mapping[Table, Series]) -> tuple[Spell, ...]:
    """Judge a condition as the flow does."""
    settings = RuleSettings(name="WHAT_IF", when=when.text, held_for=held, cooldown=Duration(0), no_data_after=Duration(0))
    news = Alerts(symbol, [Rule(settings, when, None)]).update([_rows(table, symbol, series, when) for table, series in known.items()])
    found: dict[int, tuple[int, int]] = {}
    for rows in news:
        began, fired, over = (rows.columns[f"{name}_ns"].tolist() for name in ("started", "fired", "resolved"))
        found |= dict(zip(fired, zip(began, over, strict=True), strict=True))
    return tuple(Spell(moment(began), moment(at), instant(over)) for at, (began, over) in sorted(found.items()))


def _meets(when: Condition, value: float | None) -> bool:
    """Say whether a condition on one metric holds at a value; of several metrics one value says nothing."""
    return value is not None and len(when.metrics) == 1 and bool(when.evaluate({when.metrics[0]: np.array([value])})[0])


def _rows(table: str, symbol: str, series: Series, when: Condition) -> Rows:
    """Give what a condition looks at of what is kept, as the rows a rule judges."""
    spec = next(table_ for table_ in TABLES if table_ == table)
    wanted = {metric.column for metric in when.metrics if metric.table == table} | {"open_gaps"}
    columns = {name: _column(series, name) for name in wanted.intersection(series.columns)}
    gaps = columns.get("open_gaps", np.zeros(len(series.rows)))
    columns |= {
        TABLES[spec].instant: np.array([row.at_ns for row in series.rows], np.int64),
        "open_gaps": np.nan_to_num(gaps).astype(np.int64),
        "completeness": np.array([row.completeness for row in series.rows], object),
    }
    return Rows(spec, symbol, columns, END_NS)


def _with_evidence(series: Series, table: str, alert: AlertState) -> Series:
    """Add the row the alert fired on where the feed left it out, for the alert carries it; outside of what was seen it proves nothing."""
    stored = {name.rpartition(".")[2]: item for name, item in evidence(alert).items() if name.startswith(f"{table}.")}
    instants = {nanoseconds(at) for item in stored.values() if (at := read_instant(item.instant))}
    if len(instants) != 1:
        return series
    at_ns = instants.pop()
    place = bisect.bisect_left(series.rows, at_ns, key=lambda row: row.at_ns)
    if not 0 < place < len(series.rows) or series.rows[place].at_ns == at_ns:
        return series
    cells = (stored[name].value if name in stored else None for name in series.columns)
    row = Row(at_ns, array("d", [math.nan if cell is None else cell for cell in cells]), next(iter(stored.values())).completeness)
    more = Series(series.columns, series.width_s)
    more.rows = deque([*itertools.islice(series.rows, place), row, *itertools.islice(series.rows, place, None)])
    return more


def _column(series: Series, name: str) -> Column:
    place = series.columns.index(name)
    return np.array([row.values[place] for row in series.rows])


def _widest_s(series: Series) -> float:
    instants: Sequence[int] = [row.at_ns for row in series.rows]
    return max((after - before for before, after in itertools.pairwise(instants)), default=0) / _NANOSECONDS


def _furthest(when: Condition, series: Series) -> float | None:
    """Give the value at which the first comparison was met by most."""
    metric = when.metrics[0]
    if any(other.table != metric.table for other in when.metrics):
        return None
    columns = {each: _column(series, each.column) for each in when.metrics}
    margins = when.margin(columns)
    known = np.flatnonzero(margins == margins)
    return float(columns[metric][known[int(np.argmax(margins[known]))]]) if len(known) else None
