"""What rules say of a symbol depends on its rows alone: not on cuts, interleaving, or a pickle half-way.

The oracle judges one rule a row at a time, in plain Python, with everything known beforehand.
"""

from __future__ import annotations

import itertools
import math
import pickle
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.alerts.rules import Rule
from scoring.alerts.state import Alerts
from scoring.records import END_NS, Alert, Rows, Table
from tests.scoring.alerts.metric_rows import SYMBOL, alerts_in, metric_rows, nanoseconds, risk, rule, spreads, trades

NAN = math.nan
RISK, TRADES, SPREADS = Table.RISK_METRICS, Table.TRADE_METRICS, Table.SPREAD_METRICS
COLUMNS = {RISK: "drawdown", TRADES: "volume_spike", SPREADS: "spread_ratio"}

RULES = (
    rule("risk_metrics.drawdown > 5", name="PLAIN"),
    rule("risk_metrics.drawdown > 5", name="SLOW", held_for=2, keep_firing_for=2, cooldown=4, clear_when="risk_metrics.drawdown < 3"),
    rule("risk_metrics.drawdown > 5 and volume_spike > 5", name="BOTH", held_for=1, cooldown=2, no_data_after=5),
    rule("volume_spike > 5 or spread_ratio > 5", name="EITHER", keep_firing_for=1, no_data_after=4, clear_when="risk_metrics.drawdown < 8"),
    rule("not spread_ratio < 5", name="WIDE", no_data_after=3, on_gap="hold"),
    rule("volume_spike > 1", name="ELSEWHERE", symbols=("ETHUSDT",)),
)


class Row(NamedTuple):
    second: float
    value: float
    open_gaps: int


class History(NamedTuple):
    """Everything that happens to a symbol."""

    rows: Mapping[Table, Sequence[Row]]
    watched: Mapping[Table, float]
    """Where each table's rows are out up to, before the tape ends."""


def rows_of(table: Table, rows: Sequence[Row], through: float) -> Rows:
    values: dict[str, list[float]] = {COLUMNS[table]: [row.value for row in rows], "open_gaps": [row.open_gaps for row in rows]}
    return metric_rows(table, [row.second for row in rows], values, through)


def end_of(table: Table) -> Rows:
    return msgspec.structs.replace(rows_of(table, [], 0), through_ns=END_NS)


# --- the oracle ----------------------------------------------------------------------------------------------------------------------


class Said(NamedTuple):
    state: str
    started_ns: int
    fired_ns: int
    resolved_ns: int
    value: float
    peak_value: float


def oracle(judged: Rule, history: History) -> list[Said]:
    given_settings, limit = judged.settings, judged.settings.no_data_after
    moments: list[tuple[int, int]] = []
    for table in judged.tables:
        instants = [nanoseconds(row.second) for row in history.rows[table]]
        moments += [(instant, 0) for instant in instants]
        known_until = [*instants[1:], nanoseconds(history.watched[table])]
        moments += [(at + limit, 1) for at, until in zip(instants, known_until, strict=False) if limit and until > at + limit]
    said: list[Said] = []
    phase, since, clear_since, cool_until, fired, silent = "quiet", 0, -1, -1, 0, False
    value, peak, peak_margin = NAN, NAN, -math.inf
    for now, is_silence in sorted(set(moments)):
        newest = {table: [row for row in history.rows[table] if nanoseconds(row.second) <= now][-1:] for table in judged.tables}
        if is_silence:
            if not silent and phase == "firing":
                said.append(Said("no_data", since, fired, 0, value, peak))
            silent, clear_since = True, -1
            phase = "quiet" if phase == "pending" else phase
            continue
        if any(limit and rows and silence_is_known(history, table, rows[0], now, limit) for table, rows in newest.items()):
            continue
        columns = {metric: np.array([newest[metric.table][0].value if newest[metric.table] else NAN]) for metric in judged.metrics}
        (holds,), (known,) = judged.when.judge(columns)
        clear = known and not holds and (judged.clear_when is None or bool(judged.clear_when.evaluate(columns)[0]))
        if given_settings.on_gap == "hold" and any(rows and rows[0].open_gaps for rows in newest.values()):
            holds = known = clear = False
        margin, current = judged.when.margin(columns)[0] if known else NAN, float(columns[judged.when.metrics[0]][0])
        if phase == "cooling" and now >= cool_until:
            phase = "quiet"
        if phase == "quiet" and holds:
            phase, since, peak_margin = "pending", now, -math.inf
        if phase in ("pending", "firing") and margin > peak_margin:
            peak, peak_margin = current, margin
        if silent and phase == "firing" and not (clear and not given_settings.keep_firing_for):
            said.append(Said("firing", since, fired, 0, value, peak))
        silent = False
        if phase == "pending" and not holds:
            phase = "quiet"
        if phase == "pending" and now >= since + given_settings.held_for:
            phase, fired, value, clear_since = "firing", now, current, -1
            said.append(Said("firing", since, fired, 0, value, peak))
        if phase == "firing":
            clear_since = -1 if not clear else now if clear_since < 0 else clear_since
            if clear and now >= clear_since + given_settings.keep_firing_for:
                said.append(Said("resolved", since, fired, now, value, peak))
                phase, cool_until, clear_since = "cooling", now + given_settings.cooldown, -1
    return said


