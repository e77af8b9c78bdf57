"""An alert in words says what fired, why, and on what data."""

import msgspec

from scoring.alerts.explanation import explain
from scoring.records import Alert
from tests.scoring.alerts.metric_rows import SECOND, START_NS, SYMBOL

ALERT = Alert(
    alert_id="0123456789abcdef",
    rule="DRAWDOWN",
    symbol=SYMBOL,
    severity="critical",
    state="firing",
    started_ns=START_NS,
    fired_ns=START_NS + 5 * SECOND,
    resolved_ns=0,
    metric="risk_metrics.drawdown",
    condition="risk_metrics.drawdown > 0.01",
    threshold=0.01,
    value=0.0123456789,
    peak_value=0.02,
    evidence='{"risk_metrics.drawdown":{"completeness":"open_gap(1)","instant":"2024-08-09T00:00:05Z","value":0.0123456789}}',
    completeness="open_gap(1)",
)


def test_a_firing_alert_is_explained() -> None:
    assert explain(ALERT, "The price fell fast.") == [
        "CRITICAL DRAWDOWN BTCUSDT: firing since 2024-08-09T00:00:05Z",
        "The price fell fast.",
        "risk_metrics.drawdown was 0.0123457 (threshold 0.01, peak 0.02)",
        "because risk_metrics.drawdown > 0.01, held for 5s since 2024-08-09T00:00:00Z",
        "  risk_metrics.drawdown = 0.0123457 at 2024-08-09T00:00:05Z (open_gap(1))",
        "data: open_gap(1), data is missing from the windows: the numbers may be wrong",
    ]


def test_what_there_is_nothing_to_say_about_is_left_out() -> None:
    evidence = '{"spread_metrics.spread_warning":{"completeness":"complete","instant":"2024-08-09T00:00:00Z","value":null}}'
    alert = msgspec.structs.replace(
        ALERT, threshold=float("nan"), value=1.0, peak_value=1.0, fired_ns=START_NS, evidence=evidence, completeness="complete"
    )
    assert explain(alert)[1:] == [
        "risk_metrics.drawdown was 1",
        "because risk_metrics.drawdown > 0.01",
        "  spread_metrics.spread_warning = unknown at 2024-08-09T00:00:00Z (complete)",
        "data: complete, the windows are complete",
    ]


def test_the_other_states_are_told_apart() -> None:
    resolved = msgspec.structs.replace(ALERT, state="resolved", resolved_ns=START_NS + 60 * SECOND)
    assert explain(resolved)[0] == "CRITICAL DRAWDOWN BTCUSDT: fired 2024-08-09T00:00:05Z, resolved 2024-08-09T00:01:00Z"
    silent = msgspec.structs.replace(ALERT, state="no_data", completeness="odd")
    assert explain(silent)[0].endswith("no data since, so it is not known whether it still holds")
    assert explain(silent)[-1] == "data: odd, quality unknown"
