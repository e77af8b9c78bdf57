"""A reading becomes verdicts, and verdicts stretches: what lies in one was judged alike, and no silence within."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.alerts.rules import Rule
from scoring.alerts.timeline import Intake, Reading, Timeline
from scoring.alerts.verdicts import Judged, Stretches, Verdict, find_silences, judge_reading, on_gaps
from scoring.records import END_NS, Rows, Table
from tests.scoring.alerts.metric_rows import SECOND, SYMBOL, nanoseconds, risk, rule, trades

NAN = math.nan
BOTH = "risk_metrics.drawdown > 5 and volume_spike > 5"


def read(tested: Rule, *rows: Rows) -> Reading:
    intakes = {table: Intake(table, [metric for metric in tested.metrics if metric.table is table]) for table in tested.tables}
    timeline = Timeline(list(intakes.values()))
    for one in rows:
        piece = intakes[one.table].accept(one)
        if piece is not None:
            timeline.add(one.table, piece)
    return timeline.read()


def judged_of(tested: Rule, *rows: Rows) -> Judged:
    reading = read(tested, *rows)
    return judge_reading(tested, reading, *tested.when.judge(reading.values))


def words(judged: Judged) -> list[str]:
    return [Verdict(verdict).name.lower() for verdict in judged.verdicts.tolist()]


def test_a_verdict_tells_what_holds_what_is_clear_and_what_is_neither() -> None:
    rows = risk(range(5), [6, 4, 1, NAN, 5])
    assert words(judged_of(rule("risk_metrics.drawdown > 5"), rows)) == ["holds", "clear", "clear", "unknown", "clear"]
    hysteresis = rule("risk_metrics.drawdown > 5", clear_when="risk_metrics.drawdown < 3")
    assert words(judged_of(hysteresis, rows)) == ["holds", "neither", "clear", "unknown", "neither"]


def test_margins_count_only_where_there_is_a_verdict() -> None:
    assert judged_of(rule("risk_metrics.drawdown > 5"), risk(range(3), [6, NAN, 1])).margins.tolist() == [1.0, -math.inf, -4.0]


def test_an_open_gap_is_not_known_to_a_rule_that_holds_on_it() -> None:
    rows = risk(range(3), [6, 6, 1], open_gaps=[0, 2, 1])
    assert words(judged_of(rule("risk_metrics.drawdown > 5"), rows)) == ["holds", "holds", "clear"]
    assert words(judged_of(rule("risk_metrics.drawdown > 5", on_gap="hold"), rows)) == ["holds", "unknown", "unknown"]
    both = (risk(range(3), [6, 6, 6]), trades([0, 1], [6, 6], open_gaps=[0, 1], through=9))
    assert on_gaps(read(rule(BOTH), *both)).tolist() == [False, True, True]


def test_an_instant_is_silent_where_another_table_has_been_for_too_long() -> None:
    rows = (risk([0, 20], [6, 6]), trades([0, 10, 11, 20], [6, 6, 6, 6]))
    assert words(judged_of(rule(BOTH, no_data_after=10), *rows)) == ["holds", "holds", "silent", "holds"]
    assert words(judged_of(rule(BOTH), *rows)) == ["holds", "holds", "holds", "holds"]


def test_a_table_is_not_silent_after_its_tape_has_ended() -> None:
    ended = Rows(Table.RISK_METRICS, SYMBOL, risk([], [], through=0).columns, END_NS)
    rows = (risk([0], [6], through=5), ended, trades([0, 20], [6, 6]))
    assert words(judged_of(rule(BOTH, no_data_after=10), *rows)) == ["holds", "holds"]


def silences(tested: Rule, *rows: Rows) -> list[float]:
    return [(instant - nanoseconds(0)) / SECOND for instant in find_silences(read(tested, *rows), tested.settings.no_data_after)]


def test_silences_are_found_between_rows_and_after_the_last() -> None:
    tested = rule("risk_metrics.drawdown > 5", no_data_after=10)
    assert silences(tested, risk([0, 10, 21], [1, 1, 1], through=31)) == [20]
    assert silences(tested, risk([0, 10, 21], [1, 1, 1], through=31.5)) == [20, 31]
    assert silences(tested, risk([], [], through=99)) == []
    assert silences(rule("risk_metrics.drawdown > 5"), risk([0, 99], [1, 1], through=999)) == []
    assert silences(rule(BOTH, no_data_after=10), risk([0, 30], [1, 1]), trades([5, 30], [1, 1])) == [10, 15]


INSTANTS = st.lists(st.integers(0, 60), min_size=1, max_size=30, unique=True).map(sorted)


@settings(max_examples=100, deadline=None)
@given(INSTANTS, st.lists(st.sampled_from([1.0, 4.0, 6.0, NAN]), min_size=30, max_size=30), st.integers(0, 12), st.integers(0, 9))
def test_stretches_cover_a_reading_and_skip_only_what_is_too_short(
    instants: list[int], values: list[float], through: int, least: int
) -> None:
    tested = rule("risk_metrics.drawdown > 5", no_data_after=5, held_for=least, keep_firing_for=least)
    reading = read(tested, risk(instants, values[: len(instants)], instants[-1] + through))
    judged = judge_reading(tested, reading, *tested.when.judge(reading.values))
    found = find_silences(reading, tested.settings.no_data_after)
    stretches = Stretches(judged, found, tested)
    spans = list(zip(stretches.starts, stretches.stops, strict=True))
    assert [i for start, stop in spans for i in range(start, stop)] == list(range(len(instants)))
    silent = [instant for instant in map(stretches.silence_before, range(len(spans))) if instant is not None]
    assert silent == found
    last = len(spans) - 1
    for i, (start, stop) in enumerate(spans):
        if start == stop:
            assert i == last
            continue
        assert len(set(judged.verdicts[start:stop].tolist())) == 1
        verdict, lasting = judged.verdicts[start], int(judged.instants[stop - 1] - judged.instants[start])
        must_stop = i == last or stretches.silence_before(i) is not None
        taken = i < last and stretches.silence_before(i + 1) is not None
        assert (stretches.next_firing(i) == i) == (must_stop or (verdict == Verdict.HOLDS and (taken or lasting >= least * SECOND)))
        assert (stretches.next_resolving(i) == i) == (must_stop or (verdict == Verdict.CLEAR and lasting >= least * SECOND))
        until = nanoseconds(least)
        assert (stretches.next_lasting(i, until) == i) == (must_stop or judged.instants[stop - 1] >= until)


def test_a_silence_that_its_next_row_proves_counts_before_that_row_is_read() -> None:
    rows = (risk([0, 20], [6, 6]), trades([0, 11], [6, 6]))
    assert words(judged_of(rule(BOTH, no_data_after=10), *rows)) == ["holds", "silent"]


def test_the_first_instant_at_or_after_another_is_looked_for_in_a_span() -> None:
    judged = judged_of(rule("risk_metrics.drawdown > 5"), risk([0, 2, 4, 6], [1, 1, 1, 1]))
    assert [judged.first_at(1, 3, nanoseconds(second)) for second in (0, 2, 3, 5)] == [1, 1, 2, 3]
