"""Each way from one state of a rule to the next, as a table of rows: second, value, and what is said.

The rule is `drawdown > 5` unless a test says otherwise; alerts are written `state@second`.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from scoring.alerts.lifecycle import Change, Lifecycle
from scoring.alerts.rules import Rule
from scoring.alerts.timeline import Intake, Timeline
from scoring.records import END_NS, Rows, Table
from tests.scoring.alerts.metric_rows import SYMBOL, nanoseconds, risk, rule, spreads, trades

NAN = math.nan


class Bench:
    """One lifecycle fed from tables of rows."""

    def __init__(self, tested: Rule, tells_waiting: bool = True) -> None:
        self.intakes = {table: Intake(table, [metric for metric in tested.metrics if metric.table is table]) for table in tested.tables}
        self.timeline = Timeline(list(self.intakes.values()))
        self.lifecycle = Lifecycle(SYMBOL, tested, tells_waiting)

    def feed(self, *rows: Rows) -> list[Change]:
        for one in rows:
            piece = self.intakes[one.table].accept(one)
            if piece is not None:
                self.timeline.add(one.table, piece)
        return self.lifecycle.judge(self.timeline.read())

    def state(self, second: float) -> str:
        return self.lifecycle.state(nanoseconds(second)).value


def said(changes: list[Change]) -> str:
    return " ".join(f"{change.alert.state}@{(change.at_ns - nanoseconds(0)) / 1e9:g}" for change in changes)


@pytest.mark.parametrize(
    ("settings", "values", "expected"),
    [
        pytest.param({}, [1, 2, 5, 1], "", id="quiet stays quiet; the threshold itself is not above it"),
        pytest.param({}, [1, 6, 7, 6], "firing@1", id="without `for` it fires at once, and once"),
        pytest.param({}, [1, 6, 1, 1], "firing@1 resolved@2", id="it is resolved when the condition is false"),
        pytest.param({"held_for": 2}, [6, 6, 1, 6, 6, 1], "", id="pending is given up when the condition breaks"),
        pytest.param({"held_for": 2}, [1, 6, 6, 6, 6], "firing@3", id="it fires when it has held for long enough"),
        pytest.param({"held_for": 1.5}, [1, 6, 6, 6, 6], "firing@3", id="`for` is judged at rows: at the first after it"),
        pytest.param({"held_for": 2}, [6, 6, NAN, 6, 6, 6], "firing@5", id="what is not known breaks pending"),
        pytest.param({"keep_firing_for": 2}, [6, 1, 1, 6, 1, 1, 1, 1], "firing@0 resolved@6", id="a break has to last"),
        pytest.param({"keep_firing_for": 2}, [6, 1, 1, NAN, 1, 1, 1], "firing@0 resolved@6", id="what is not known is no break"),
        pytest.param({}, [6, NAN, NAN, 1], "firing@0 resolved@3", id="what is not known resolves nothing"),
        pytest.param({"clear_when": "drawdown < 2"}, [6, 4, 3, 6, 2, 1, 4], "firing@0 resolved@5", id="hysteresis"),
        pytest.param({"clear_when": "drawdown < 9"}, [6, 8, 8, 4], "firing@0 resolved@3", id="it never ends while `when` holds"),
        pytest.param({"clear_when": "risk_metrics.price > 0"}, [6, 1, 1, 1], "firing@0", id="it may end by another metric only"),
        pytest.param({"cooldown": 3}, [6, 1, 6, 1, 6, 1, 6], "firing@0 resolved@1 firing@4 resolved@5", id="cooling swallows"),
        pytest.param({"cooldown": 3}, [6, 1, 6, 6, 6, 6], "firing@0 resolved@1 firing@4", id="what outlasts cooling begins anew"),
        pytest.param({"cooldown": 3, "held_for": 1}, [6, 6, 1, 6, 6, 6, 6], "firing@1 resolved@2 firing@6", id="and pends anew"),
        pytest.param({"cooldown": 0}, [6, 1, 6, 1], "firing@0 resolved@1 firing@2 resolved@3", id="without cooldown"),
    ],
)
def test_transitions(settings: dict[str, Any], values: list[float], expected: str) -> None:
    rows = risk(range(len(values)), values)
    assert said(Bench(rule("risk_metrics.drawdown > 5", **settings_of(settings))).feed(rows)) == expected
    bench = Bench(rule("risk_metrics.drawdown > 5", **settings_of(settings)))
    assert said([change for i, value in enumerate(values) for change in bench.feed(risk([i], [value]))]) == expected


def settings_of(settings: dict[str, Any]) -> dict[str, Any]:
    """Write `drawdown` in full: two letters less to read in the tables above."""
    return {name: value.replace("drawdown", "risk_metrics.drawdown") if name == "clear_when" else value for name, value in settings.items()}


@pytest.mark.parametrize(
    ("settings", "seconds", "values", "through", "expected"),
    [
        pytest.param({}, [0, 1], [1, 1], 99, "", id="a quiet rule says nothing of silence"),
        pytest.param({}, [0, 1], [6, 6], 11, "firing@0", id="not more than no_data_after"),
        pytest.param({}, [0, 1], [6, 6], 11.5, "firing@0 no_data@11", id="silence is said at its exact instant, and resolves nothing"),
        pytest.param({}, [0, 11, 12], [6, 6, 6], 12, "firing@0 no_data@10 firing@11", id="it goes on when rows return"),
        pytest.param({}, [0, 10, 11], [6, 6, 1], 12, "firing@0 resolved@11", id="a row at the very instant is in time"),
        pytest.param({}, [0, 11, 12], [6, 1, 1], 12, "firing@0 no_data@10 resolved@11", id="or is resolved"),
        pytest.param({}, [0, 11, 12], [6, NAN, 1], 12, "firing@0 no_data@10 firing@11 resolved@12", id="or goes on until it is known"),
        pytest.param({"keep_firing_for": 1}, [0, 11, 12], [6, 1, 1], 12, "firing@0 no_data@10 firing@11 resolved@12", id="or is kept"),
        pytest.param(
            {"keep_firing_for": 8}, [0, 5, 16, 24], [6, 1, 1, 1], 24, "firing@0 no_data@15 firing@16 resolved@24", id="clear anew"
        ),
        pytest.param({"held_for": 5}, [0, 11, 16], [6, 6, 6], 16, "firing@16", id="pending is dropped by silence"),
        pytest.param({"no_data_after": 0}, [0, 99], [6, 6], 999, "firing@0", id="0 is never"),
        pytest.param({}, [0, 11, 22], [6, 6, 6], 22, "firing@0 no_data@10 firing@11 no_data@21 firing@22", id="each silence is said"),
        pytest.param({"cooldown": 50}, [0, 1, 12, 13], [6, 1, 6, 6], 99, "firing@0 resolved@1", id="cooling says nothing of it"),
    ],
)
def test_silence(settings: dict[str, Any], seconds: list[float], values: list[float], through: float, expected: str) -> None:
    tested = rule("risk_metrics.drawdown > 5", **{"no_data_after": 10, **settings})
    assert said(Bench(tested).feed(risk(seconds, values, through))) == expected
    bench = Bench(tested)
    pieces = [risk([second], [value]) for second, value in zip(seconds, values, strict=True)]
    ticks = [risk([], [], through - 0.25), risk([], [], through), risk([], [], through)]
    assert said([change for rows in (*pieces, *ticks) for change in bench.feed(rows)]) == expected


def test_silence_before_the_first_row_is_none() -> None:
    bench = Bench(rule("risk_metrics.drawdown > 5", no_data_after=10))
    assert bench.feed(risk([], [], through=99)) == []
    assert bench.state(99) == "quiet"


def test_the_end_of_a_tape_is_no_silence_and_resolves_nothing() -> None:
    bench = Bench(rule("risk_metrics.drawdown > 5", no_data_after=10))
    end = Rows(Table.RISK_METRICS, SYMBOL, risk([], [], 0).columns, END_NS)
    assert said(bench.feed(risk([0, 1], [6, 6]), end)) == "firing@0"
    assert bench.state(1) == "firing"


def test_states_are_told_as_they_come() -> None:
    bench = Bench(rule("risk_metrics.drawdown > 5", held_for=2, cooldown=5, no_data_after=10))
    seen: list[str] = []
    for second, value in enumerate([1, 6, 6, 6, 1, 6]):
        bench.feed(risk([second], [value]))
        seen.append(bench.state(second))
    assert seen == ["quiet", "pending", "pending", "firing", "cooling", "cooling"]
    assert [bench.state(8.9), bench.state(9)] == ["cooling", "quiet"]
    bench.feed(risk([], [], through=16))
    assert bench.state(16) == "no_data"


@pytest.mark.parametrize("cuts", list(itertools.combinations(range(1, 10), 2)))
def test_what_begins_while_cooling_is_counted_once_each(cuts: tuple[int, int]) -> None:
    values = [6, 1, 6, 6, 1, 6, 1, 1, 6, 1]  # cooling from second 1 to 7: it begins to hold at 2 and at 5
    bench = Bench(rule("risk_metrics.drawdown > 5", cooldown=6))
    for start, stop in itertools.pairwise((0, *cuts, 10)):
        bench.feed(risk(range(start, stop), values[start:stop]))
    assert bench.lifecycle.swallowed == 2
    assert bench.lifecycle.phase == "cooling"


@pytest.mark.parametrize(
    ("when", "values", "peaks"),
    [
        ("risk_metrics.drawdown > 5", [6, 9, 8, 1], [6, 9]),
        ("risk_metrics.drawdown < -5", [-6, -9, -8, 1], [-6, -9]),
        ("abs(risk_metrics.drawdown) > 5", [6, -9, 8, 1], [6, -9]),
        ("not risk_metrics.drawdown <= 5", [6, 9, 8, 1], [6, 9]),
        ("risk_metrics.drawdown > 5", [6, NAN, 8, 1], [6, 8]),
    ],
)
def test_the_peak_is_the_value_furthest_from_the_threshold_so_far(when: str, values: list[float], peaks: list[float]) -> None:
    changes = Bench(rule(when)).feed(risk(range(4), values))
    assert [change.alert.peak_value for change in changes] == peaks
    assert [change.alert.value for change in changes] == [values[0]] * 2


def test_the_peak_may_lie_before_it_fired_but_not_before_it_began() -> None:
    changes = Bench(rule("risk_metrics.drawdown > 5 and risk_metrics.price > 0", held_for=2)).feed(
        risk(range(5), [9, 6, 8, 7, 1], price=[0, 1, 1, 1, 1])
    )
    assert [(change.alert.value, change.alert.peak_value) for change in changes] == [(7.0, 8.0), (7.0, 8.0)]


def test_the_peak_ends_where_the_alert_is_resolved() -> None:
    changes = Bench(rule("risk_metrics.drawdown > 5 and risk_metrics.price > 0")).feed(risk(range(4), [6, 9, 12, 15], price=[1, 0, 0, 0]))
    assert [(change.alert.state, change.alert.peak_value) for change in changes] == [("firing", 6.0), ("resolved", 9.0)]


def test_an_alert_says_what_when_and_on_what_data() -> None:
    rows = risk([1, 2, 3, 4], [1, 6, 7, 2], completeness=["complete", "complete", "open_gap(1)", "complete"])
    fired, resolved = Bench(rule("risk_metrics.drawdown > 5", name="FALL", held_for=1, severity="critical")).feed(rows)
    alert = fired.alert
    assert (alert.rule, alert.symbol, alert.severity, alert.state) == ("FALL", SYMBOL, "critical", "firing")
    assert (alert.started_ns, alert.fired_ns, alert.resolved_ns) == (nanoseconds(2), nanoseconds(3), 0)
    assert (alert.metric, alert.condition, alert.threshold) == ("risk_metrics.drawdown", "risk_metrics.drawdown > 5", 5.0)
    assert (alert.value, alert.completeness) == (7.0, "open_gap(1)")
    assert '"completeness":"open_gap(1)","instant":"2024-08-09T00:00:03Z","value":7.0' in alert.evidence
    assert len(alert.alert_id) == 16
    assert resolved.alert.alert_id == alert.alert_id
    assert (resolved.alert.state, resolved.alert.resolved_ns, resolved.alert.evidence) == ("resolved", nanoseconds(4), alert.evidence)


def test_each_alert_has_an_id_of_its_own() -> None:
    twice = Bench(rule("risk_metrics.drawdown > 5")).feed(risk(range(3), [6, 1, 6]))
    other_rule = Bench(rule("risk_metrics.drawdown > 5", name="OTHER")).feed(risk([0], [6]))
    assert len({change.alert.alert_id for change in (*twice, *other_rule)}) == 3


def test_open_gaps_are_judged_unless_the_rule_holds_on_them() -> None:
    rows = risk(range(6), [1, 6, 6, 1, 1, 1], open_gaps=[0, 1, 0, 1, 1, 0])
    assert said(Bench(rule("risk_metrics.drawdown > 5")).feed(rows)) == "firing@1 resolved@3"
    assert said(Bench(rule("risk_metrics.drawdown > 5", on_gap="hold")).feed(rows)) == "firing@2 resolved@5"


def test_a_rule_that_holds_on_gaps_says_so_while_it_does() -> None:
    bench = Bench(rule("risk_metrics.drawdown > 5", on_gap="hold", no_data_after=10))
    seen = []
    for second, gaps in enumerate([0, 2, 0]):
        bench.feed(risk([second], [1], open_gaps=[gaps]))
        seen.append(bench.state(second))
    assert seen == ["quiet", "gap", "quiet"]
    bench.feed(risk([], [], through=99))
    assert bench.state(99) == "no_data"


BOTH = "risk_metrics.drawdown > 5 and volume_spike > 5"


def test_a_rule_over_two_tables_is_judged_at_the_rows_of_both() -> None:
    bench = Bench(rule(BOTH, held_for=1))
    assert bench.feed(risk(range(6), [6, 6, 6, 6, 1, 1])) == []
    assert said(bench.feed(trades([1.5, 4.5], [9, 9]))) == "firing@3 resolved@4"


@pytest.mark.parametrize(
    ("risk_rows", "trade_rows", "expected"),
    [
        pytest.param(risk([0, 20], [6, 6]), trades(range(21), [9] * 21), "firing@0 no_data@10 firing@20", id="one of two is silent"),
        pytest.param(risk([0, 20], [6, 6]), trades([0, 5, 25], [9] * 3, 25), "firing@0 no_data@10", id="one returns, the other is silent"),
        pytest.param(risk([0, 12], [6, 6]), trades([0, 11, 12], [9, 9, 9]), "firing@0 no_data@10 firing@12", id="both are silent"),
        pytest.param(risk([0, 12], [6, 1]), trades([0, 11, 11.5], [9, 9, 9]), "firing@0 no_data@10", id="the next row is known"),
        pytest.param(risk([2], [6]), trades(range(31), [9] * 31), "firing@2", id="not judged beyond what is out"),
    ],
)
def test_silence_of_one_table_stops_a_rule_over_two(risk_rows: Rows, trade_rows: Rows, expected: str) -> None:
    tested = rule(BOTH, no_data_after=10)
    assert said(Bench(tested).feed(risk_rows, trade_rows)) == expected
    bench = Bench(tested)
    assert said(bench.feed(trade_rows) + bench.feed(risk_rows)) == expected


def test_a_table_whose_tape_has_ended_is_not_silent_while_another_goes_on() -> None:
    end = {table: Rows(table, SYMBOL, rows.columns, END_NS) for table, rows in ((Table.RISK_METRICS, risk([], [], 0)),)}
    bench = Bench(rule(BOTH, no_data_after=10))
    changes = bench.feed(risk([0], [6], 3), end[Table.RISK_METRICS]) + bench.feed(trades([1, 20, 22], [9, 9, 1], 23))
    assert said(changes) == "firing@1 no_data@11 firing@20 resolved@22"  # the trades were silent from 1 to 20; risk ended at 3


def test_a_flag_may_stand_alone() -> None:
    changes = Bench(rule("spread_warning")).feed(spreads(range(3), [False, True, False]))
    assert said(changes) == "firing@1 resolved@2"
    assert (changes[0].alert.value, np.isnan(changes[0].alert.threshold)) == (1.0, True)


def test_a_silence_is_said_once_however_it_is_cut() -> None:
    bench = Bench(rule("risk_metrics.drawdown > 5", no_data_after=10))
    changes = bench.feed(risk([0], [6], through=12)) + bench.feed(risk([15], [6]))
    assert said(changes) == "firing@0 no_data@10 firing@15"


@pytest.mark.parametrize(
    ("settings", "rows", "expected"),
    [
        pytest.param({}, risk([0, 1], [1, 6]), "", id="a rule without `for` never waits"),
        pytest.param({"held_for": 5}, risk([0, 1, 2], [1, 6, 7]), "pending@1", id="pending from where it began to hold"),
        pytest.param({"held_for": 5}, risk([0, 1, 2, 3], [6, 6, 1, 6]), "pending@3", id="what broke begins anew"),
        pytest.param({"held_for": 5}, risk([0, 1, 2], [6, 6, 1]), "", id="what broke waits no more"),
        pytest.param({"held_for": 1}, risk([0, 1, 2], [6, 6, 6]), "", id="an alert waits no more"),
        pytest.param({"held_for": 5}, risk([0, 1], [6, 6], 12), "inhibited@11", id="silence takes a pending"),
        pytest.param({}, risk([0, 1], [1, 1], 12), "", id="where nothing was pending, silence takes nothing"),
        pytest.param({"held_for": 5}, risk([0, 12], [6, 1], 12), "", id="and ends with a row"),
        pytest.param({"held_for": 5}, risk([0, 12], [6, 6], 12), "pending@12", id="from which it may begin to hold"),
        pytest.param({"on_gap": "hold"}, risk([0, 1, 2], [1, 1, 1], open_gaps=[0, 1, 2]), "inhibited@1", id="a gap holds a quiet rule"),
        pytest.param({"on_gap": "hold", "held_for": 5}, risk([0, 1], [6, 6], open_gaps=[0, 1]), "inhibited@1", id="or a pending one"),
        pytest.param({"on_gap": "hold"}, risk([0, 1, 2], [1, 1, 1], open_gaps=[1, 1, 0]), "", id="until the windows are whole"),
        pytest.param({"on_gap": "hold"}, risk([0, 1], [6, 6], open_gaps=[0, 1]), "", id="an alert that fires goes on firing"),
        pytest.param(
            {"on_gap": "hold", "cooldown": 5}, risk([0, 1, 2], [6, 1, 1], open_gaps=[0, 0, 1]), "", id="cooling, it would not judge anyway"
        ),
        pytest.param(
            {"on_gap": "hold", "cooldown": 5},
            risk([0, 1, 2, 9], [6, 1, 1, 1], open_gaps=[0, 0, 1, 1]),
            "inhibited@2",
            id="cooled, it would",
        ),
        pytest.param({"on_gap": "judge"}, risk([0, 1], [1, 1], open_gaps=[1, 1]), "", id="gaps do not hold other rules"),
    ],
)
def test_what_waits_in_the_place_of_an_alert(settings: dict[str, Any], rows: Rows, expected: str) -> None:
    tested = rule("risk_metrics.drawdown > 5", **{"no_data_after": 10, **settings})
    whole, cut = Bench(tested), Bench(tested)
    whole.feed(rows)
    for i in range(len(rows)):
        columns = {name: column[i : i + 1] for name, column in rows.columns.items()}
        cut.feed(Rows(rows.table, SYMBOL, columns, int(columns["sampled_ns"][0])))
    cut.feed(risk([], [], (rows.through_ns - nanoseconds(0)) / 1e9))
    for bench in (whole, cut):
        waiting = bench.lifecycle.waiting
        assert expected == ("" if waiting is None else f"{waiting.state}@{(waiting.started_ns - nanoseconds(0)) / 1e9:g}")
    assert str(whole.lifecycle.waiting) == str(cut.lifecycle.waiting)  # as text, for NaN is not itself


def test_a_pending_rule_says_on_what_and_keeps_its_id_when_it_fires() -> None:
    bench = Bench(rule("risk_metrics.drawdown > 5", held_for=2, severity="critical"))
    bench.feed(risk([1, 2], [1, 7], completeness=["complete", "repaired(2)"]))
    pending = bench.lifecycle.waiting
    assert pending is not None
    assert (pending.severity, pending.fired_ns, pending.resolved_ns, pending.value, pending.peak_value) == ("critical", 0, 0, 7.0, 7.0)
    assert (pending.threshold, pending.completeness) == (5.0, "repaired(2)")
    assert '"instant":"2024-08-09T00:00:02Z","value":7.0' in pending.evidence
    bench.feed(risk([3], [8]))
    assert bench.lifecycle.waiting is pending  # the same as long as nothing changes
    (fired,) = bench.feed(risk([4], [9]))
    assert fired.alert.alert_id == pending.alert_id
    assert fired.alert.started_ns == pending.started_ns


def test_an_inhibited_rule_says_what_it_lacks() -> None:
    gap = Bench(rule("risk_metrics.drawdown > 5", on_gap="hold"))
    gap.feed(risk([1, 2], [1, 7], open_gaps=[0, 3], completeness=["complete", "open_gap(3)"]))
    silence = Bench(rule("risk_metrics.drawdown > 5", held_for=9, no_data_after=3))
    silence.feed(risk([1], [7], 9))
    found = [bench.lifecycle.waiting for bench in (gap, silence)]
    assert [(each.completeness, each.evidence, math.isnan(each.value)) for each in found if each] == [
        ("open_gap(3)", "{}", True),
        ("no_data", "{}", True),
    ]


def test_where_nobody_looks_what_waits_is_not_worked_out_and_what_fires_is_the_same() -> None:
    tested = rule("risk_metrics.drawdown > 5", held_for=2)
    seen, unseen = Bench(tested), Bench(tested, tells_waiting=False)
    for second, value in ((1, 7), (2, 8), (3, 9)):
        assert seen.feed(risk([second], [value])) == unseen.feed(risk([second], [value]))
        assert (seen.lifecycle.waiting is None, unseen.lifecycle.waiting) == (second == 3, None)
