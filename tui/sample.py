"""A recorded moment of a feed, made up and always the same: what the picture in the README and the tests of the screen show.

No price in it was ever paid and no post in it ever posted. It tells a story at its height: five symbols, one of them pumped by a
crowd that shouts about it, one with a gap in its data.
"""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from scoring.feed import AlertState, Hello, NewRows, PricePoints, Snapshot, SourceState, Topic, Value
from tui import sample_alert, sample_books
from tui.state import Connecting, Event

AT: Final = datetime(2026, 8, 1, 12, 16, 40, tzinfo=UTC)
"""Time on the tape."""
_START: Final = AT - timedelta(seconds=1000)
_END: Final = _START + timedelta(minutes=20)
_STEP_S: Final = 5
_POINTS: Final = 200
_MINUTE: Final = timedelta(minutes=1)

_SYMBOLS: Final = (
    # symbol, price, drift over the session, swing, bps of spread, imbalance, annualised volatility, completeness
    ("BTCUSDT", 61_284.50, 0.004, 0.0015, 0.16, 0.21, 0.412, "complete"),
    ("ETHUSDT", 2_651.37, -0.006, 0.0021, 0.38, -0.34, 0.538, "complete"),
    ("DOGEUSDT", 0.11873, 0.094, 0.0060, 4.91, 0.78, 3.874, "complete"),
    ("SOLUSDT", 143.208, 0.011, 0.0032, 0.70, 0.05, 0.731, "open_gap(1)"),
    ("PEPEUSDT", 0.000008127, -0.019, 0.0048, 1.24, -0.52, 1.196, "repaired(12)"),
)
_ALERTS: Final = (
    # seconds ago, rule, symbol, severity, state, metric, threshold, value
    (12, "IMMINENT_HYPE_PUMP", "DOGEUSDT", "critical", "firing", "decoupling_signals.hype_momentum", 100.0, 143.2),
    (41, "WIDE_SPREAD", "DOGEUSDT", "warning", "firing", "spread_metrics.spread_ratio", 3.0, 4.27),
    (95, "VOLUME_SPIKE", "DOGEUSDT", "warning", "firing", "trade_metrics.volume_spike", 5.0, 11.3),
    (228, "DATA_GAP", "SOLUSDT", "info", "no_data", "trade_metrics.open_gaps", 0.0, 1.0),
    (507, "VOLATILITY_BURST", "PEPEUSDT", "warning", "resolved", "risk_metrics.volatility_1m_annualised", 1.5, 1.732),
    (683, "WIDE_SPREAD", "ETHUSDT", "info", "resolved", "spread_metrics.spread_ratio", 3.0, 3.118),
)
EXPLAINED: Final = "IMMINENT_HYPE_PUMP DOGEUSDT 12"
"""The alert that can be explained."""
_STANCES: Final = (
    # asset, symbol, vibe, average vibe, texts, deviations of texts and of hype; None while there is too little history
    ("bitcoin", "BTCUSDT", 0.12, 0.17, 38, 0.4, -0.3),
    ("ethereum", "ETHUSDT", -0.52, -0.31, 24, 1.1, -1.6),
    ("dogecoin", "DOGEUSDT", 0.91, 0.29, 231, 6.1, 7.4),
    ("pepe", "PEPEUSDT", None, 0.04, 9, None, None),
)
_POSTS: Final = (
    # seconds ago, channel, score, asset, text
    (1, "moonshot_calls", 0.97, "dogecoin", "DOGE IS GOING PARABOLIC last chance before $1, buy buy buy"),
    (3, "pump_alerts", 0.93, "dogecoin", "Whales loading DOGE right now, 10x in the next hour"),
    (4, "night_traders", -0.64, "dogecoin", "This doge candle looks like a coordinated pump, do not be their exit"),
    (7, "moonshot_calls", 0.95, "dogecoin", "told you!! doge +9% in ten minutes, target 0.15"),
    (11, "eth_watch", -0.71, "ethereum", "Ethereum keeps bleeding against everything, support at 2,640 is gone"),
    (16, "newsdesk", 0.04, "bitcoin", "Bitcoin trades flat ahead of the options expiry"),
    (19, "night_traders", None, "", "anyone still awake?"),
    (24, "pump_alerts", 0.88, "dogecoin", "DOGE volume is insane, next stop the moon"),
    (31, "newsdesk", 0.42, "bitcoin", "Spot funds took in bitcoin for the ninth day in a row"),
    (44, "frog_pond", 0.21, "pepe", "pepe holding up fine, patience pays"),
    (58, "eth_watch", -0.38, "ethereum", "Gas is up again and fees on ether are no fun"),
    (71, "night_traders", -0.06, "bitcoin", "btc order book looks thin on both sides"),
)
_SOURCES: Final = (("binance", 1_284_033, 3, 1, 0.2), ("telegram", 418, 0, 0, 7.0), ("prices", 50, 0, 0, 19.0))


