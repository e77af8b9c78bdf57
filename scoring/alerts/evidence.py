"""What an alert rests on: the values that entered the rule, when they were taken, and how whole their windows were."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from scoring.alerts.metrics import Metric
from scoring.alerts.timeline import Reading
from scoring.duration import write_instant
from scoring.records import Table

_RANKS = ("complete", "repaired", "open_gap")
"""From best to worst."""


def gather(metrics: Sequence[Metric], reading: Reading, at: int) -> str:
    """Write the metrics at index `at` of a reading as a JSON object: value (null where it is not known), instant and completeness."""
    found = {}
    for metric in metrics:
        table = reading.tables[metric.table]
        found[str(metric)] = {
            "completeness": table.completeness[at],
            "instant": write_instant(int(table.as_of[at])),
            "value": float(reading.values[metric][at]),
        }
    return msgspec.json.encode(found, order="sorted").decode()


def worst(tables: Iterable[Table], reading: Reading, at: int) -> str:
    """Give the worst completeness among the rows known at index `at`; among equals the one with the most behind it."""
    return max((str(reading.tables[table].completeness[at]) for table in tables), key=_badness)


def _badness(completeness: str) -> tuple[int, int]:
    """Rank `complete` < `repaired(n)` < `open_gap(n)`; a word that is none of them counts as worst."""
    word, _, count = completeness.rstrip(")").partition("(")
    return _RANKS.index(word) if word in _RANKS else len(_RANKS), int(count) if count.isdecimal() else 0
