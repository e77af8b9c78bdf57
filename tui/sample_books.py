"""The rest of the made-up moment of `tui/sample.py`: what a portfolio is worth, what is missing, what could not be read, what the
audit found, the windows before, and the inputs of a live flow on a bad day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from scoring.feed import HealthState, NewRows, Topic, Value

_MINUTE: Final = timedelta(minutes=1)
_POSITIONS: Final = (
    # symbol, quantity, price, average cost
    ("BTCUSDT", 0.25, 61_284.50, 58_900.0),
    ("SOLUSDT", 40.0, 143.208, 151.4),
)
_AUDITED: Final = 14


def rows(at: datetime) -> list[NewRows]:
    """Give what the tables of the book-keeping said up to an instant."""
    return [*_portfolio(at), *_gaps(at), *_rejects(at), *_audits(at)]


def bars(symbol: str, line: Sequence[float], at: datetime, step_s: int) -> list[NewRows]:
    """Give the closed windows of a price line that ends at an instant, one a minute, the newest last."""
    per_minute = int(_MINUTE.total_seconds()) // step_s
    last = at.replace(second=0)
    windows = []
    for back in range(len(line) // per_minute - 1, 0, -1):
        end = last - (back - 1) * _MINUTE
        prices = line[len(line) - back * per_minute - 1 : len(line) - (back - 1) * per_minute]
        mean = sum(prices) / len(prices)
        windows.append(
            _row(
                Topic.TRADE_METRICS,
                symbol,
                {
                    "window_start": _text(end - _MINUTE),
                    "window_end": _text(end),
                    "open": prices[0],
                    "high": max(prices),
                    "low": min(prices),
                    "close": prices[-1],
                    "vwap": mean,
                    "price_stddev": (sum((price - mean) ** 2 for price in prices) / (len(prices) - 1)) ** 0.5,
                    "volume_base": 12.0 + 3 * (back % 4),
                    "trade_count": 400 + 70 * (back % 5),
                    "completeness": "complete",
                },
            )
        )
    return windows


def healths(at: datetime) -> list[HealthState]:
    """Give how the inputs and outputs of a live flow are on a bad day."""

    def ago(seconds: float) -> datetime:
        return at - timedelta(seconds=seconds)

    refused, reset = "429 Too Many Requests", "Connection reset by peer"
    return [
        HealthState("binance", at, "live", ago(0.2), 1_284_033, 812.4, -14.0, 2, 0, 3, 3, 12, None, ""),
        HealthState("binance repair", at, "repairing", ago(2), 212, 1.6, None, 0, 1, 2, 0, 4, None, refused),
        HealthState("telegram", at, "down", ago(184), 418, 0.0, None, 5, 1, 0, 0, 0, ago(-27), reset),
        HealthState("kafka out", at, "live", ago(1), 90_412, 57.0, None, 0, 0, 0, 0, 0, None, ""),
        HealthState("this process", at, "live", None, 0, 0.0, None, 0, 0, 0, 0, 0, None, "", "412 MB of memory, 79.6 GB free"),
    ]


def _portfolio(at: datetime) -> list[NewRows]:
    said = [_row(Topic.PORTFOLIO, symbol, _position(symbol, quantity, price, cost, at)) for symbol, quantity, price, cost in _POSITIONS]
    value = sum(quantity * price for _, quantity, price, _ in _POSITIONS)
    paid = sum(quantity * cost for _, quantity, _, cost in _POSITIONS)
    whole: Mapping[str, Value] = {
        "symbol": "*",
        "sampled_at": _text(at),
        "quantity": None,
        "price": None,
        "value": value,
        "cost": paid,
        "unrealised_profit": value - paid,
        "exposure": value,
        "drawdown": 0.0134,
    }
    return [*said, _row(Topic.PORTFOLIO, "*", whole)]


def _position(symbol: str, quantity: float, price: float, cost: float, at: datetime) -> Mapping[str, Value]:
    return {
        "symbol": symbol,
        "sampled_at": _text(at),
        "quantity": quantity,
        "price": price,
        "value": quantity * price,
        "cost": quantity * cost,
        "unrealised_profit": quantity * (price - cost),
        "exposure": quantity * price,
        "drawdown": 0.0134,
    }


def _gaps(at: datetime) -> list[NewRows]:
    told = (
        # seconds ago, length or None while open, source, symbol, kind, missing, repaired, why
        (641, 7.0, "binance", "PEPEUSDT", "trade", 12, 12, "id jump"),
        (402, 3.5, "binance", "*", "*", 0, 0, "disconnected"),
        (228, None, "binance", "SOLUSDT", "trade", 0, 0, "id jump"),
    )
    return [
        _row(
            Topic.GAPS,
            symbol,
            {
                "source": source,
                "symbol": symbol,
                "kind": kind,
                "from_at": _text(at - timedelta(seconds=ago)),
                "to_at": None if length is None else _text(at - timedelta(seconds=ago - length)),
                "missing": missing,
                "repaired": repaired,
                "reason": reason,
            },
        )
        for ago, length, source, symbol, kind, missing, repaired, reason in told
    ]


def _rejects(at: datetime) -> list[NewRows]:
    told = (
        (512, 88_120, "expected a number at `$.p`, found 'NaN'", '{"stream":"btcusdt@trade","data":{"e":"trade","p":"NaN"}}'),
        (310, 91_007, "expected JSON, found the end of the text", '{"stream":"dogeusdt@bookTicker","data":{"u":400900217,"s":"DOG'),
        (77, 99_340, "expected JSON, found a control character", "\\x00\\x1b[2J\\xff\\xfe not json"),
    )
    return [
        _row(
            Topic.REJECTS,
            "binance",
            {
                "source": "binance",
                "position": position,
                "received_at": _text(at - timedelta(seconds=ago)),
                "reason": reason,
                "payload": payload,
            },
        )
        for ago, position, reason, payload in told
    ]


def _audits(at: datetime) -> list[NewRows]:
    first = at.replace(second=0) - (_AUDITED + 1) * _MINUTE
    verdicts = ["verified"] * (_AUDITED - 3) + ["differs"] + ["verified"] * 2
    return [
        _row(
            Topic.AUDITS,
            symbol,
            {
                "symbol": symbol,
                "open_at": _text(first + place * _MINUTE),
                "verdict": verdict if symbol == "SOLUSDT" else "verified",
                "differences": '{"volume_base": [812.4, 815.1]}' if symbol == "SOLUSDT" and verdict != "verified" else "{}",
                "completeness": "complete",
            },
        )
        for symbol in ("BTCUSDT", "SOLUSDT")
        for place, verdict in enumerate(verdicts)
    ]


def _row(table: Topic, symbol: str, cells: Mapping[str, Value]) -> NewRows:
    return NewRows(table, symbol, False, {name: [value] for name, value in cells.items()})


def _text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