def events() -> list[Event]:
    """Give what a client would have heard."""
    hello = Hello(
        "0.1.0", "example", "replay", [row[0] for row in _SYMBOLS], [str(topic) for topic in Topic], rules=list(sample_alert.RULES)
    )
    lines = [_line(price, drift, swing) for _, price, drift, swing, *_ in _SYMBOLS]
    points = [_points(row[0], line) for row, line in zip(_SYMBOLS, lines, strict=True)]
    rows = [bar for row, line in zip(_SYMBOLS, lines, strict=True) for bar in sample_books.bars(row[0], line, AT, _STEP_S)]
    rows += [new for row, line in zip(_SYMBOLS, lines, strict=True) for new in _rows(row, line)]
    rows += [past for stance in _STANCES for past in _past(*stance)]
    rows += [_stance(*stance) for stance in _STANCES]
    rows += sample_books.rows(AT)
    for number, post in reversed(list(enumerate(_POSTS))):
        rows += _post(number, *post)
    alerts = [_alert(*alert) for alert in reversed(_ALERTS)]
    rows += [row for alert in alerts if alert.alert_id == EXPLAINED for row in sample_alert.rows(alert, AT)]
    alerts = [sample_alert.explained(alert) if alert.alert_id == EXPLAINED else alert for alert in alerts]
    pulses = [
        SourceState(name, AT, frames, rejects, gaps, AT - timedelta(seconds=silent), _START, _END, 60.0, "replaying")
        for name, frames, rejects, gaps, silent in _SOURCES
    ]
    return [Connecting("ws://127.0.0.1:8765"), hello, Snapshot(rows, [*sample_alert.waiting(AT), *alerts], points, pulses)]


def live_events() -> list[Event]:
    """Give the same moment as a live flow would tell it, on a bad day of its inputs."""
    connecting, _, snapshot = events()
    assert isinstance(snapshot, Snapshot)
    hello = Hello("0.1.0", "example", "live", [row[0] for row in _SYMBOLS], [str(topic) for topic in Topic], rules=list(sample_alert.RULES))
    pulses = [msgspec.structs.replace(pulse, start_at=None, end_at=None, speed=1.0, state="live") for pulse in snapshot.pulses]
    return [connecting, hello, msgspec.structs.replace(snapshot, pulses=pulses, healths=sample_books.healths(AT))]


async def heard() -> AsyncGenerator[Event, None]:
    """Give them as the client does."""
    for event in events():
        yield event


def _line(price: float, drift: float, swing: float) -> list[float]:
    """Draw a price that ends at `price`: quiet, then most of its drift in the second half, with waves on it."""
    shape = [
        (i / (_POINTS - 1)) ** 3 * drift + swing * (math.sin(i / 7) + 0.6 * math.sin(i / 2.3) + 0.4 * math.sin(i * 1.7))
        for i in range(_POINTS)
    ]
    return [price * (1 + value - shape[-1]) for value in shape]


def _points(symbol: str, line: Sequence[float]) -> PricePoints:
    first = AT - timedelta(seconds=_STEP_S * (_POINTS - 1))
    return PricePoints(symbol, float(_STEP_S), [first + timedelta(seconds=_STEP_S * i) for i in range(_POINTS)], list(line))


