"""What an alert rests on is written the same way every time."""

import numpy as np
import pytest

from scoring.alerts.evidence import gather, worst
from scoring.alerts.expression import compile_condition
from scoring.alerts.timeline import Reading, TableReading
from scoring.records import Table
from tests.scoring.alerts.metric_rows import START_NS

TRADES, RISK = Table.TRADE_METRICS, Table.RISK_METRICS
WHEN = compile_condition("volume_spike > 5 or drawdown > 0.01 or trade_metrics.vwap > 1")


def table_reading(as_of: int, completeness: str) -> TableReading:
    one = np.array([as_of])
    return TableReading(one, np.zeros(1, np.int64), np.array([completeness], object), one, 0, False, as_of)


def reading(trades: str, risk: str) -> Reading:
    values = dict(zip(WHEN.metrics, (np.array([6.5]), np.array([0.1]), np.array([np.nan])), strict=True))
    tables = {TRADES: table_reading(START_NS, trades), RISK: table_reading(START_NS + 500_000_000, risk)}
    return Reading(np.array([START_NS]), START_NS, values, tables)


def test_evidence_names_each_metric_with_its_value_instant_and_completeness() -> None:
    assert gather(WHEN.metrics, reading("complete", "open_gap(2)"), 0) == (
        '{"risk_metrics.drawdown":{"completeness":"open_gap(2)","instant":"2024-08-09T00:00:00.500000Z","value":0.1},'
        '"trade_metrics.volume_spike":{"completeness":"complete","instant":"2024-08-09T00:00:00Z","value":6.5},'
        '"trade_metrics.vwap":{"completeness":"complete","instant":"2024-08-09T00:00:00Z","value":null}}'
    )


@pytest.mark.parametrize(
    ("trades", "risk", "expected"),
    [
        ("complete", "complete", "complete"),
        ("complete", "repaired(3)", "repaired(3)"),
        ("open_gap(1)", "repaired(30)", "open_gap(1)"),
        ("repaired(9)", "repaired(10)", "repaired(10)"),
        ("open_gap(1)", "what is this", "what is this"),
    ],
)
def test_the_worst_completeness_speaks_for_all(trades: str, risk: str, expected: str) -> None:
    assert worst((TRADES, RISK), reading(trades, risk), 0) == expected
    assert worst((RISK, TRADES), reading(risk, trades), 0) == expected
