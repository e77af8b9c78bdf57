"""What would have kept an alert from firing is said in the metric's own unit."""

import msgspec
import numpy as np
import pytest

from scoring.alerts.avoidance import avoidance, write_value
from scoring.alerts.metrics import find_metric
from scoring.alerts.state import Alerts
from scoring.records import Alert
from tests.scoring.alerts.metric_rows import SECOND, SYMBOL, alerts_in, risk, rule, trades


def fire(when: str, peak: float, **values: float) -> Alert:
    """Let a rule fire at second 0, reach its peak of volume_spike at second 10 and end at 20."""
    first = values.pop("volume_spike")
    columns = {name: [value, value, 0.0] for name, value in values.items()}
    rows = trades([0, 10, 20], [first, peak, 0.0], None, **columns)
    return alerts_in(Alerts(SYMBOL, [rule(when)]).update([rows]))[-1]


def test_the_threshold_would_have_had_to_lie_beyond_the_peak() -> None:
    alert = fire("volume_spike > 5", 14.0, volume_spike=6.0)
    assert avoidance(alert) == [
        "a threshold beyond 14 times the mean instead of 5 times the mean: trade_metrics.volume_spike was 6 times the mean when it "
        "fired and 14 times the mean at its furthest, past the threshold by 9 times the mean",
        "or a `for` longer than 20s, the time from its start to its end",
    ]


def test_a_threshold_from_above_moves_down() -> None:
    rows = risk([0, 10, 20], [0.0, 0.0, 0.0], momentum_1m=[-0.02, -0.03, 0.0])
    for when in ("momentum_1m < -0.01", "not momentum_1m >= -0.01"):
        alert = alerts_in(Alerts(SYMBOL, [rule(when)]).update([rows]))[-1]
        assert avoidance(alert)[0].startswith("a threshold beyond -0.03 (-3 %) instead of -0.01 (-1 %): risk_metrics.momentum_1m was -0.02")


def test_a_function_of_a_metric_has_its_own_margin() -> None:
    rows = risk([0, 10, 20], [0.0, 0.0, 0.0], momentum_1m=[-0.02, -0.03, 0.0])
    alert = alerts_in(Alerts(SYMBOL, [rule("abs(momentum_1m) > 0.01")]).update([rows]))[-1]
    assert "a threshold beyond 0.03 (3 %)" in avoidance(alert)[0]
    assert avoidance(alert)[0].endswith("past the threshold by 0.02 (2 %)")


def test_every_other_part_is_a_way_out_too() -> None:
    alert = fire("volume_spike > 5 and trade_count >= 30", 14.0, volume_spike=6.0, trade_count=42)
    assert avoidance(alert)[1] == "or `trade_count >= 30` not met: trade_metrics.trade_count was 42 trades, inside by 12 trades"


def test_a_part_that_compares_metrics_has_no_threshold_but_a_margin() -> None:
    alert = fire("volume_spike > 2 * trade_count", 14.0, volume_spike=6.0, trade_count=1)
    assert avoidance(alert)[0] == (
        "`volume_spike > 2 * trade_count` not met: trade_metrics.volume_spike was 6 times the mean, "
        "trade_metrics.trade_count was 1 trades, inside by 4 times the mean"
    )


def test_an_alert_that_is_still_on_says_nothing_of_its_length() -> None:
    alert = msgspec.structs.replace(fire("volume_spike > 5", 14.0, volume_spike=6.0), resolved_ns=0)
    assert len(avoidance(alert)) == 1


def test_the_length_is_that_from_start_to_end() -> None:
    alert = fire("volume_spike > 5", 14.0, volume_spike=6.0)
    longer = msgspec.structs.replace(alert, resolved_ns=alert.started_ns + 90 * SECOND)
    assert avoidance(longer)[-1].startswith("or a `for` longer than 90s")


def test_a_value_that_was_not_known_stays_so() -> None:
    alert = fire("volume_spike > 5 and trade_count >= 30", 14.0, volume_spike=6.0, trade_count=42)
    lost = msgspec.structs.replace(alert, evidence=alert.evidence.replace("42.0", "null"))
    assert "trade_metrics.trade_count was nan trades" in avoidance(lost)[1]


@pytest.mark.parametrize(
    ("name", "value", "written"),
    [
        ("average_spread_bps", 1.5, "1.5 bps"),
        ("latency_ms", 3.0, "3 ms"),
        ("hype_momentum", 137.25, "137.25"),
        ("risk_metrics.drawdown", 0.0123, "0.0123 (1.23 %)"),
        ("hype_momentum_z", np.float64(3), "3 standard deviations"),
    ],
)
def test_values_carry_their_unit(name: str, value: float, written: str) -> None:
    assert write_value(find_metric(name), value) == written
