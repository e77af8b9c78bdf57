"""A replay with alerts in it, as a client hears it: what the tests of the log, the explanation and the tape share."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import msgspec

from scoring.feed import AlertState, Hello, NewRows, PaceState, PricePoints, Snapshot, SourceState, Value
from tui.state import Event

NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)
AT = NOON + timedelta(minutes=10)
SYMBOL = "DOGEUSDT"
RISK = "risk_metrics.drawdown"


def text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def alert(**fields: object) -> AlertState:
    """Give an alert about a fall that held for 5 s, or another."""
    known = AlertState(
        alert_id="a1",
        rule="DRAWDOWN",
        symbol=SYMBOL,
        severity="critical",
        state="firing",
        started_at=AT - timedelta(seconds=25),
        fired_at=AT - timedelta(seconds=20),
        resolved_at=None,
        metric=RISK,
        condition="risk_metrics.drawdown > 0.01",
        threshold=0.01,
        value=0.02,
        peak_value=0.03,
        evidence=json.dumps({RISK: {"value": 0.02, "instant": text(AT - timedelta(seconds=20)), "completeness": "complete"}}),
        completeness="complete",
    )
    return msgspec.structs.replace(known, **fields)


OTHERS = (
    alert(alert_id="a2", rule="SPREAD_WARNING", symbol="BTCUSDT", severity="warning", fired_at=AT - timedelta(minutes=3), started_at=None),
    alert(alert_id="a3", rule="VOLUME_SPIKE", severity="info", state="resolved", fired_at=NOON, resolved_at=NOON + timedelta(minutes=2)),
    alert(alert_id="a4", rule="DATA", symbol="ETHUSDT", severity="warning", state="no_data", completeness="open_gap(2)", fired_at=NOON),
)


def risk(at: datetime, drawdown: float | None, *, provisional: bool = False) -> NewRows:
    """Give one row of rolling risk."""
    cells: dict[str, Value] = {"sampled_at": text(at), "price": 0.1, "drawdown": drawdown, "completeness": "complete", "open_gaps": 0}
    return NewRows("risk_metrics", SYMBOL, provisional, {name: [value] for name, value in cells.items()})


def source(at: datetime = AT) -> SourceState:
    return SourceState("binance", at, 100, 0, 0, at, NOON, NOON + timedelta(minutes=20), 10.0, "replaying")


def events(pace: PaceState | None = None, alerts: tuple[AlertState, ...] = (*OTHERS, alert())) -> list[Event]:
    """Give what a client would have heard; without a pace the flow is live."""
    points = PricePoints(SYMBOL, 5.0, [NOON + timedelta(seconds=5 * i) for i in range(121)], [0.1 + i % 7 / 1000 for i in range(121)])
    hello = Hello("0.1.0", "example", "replay" if pace else "live", [SYMBOL, "BTCUSDT", "ETHUSDT"], [])
    return [hello, Snapshot([], list(alerts), [points], [source()], [], pace)]


def fall() -> list[NewRows]:
    """Give rows of a minute in which the price fell for fifteen seconds, 30 s ago to 15 s ago: by 2 %, at last by 3 %."""
    rows = []
    for second in range(-60, 1):
        drawdown = 0.0 if not -25 <= second < -10 else (0.03 if second >= -13 else 0.02)
        rows.append(risk(AT + timedelta(seconds=second), drawdown))
    return rows
