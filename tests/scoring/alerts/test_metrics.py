"""Names of metrics are found, or the right one is suggested."""

import pytest

from scoring.alerts.metrics import JUDGED, METRICS, ConditionError, Metric, find_metric
from scoring.records import TABLES, Table, columns_of


def test_every_metric_is_found_by_its_full_name() -> None:
    assert all(find_metric(str(metric)) == metric for metric in METRICS)


def test_metrics_are_the_numbers_and_flags_of_the_judged_tables() -> None:
    assert METRICS[Metric(Table.SPREAD_METRICS, "spread_warning")] is bool
    assert METRICS[Metric(Table.TRADE_METRICS, "trade_count")] is int
    assert METRICS[Metric(Table.RISK_METRICS, "volatility_1m_annualised")] is float
    left_out = {column for table in JUDGED for column in columns_of(TABLES[table].row)} - {column for _, column in METRICS}
    assert left_out == {"symbol", "completeness", "window_start_ns", "window_end_ns", "sampled_ns", "asset", "evaluated_ns"}


def test_a_bare_column_is_found_where_one_table_has_it() -> None:
    assert find_metric("price_stddev_bps") == Metric(Table.TRADE_METRICS, "price_stddev_bps")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("late_rows", "write trade_metrics.late_rows or spread_metrics.late_rows"),
        ("volume_spik", "the nearest is 'volume_spike'"),
        ("risk_metrics.drawdwn", "the nearest is 'risk_metrics.drawdown'"),
        ("spread_metrics.volatility", "there is no metric 'spread_metrics.volatility'"),
        ("__class__", "metrics are the numbers of trade_metrics, spread_metrics, risk_metrics"),
        ("zzzzzzzz", "metrics are the numbers of trade_metrics, spread_metrics, risk_metrics"),
    ],
)
def test_a_wrong_name_is_answered_with_a_right_one(name: str, says: str) -> None:
    with pytest.raises(ConditionError) as error:
        find_metric(name)
    assert says in str(error.value)
