"""What it would have taken for an alert not to fire: how far each part of its condition was met, and how long.

Beside `explanation`, which says why it fired. From the alert row alone. A threshold must lie beyond the furthest value the metric
reached while the alert was on, not only beyond the one it fired at, or the alert would merely have come later.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

import numpy as np

from scoring.alerts.expression import Columns, Condition, compile_condition
from scoring.alerts.metrics import METRICS, Metric
from scoring.alerts.variation import parts_of, with_threshold
from scoring.duration import Duration
from scoring.records import Alert

_FRACTIONS: Final = ("drawdown", "momentum_1", "momentum_5", "delta_price", "max_drawdown")
_UNITS: Final[Mapping[str, str]] = {
    "volume_spike": " times the mean",
    "spread_ratio": " times the smallest",
    "volume_base": " base",
    "volume_quote": " quote",
    "taker_buy_base": " base",
    "price": " quote",
    "vwap": " quote",
    "price_stddev": " quote",
    "average_spread": " quote",
    "maximum_spread": " quote",
    "minimum_spread": " quote",
    "trade_count": " trades",
    "message_count": " texts",
    "unique_channels": " channels",
    "message_count_z": " standard deviations",
    "hype_momentum_z": " standard deviations",
}
_SUFFIXES: Final[Mapping[str, str]] = {"_bps": " bps", "_ms": " ms"}


def write_value(metric: Metric, value: float) -> str:
    """Write a value with the unit of its metric; fractions also in per cent.

    >>> from scoring.alerts.metrics import find_metric
    >>> write_value(find_metric("price_stddev_bps"), 86.161), write_value(find_metric("delta_price"), 0.0213)
    ('86.161 bps', '0.0213 (2.13 %)')
    """
    written = f"{value:.6g}"
    if metric.column.startswith(_FRACTIONS):
        return f"{written} ({value * 100:.4g} %)"
    suffix = next((unit for ending, unit in _SUFFIXES.items() if metric.column.endswith(ending)), "")
    return written + (suffix or _UNITS.get(metric.column, ""))


def avoidance(alert: Alert) -> list[str]:
    """Write what would each by itself have kept the alert from firing."""
    values = _values(alert)
    first, *others = parts_of(alert.condition)
    lines = [_first(compile_condition(first), alert, values)]
    lines += [f"or {_met(compile_condition(other), values)}" for other in others]
    if alert.resolved_ns:
        lines.append(f"or a `for` longer than {Duration(alert.resolved_ns - alert.started_ns)}, the time from its start to its end")
    return lines


def _values(alert: Alert) -> Columns:
    found = json.loads(alert.evidence)
    unknown = float("nan")
    return {
        metric: np.array([unknown if found[str(metric)]["value"] is None else float(found[str(metric)]["value"])])
        for metric in METRICS
        if str(metric) in found
    }


def _first(part: Condition, alert: Alert, values: Columns) -> str:
    metric = part.metrics[0]
    if part.threshold != part.threshold or len(part.metrics) > 1:
        return _met(part, values)
    columns = {metric: np.array([alert.peak_value])}
    margin = float(part.margin(columns)[0])
    # Where the threshold would have had to be: on the far side of the peak, upwards if moving it up makes the condition fail.
    upwards = not compile_condition(with_threshold(part.text, part.threshold + 2 * abs(margin) + 1)).evaluate(columns)[0]
    needed = part.threshold + margin if upwards else part.threshold - margin
    return (
        f"a threshold beyond {write_value(metric, needed)} instead of {write_value(metric, part.threshold)}: "
        f"{metric} was {write_value(metric, alert.value)} when it fired and {write_value(metric, alert.peak_value)} at its furthest, "
        f"past the threshold by {write_value(metric, margin)}"
    )


def _met(part: Condition, values: Columns) -> str:
    """Say by how much a part was met when the alert fired."""
    margin = float(part.margin(values)[0])
    were = ", ".join(f"{metric} was {write_value(metric, float(values[metric][0]))}" for metric in part.metrics)
    return f"`{part.text}` not met: {were}, inside by {write_value(part.metrics[0], margin)}"
