"""The rules of the made-up moment of `tui/sample.py`, two of which wait without an alert; and its alert that can be explained: what
entered its rule, the posts that moved the mood, and the minute and a half of numbers in which its condition came to hold.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec

from scoring.feed import AlertState, NewRows, RuleText, Topic, Value

_METRIC: Final = "decoupling_signals.hype_momentum"
_OTHER: Final = "decoupling_signals.delta_price"
_LIMIT: Final = 100.0
_FLAT: Final = 0.02
_PRICE: Final = 0.0141
"""How far the price had moved when it fired."""
RULES: Final = (
    RuleText(
        "IMMINENT_HYPE_PUMP",
        "critical",
        f"{_METRIC} > {_LIMIT:g} and {_OTHER} < {_FLAT:g}",
        f"{_METRIC} < 50",
        *(0.0, 0.0, 600.0, "judge"),
        "The crowd has turned on this asset and its price has not followed yet.",
    ),
    RuleText("WIDE_SPREAD", "warning", "spread_metrics.spread_ratio > 3", "", 0.0, 30.0, 600.0, "hold"),
    RuleText("VOLUME_SPIKE", "warning", "trade_metrics.volume_spike > 5", "", 0.0, 0.0, 300.0, "judge"),
    RuleText("VOLATILITY_BURST", "warning", "risk_metrics.volatility_1m_annualised > 1.5", "", 30.0, 0.0, 300.0, "judge"),
    RuleText("DATA_GAP", "info", "trade_metrics.open_gaps > 0", "", 0.0, 0.0, 0.0, "judge"),
)
_KNOWN_S: Final = 90
_POSTS: Final = (
    # seconds before it fired, channel, mood, by how much it moved the mean, copies, text
    (2, "moonshot_calls", 0.97, 0.0142, 3, "DOGE IS GOING PARABOLIC last chance before $1, buy buy buy"),
    (5, "pump_alerts", 0.93, 0.0119, 7, "Whales loading DOGE right now, 10x in the next hour"),
    (9, "night_traders", -0.64, -0.0098, 0, "This doge candle looks like a coordinated pump, do not be their exit"),
    (14, "moonshot_calls", 0.95, 0.0091, 1, "told you!! doge +9% in ten minutes, target 0.15"),
    (21, "pump_alerts", 0.88, 0.0077, 12, "DOGE volume is insane, next stop the moon"),
)


def waiting(at: datetime) -> list[AlertState]:
    """Give the rules that wait at an instant: one has held for 12 s of 30 s, a gap keeps one from judging."""
    hype, gap = at - timedelta(seconds=12), at - timedelta(seconds=228)
    burst = ("VOLATILITY_BURST", "DOGEUSDT", "warning", "pending", hype, None, None, "risk_metrics.volatility_1m_annualised")
    spread = ("WIDE_SPREAD", "SOLUSDT", "warning", "inhibited", gap, None, None, "spread_metrics.spread_ratio")
    return [
        AlertState("VOLATILITY_BURST DOGEUSDT", *burst, RULES[3].condition, 1.5, 3.874, 3.874, "{}", "complete"),
        AlertState("WIDE_SPREAD SOLUSDT", *spread, RULES[1].condition, 3.0, None, None, "{}", "open_gap(1)"),
    ]


def explained(alert: AlertState) -> AlertState:
    """Give an alert what an explanation rests on: it fired the moment its condition held."""
    fired = alert.fired_at
    assert fired is not None
    value = alert.value or 0.0
    known = {"instant": _text(fired), "completeness": "complete"}
    evidence = {_METRIC: {"value": value, **known}, _OTHER: {"value": _PRICE, **known}}
    names = ("channel", "score", "moved", "copies", "text")
    posts = [{"posted": _text(fired - timedelta(seconds=before)), **dict(zip(names, post, strict=True))} for before, *post in _POSTS]
    return msgspec.structs.replace(
        alert,
        condition=RULES[0].condition,
        evidence=msgspec.json.encode(evidence).decode(),
        posts=msgspec.json.encode(posts).decode(),
    )


def rows(alert: AlertState, at: datetime) -> list[NewRows]:
    """Give the final rows the rule judged before an instant: slowly more of it, and past the threshold when it fired."""
    fired, value = alert.fired_at, alert.value or 0.0
    assert fired is not None
    told = []
    for back in range(_KNOWN_S, 0, -1):
        instant = at - timedelta(seconds=back)
        hype = value if instant >= fired else _LIMIT * 0.9 * (1 - back / _KNOWN_S) ** 2
        cells: dict[str, Value] = {
            "asset": "dogecoin",
            "evaluated_at": _text(instant),
            "hype_momentum": hype,
            "delta_price": _PRICE * (1 - back / _KNOWN_S / 2),
            "open_gaps": 0,
            "completeness": "complete",
        }
        told.append(NewRows(Topic.DECOUPLING_SIGNALS, alert.symbol, False, {name: [cell] for name, cell in cells.items()}))
    return told


def _text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