def _rows(row: tuple[str, float, float, float, float, float, float, str], line: Sequence[float]) -> list[NewRows]:
    symbol, price, _, _, spread_bps, imbalance, volatility, completeness = row
    per_minute = int(_MINUTE.total_seconds()) // _STEP_S
    window = {"window_start": _text(AT.replace(second=0)), "window_end": _text(AT.replace(second=0) + _MINUTE)}
    lately = line[-per_minute:]
    trades: dict[str, Value] = {**window, "close": price, "vwap": sum(lately) / len(lately), "completeness": completeness}
    spread: dict[str, Value] = {
        **window,
        "average_spread_bps": spread_bps,
        "imbalance_top1": imbalance,
        "completeness": completeness,
    }
    risk: dict[str, Value] = {
        "sampled_at": _text(AT),
        "price": price,
        "price_age_ms": 300.0,
        "volatility_1m_annualised": volatility,
        "volatility_5m_annualised": volatility * 0.87,
        "volatility_15m_annualised": volatility * 0.71,
        "drawdown": 1 - price / max(lately[-6:]),
        "momentum_1m": price / line[-1 - per_minute] - 1,
        "momentum_5m": price / line[-1 - 5 * per_minute] - 1,
        "momentum_15m": price / line[-1 - 15 * per_minute] - 1,
        "completeness": completeness,
    }
    tables = ((Topic.TRADE_METRICS, trades), (Topic.SPREAD_METRICS, spread), (Topic.RISK_METRICS, risk))
    return [NewRows(table, symbol, True, {name: [value] for name, value in cells.items()}) for table, cells in tables]


def _stance(
    asset: str, symbol: str, vibe: float | None, average: float, texts: int, texts_z: float | None, hype_z: float | None, at: datetime = AT
) -> NewRows:
    delta = 0.0 if vibe is None else vibe - average
    cells: dict[str, Value] = {
        "asset": asset,
        "evaluated_at": _text(at),
        "vibe": vibe,
        "average_vibe": average,
        "delta_vibe": delta,
        "message_count": texts,
        "hype_momentum": delta * texts,
        "message_count_z": texts_z,
        "hype_momentum_z": hype_z,
        "warming": texts_z is None,
        "completeness": "complete",
    }
    return NewRows(Topic.DECOUPLING_SIGNALS, symbol, True, {name: [value] for name, value in cells.items()})


def _past(
    asset: str, symbol: str, vibe: float | None, average: float, texts: int, texts_z: float | None, hype_z: float | None
) -> list[NewRows]:
    """Draw how a mood came to be what it is: calm at first, with its news in the second half."""
    told: list[NewRows] = []
    for back in range(_POINTS - 1, 0, -2):
        done = ((_POINTS - back) / _POINTS) ** 3
        wave = 0.05 * math.sin(back / 5)
        at = AT - timedelta(seconds=_STEP_S * back)
        mood = None if vibe is None else vibe * done + wave
        told.append(_stance(asset, symbol, mood, average * done + wave, max(round(texts * done), 1), texts_z, hype_z, at))
    return told


def _post(number: int, ago_s: int, channel: str, score: float | None, asset: str, text: str) -> list[NewRows]:
    key: dict[str, list[Value]] = {
        "channel": [channel],
        "message_id": [9_000 - number],
        "posted_at": [_text(AT - timedelta(seconds=ago_s))],
    }
    rows = [NewRows(Topic.POSTS, channel, False, {**key, "text": [text], "assets": [asset]})]
    if score is not None:
        rows.append(NewRows(Topic.SOCIAL_SIGNALS, asset, False, {**key, "asset": [asset], "score": [score]}))
    return rows


def _alert(ago_s: int, rule: str, symbol: str, severity: str, state: str, metric: str, threshold: float, value: float) -> AlertState:
    at = AT - timedelta(seconds=ago_s)
    return AlertState(
        alert_id=f"{rule} {symbol} {ago_s}",
        rule=rule,
        symbol=symbol,
        severity=severity,
        state=state,
        started_at=at,
        fired_at=at,
        resolved_at=at + 2 * _MINUTE if state == "resolved" else None,
        metric=metric,
        condition=f"{metric} > {threshold:g}",
        threshold=threshold,
        value=value,
        peak_value=value,
        evidence="{}",
        completeness="open_gap(1)" if state == "no_data" else "complete",
    )


def _text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