def silence_is_known(history: History, table: Table, row: Row, now: int, limit: int) -> bool:
    at = nanoseconds(row.second)
    later = any(other.second > row.second for other in history.rows[table])
    return now - at > limit and (later or nanoseconds(history.watched[table]) > at + limit)


def what(alert: Alert) -> Said:
    return Said(alert.state, alert.started_ns, alert.fired_ns, alert.resolved_ns, alert.value, alert.peak_value)


# --- histories and the ways to tell them ---------------------------------------------------------------------------------------------

VALUES = st.sampled_from([1.0, 4.0, 6.0, 7.0, 9.0, NAN])


@st.composite
def histories(draw: st.DrawFn) -> History:
    rows, watched = {}, {}
    for table in COLUMNS:
        steps = draw(st.lists(st.sampled_from([0.5, 0.5, 0.5, 1, 1, 3, 5.5, 8]), max_size=40))
        instants = np.cumsum([float(step) for step in steps]).tolist()
        rows[table] = [Row(instant, draw(VALUES), draw(st.sampled_from([0, 0, 0, 1]))) for instant in instants]
        watched[table] = (instants[-1] if instants else 0.0) + draw(st.sampled_from([0.0, 0.5, 3.0, 4.5, 9.0]))
    return History(rows, watched)


@st.composite
def tellings(draw: st.DrawFn) -> tuple[History, list[list[Rows]]]:
    """Cut each table's rows anywhere, interleave the tables, and share the pieces out between update calls."""
    history = draw(histories())
    queues: dict[Table, list[Rows]] = {}
    for table, rows in history.rows.items():
        cuts = sorted({0, len(rows), *draw(st.lists(st.integers(0, len(rows)), max_size=6))})
        queues[table] = []
        for start, stop in itertools.pairwise(cuts):
            through = rows[stop - 1].second + (draw(st.sampled_from([0.0, 0.25])) if stop < len(rows) else 0.0)
            queues[table].append(rows_of(table, rows[start:stop], through))
        queues[table] += [rows_of(table, [], history.watched[table]), end_of(table)]
    calls: list[list[Rows]] = [[]]
    while any(queues.values()):
        table = draw(st.sampled_from([table for table, queue in queues.items() if queue]))
        calls[-1].append(queues[table].pop(0))
        if draw(st.booleans()):
            calls.append([])
    return history, calls


