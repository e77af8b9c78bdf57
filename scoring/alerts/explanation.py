"""An alert in words: what fired, why, and on what data. From the alert row alone, so that a screen, a log and a message agree."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from scoring.duration import Duration, write_instant
from scoring.records import Alert

_STATES: Final[Mapping[str, str]] = {
    "firing": "firing since {fired}",
    "resolved": "fired {fired}, resolved {resolved}",
    "no_data": "fired {fired}; no data since, so it is not known whether it still holds",
}
_QUALITY: Final[Mapping[str, str]] = {
    "complete": "the windows are complete",
    "repaired": "missing trades were fetched later: the windows are whole",
    "open_gap": "data is missing from the windows: the numbers may be wrong",
}


def explain(alert: Alert, summary: str = "") -> list[str]:
    """Write an alert as lines of text; `summary` is the rule's own line about what it means."""
    state = _STATES[alert.state].format(fired=write_instant(alert.fired_ns), resolved=write_instant(alert.resolved_ns))
    lines = [f"{alert.severity.upper()} {alert.rule} {alert.symbol}: {state}"]
    if summary:
        lines.append(summary)
    lines.append(f"{alert.metric} was {_number(alert.value)}{_threshold(alert)}")
    lines.append(f"because {alert.condition}{_waited(alert)}")
    lines += _evidence(alert.evidence)
    lines.append(f"data: {alert.completeness}, {_QUALITY.get(alert.completeness.partition('(')[0], 'quality unknown')}")
    return lines


def _number(value: float) -> str:
    return f"{value:.6g}"


def _threshold(alert: Alert) -> str:
    parts = []
    if alert.threshold == alert.threshold:
        parts.append(f"threshold {_number(alert.threshold)}")
    if alert.peak_value != alert.value:
        parts.append(f"peak {_number(alert.peak_value)}")
    return f" ({', '.join(parts)})" if parts else ""


def _waited(alert: Alert) -> str:
    held_ns = alert.fired_ns - alert.started_ns
    return f", held for {Duration(held_ns)} since {write_instant(alert.started_ns)}" if held_ns else ""


def _evidence(evidence: str) -> list[str]:
    """Write each metric that entered; one without a value was not known."""
    return [
        f"  {name} = {'unknown' if found['value'] is None else _number(found['value'])} at {found['instant']} ({found['completeness']})"
        for name, found in json.loads(evidence).items()
    ]
