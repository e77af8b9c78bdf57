"""What was known of each table at each instant does not depend on which table's rows came first."""

import numpy as np
import pytest

from scoring.alerts.metrics import Metric
from scoring.alerts.timeline import NEVER_NS, Intake, Timeline
from scoring.records import END_NS, Rows, Table
from tests.scoring.alerts.metric_rows import nanoseconds, risk, trades

DRAWDOWN = Metric(Table.RISK_METRICS, "drawdown")
SPIKE = Metric(Table.TRADE_METRICS, "volume_spike")


def both() -> tuple[Intake, Intake, Timeline]:
    intakes = Intake(Table.RISK_METRICS, [DRAWDOWN]), Intake(Table.TRADE_METRICS, [SPIKE])
    return *intakes, Timeline(intakes)


def feed(intake: Intake, timeline: Timeline, rows: Rows) -> None:
    piece = intake.accept(rows)
    if piece is not None:
        timeline.add(intake.table, piece)


def seconds(instants: np.ndarray[tuple[int], np.dtype[np.int64]]) -> list[float]:
    return [(instant - nanoseconds(0)) / 1e9 for instant in instants.tolist()]


def test_two_tables_wait_for_each_other_and_carry_their_last_values() -> None:
    first, second, timeline = both()
    feed(first, timeline, risk([1, 2, 3], [0.1, 0.2, 0.3]))
    assert len(timeline.read().instants) == 0
    feed(second, timeline, trades([2], [7], through=2.5))
    reading = timeline.read()
    assert seconds(reading.instants) == [1, 2]
    assert reading.through_ns == nanoseconds(2.5)
    np.testing.assert_array_equal(reading.values[DRAWDOWN], [0.1, 0.2])
    np.testing.assert_array_equal(reading.values[SPIKE], [np.nan, 7])
    assert reading.tables[Table.TRADE_METRICS].as_of.tolist() == [NEVER_NS, nanoseconds(2)]
    assert reading.tables[Table.RISK_METRICS].more
    feed(second, timeline, trades([], [], through=9))
    reading = timeline.read()
    assert seconds(reading.instants) == [3]
    np.testing.assert_array_equal(reading.values[SPIKE], [7])
    assert len(timeline.read().instants) == 0


def test_one_table_waits_for_nobody_and_remembers_its_last_row() -> None:
    intake = Intake(Table.RISK_METRICS, [DRAWDOWN])
    timeline = Timeline([intake])
    feed(intake, timeline, risk([1, 5], [0.1, 0.2], through=0))
    reading = timeline.read()
    assert seconds(reading.instants) == [1, 5]
    assert reading.tables[Table.RISK_METRICS].widest_ns == 4 * 10**9
    feed(intake, timeline, risk([7], [0.3]))
    assert timeline.read().tables[Table.RISK_METRICS].rows.tolist() == [nanoseconds(5), nanoseconds(7)]


@pytest.mark.parametrize(
    ("instants", "kept"),
    [([3, 4], [0, 1]), ([2, 3], [1]), ([1, 2], []), ([3, 3, 2, 4], [0, 3])],
)
def test_revisions_and_rows_from_before_are_dropped(instants: list[float], kept: list[float]) -> None:
    intake = Intake(Table.RISK_METRICS, [DRAWDOWN])
    intake.accept(risk([2], [0.5]))
    piece = intake.accept(risk(instants, [float(i) for i in range(len(instants))]))
    assert (piece.values[DRAWDOWN].tolist() if piece is not None else []) == kept


def test_the_end_of_a_tape_moves_the_frontier_but_not_what_was_watched() -> None:
    intake = Intake(Table.RISK_METRICS, [DRAWDOWN])
    timeline = Timeline([intake])
    intake.accept(risk([], [], through=5))
    intake.accept(Rows(Table.RISK_METRICS, "BTCUSDT", risk([], [], through=5).columns, END_NS))
    assert (timeline.through_ns, timeline.watched_ns) == (END_NS, nanoseconds(5))
    intake.accept(risk([], [], through=4))
    assert timeline.through_ns == END_NS


def test_a_table_that_is_not_asked_for_is_passed_over() -> None:
    first, second, _ = both()
    alone = Timeline([first])
    feed(second, alone, trades([1], [1]))
    assert len(alone.read().instants) == 0