@settings(max_examples=150, deadline=None)
@given(tellings(), st.booleans())
def test_every_telling_of_a_history_gives_what_the_oracle_says(telling: tuple[History, list[list[Rows]]], pickled: bool) -> None:
    history, calls = telling
    alerts, said = Alerts(SYMBOL, RULES), list[Alert]()
    for call in calls:
        said += alerts_in(alerts.update(call))
        alerts = pickle.loads(pickle.dumps(alerts)) if pickled else alerts
    for judged in RULES[:-1]:
        found = [what(alert) for alert in said if alert.rule == judged.settings.name]
        assert msgspec.json.encode(found) == msgspec.json.encode(oracle(judged, history)), judged.settings.name
    assert not [alert for alert in said if alert.rule == "ELSEWHERE"]


@settings(max_examples=50, deadline=None)
@given(tellings())
def test_the_final_rows_are_the_same_in_any_telling(telling: tuple[History, list[list[Rows]]]) -> None:
    _, calls = telling
    whole, cut = Alerts(SYMBOL, RULES), Alerts(SYMBOL, RULES)
    told_once = {alert.alert_id: alert for alert in alerts_in(whole.update([rows for call in calls for rows in call]))}
    told_in_calls = {alert.alert_id: alert for call in calls for alert in alerts_in(cut.update(call))}
    assert msgspec.json.encode(told_once, order="sorted") == msgspec.json.encode(told_in_calls, order="sorted")
    assert whole.swallowed() == cut.swallowed()
    assert whole.states() == cut.states()


@settings(max_examples=75, deadline=None)
@given(tellings(), st.booleans())
def test_telling_which_rules_wait_changes_no_alert_and_ends_the_same_in_any_telling(
    telling: tuple[History, list[list[Rows]]], pickled: bool
) -> None:
    _, calls = telling
    plain, whole, cut = Alerts(SYMBOL, RULES), Alerts(SYMBOL, RULES, provisional=True), Alerts(SYMBOL, RULES, provisional=True)
    told, left = list[Rows](), dict[str, Alert]()
    for call in calls:
        said = cut.update(call)
        assert [str(rows) for rows in said if not rows.provisional] == [str(rows) for rows in plain.update(call)]
        told += said
        cut = pickle.loads(pickle.dumps(cut)) if pickled else cut
    assert sum(rows.provisional for rows in told) <= len(calls)
    left = waiting_after(told)
    at_once = whole.update([rows for call in calls for rows in call])
    assert str(left) == str(waiting_after(at_once))
    pending = {name for name, state in cut.states().items() if state == "pending"}
    assert pending == {name for name, alert in left.items() if alert.state == "pending"}


def waiting_after(told: Sequence[Rows]) -> dict[str, Alert]:
    """Give what a screen is left with that keeps one word about each rule."""
    left: dict[str, Alert] = {}
    for rows in told:
        for alert in alerts_in([rows]):
            left.pop(alert.rule, None)
            if rows.provisional and alert.state != "lapsed":
                left[alert.rule] = alert
    return dict(sorted(left.items()))


@given(histories())
@settings(max_examples=25, deadline=None)
def test_rows_that_were_taken_are_left_as_they_were(history: History) -> None:
    items = [rows_of(table, rows, history.watched[table]) for table, rows in history.rows.items()]
    before = pickle.dumps(items)
    Alerts(SYMBOL, RULES).update(items)
    assert pickle.dumps(items) == before


# --- the parts that are easier to read alone ------------------------------------------------------------------------------------------


def test_alerts_of_all_rules_come_in_order_of_what_happened() -> None:
    alerts = Alerts(SYMBOL, [rule("volume_spike > 5", name="B"), rule("risk_metrics.drawdown > 5", name="A")])
    (rows,) = alerts.update([risk([1, 2, 3], [1, 6, 1]), trades([1, 2, 3], [6, 6, 1])])
    assert list(zip(rows.columns["rule"].tolist(), rows.columns["state"].tolist(), strict=True)) == [
        ("B", "firing"),
        ("A", "firing"),
        ("B", "resolved"),
        ("A", "resolved"),
    ]
    assert rows.columns["fired_ns"].dtype == np.int64


def test_provisional_rows_and_other_tables_are_passed_over() -> None:
    alerts = Alerts(SYMBOL, [rule("risk_metrics.drawdown > 5")])
    provisional = metric_rows(RISK, [1], {"drawdown": [9]}, provisional=True)
    assert alerts.update([provisional, spreads([1], [True])]) == []
    assert alerts.states() == {"RULE": "quiet"}


def test_revisions_take_nothing_back() -> None:
    alerts = Alerts(SYMBOL, [rule("risk_metrics.drawdown > 5")])
    assert [alert.state for alert in alerts_in(alerts.update([risk([1, 2], [1, 6])]))] == ["firing"]
    assert alerts.update([risk([1, 2], [6, 1])]) == []
    assert alerts.states() == {"RULE": "firing"}


def test_the_frontier_is_that_of_the_table_furthest_behind_and_news_by_itself() -> None:
    alerts = Alerts(SYMBOL, [rule("risk_metrics.drawdown > 5", name="A"), rule("volume_spike > 5", name="B")])
    assert alerts.update([risk([1], [1], through=4)]) == []
    (rows,) = alerts.update([trades([2], [1], through=3)])
    assert (len(rows), rows.through_ns) == (0, nanoseconds(3))
    assert alerts.update([trades([], [], through=3)]) == []
    (rows,) = alerts.update([end_of(RISK), end_of(TRADES)])
    assert (len(rows), rows.through_ns) == (0, END_NS)


def test_without_a_rule_there_is_nothing_to_say() -> None:
    alerts = Alerts(SYMBOL, [RULES[-1]])
    assert alerts.update([risk([1], [9]), end_of(RISK)]) == []
    assert (alerts.states(), alerts.swallowed()) == ({}, {})


def test_states_and_swallowed_are_told_by_name() -> None:
    alerts = Alerts(SYMBOL, [rule("risk_metrics.drawdown > 5", name="A", cooldown=3), rule("volume_spike > 5", name="B", no_data_after=2)])
    alerts.update([risk([1, 2, 3], [6, 1, 6]), trades([1], [9], through=4)])
    assert alerts.states() == {"A": "cooling", "B": "no_data"}
    assert alerts.swallowed() == {"A": 1, "B": 0}
    alerts.update([risk([], [], through=5)])
    assert alerts.states()["A"] == "quiet"


@pytest.mark.parametrize("rows", [1, 200])
def test_memory_does_not_grow_with_the_rows_judged(rows: int) -> None:
    alerts = Alerts(SYMBOL, RULES[:5])
    for i in range(rows):
        alerts.update([rows_of(table, [Row(i, 1.0, 0)], i) for table in COLUMNS])
    assert len(pickle.dumps(alerts)) < 12_000


def test_what_waits_is_told_when_it_changes_and_in_provisional_rows() -> None:
    alerts = Alerts(SYMBOL, [rule("risk_metrics.drawdown > 5", held_for=2)], provisional=True)
    told = []
    for second, value in enumerate([1, 6, 6, 1, 6, 6, 6, 1]):
        said = [rows for rows in alerts.update([risk([second], [value])]) if len(rows)]
        told.append([(alert.state, rows.provisional) for rows in said for alert in alerts_in([rows])])
    assert told == [
        [],
        [("pending", True)],
        [],
        [("lapsed", True)],
        [("pending", True)],
        [],
        [("firing", False)],
        [("resolved", False)],
    ]


def test_a_pending_that_another_follows_at_once_is_replaced_and_does_not_lapse() -> None:
    alerts = Alerts(SYMBOL, [rule("risk_metrics.drawdown > 5", held_for=9)], provisional=True)
    alerts.update([risk([0], [6])])
    (_, waiting) = alerts.update([risk([1, 2], [1, 6])])
    assert [(alert.state, alert.started_ns) for alert in alerts_in([waiting])] == [("pending", nanoseconds(2))]
    assert waiting.through_ns == nanoseconds(2)
