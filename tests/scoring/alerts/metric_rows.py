"""Metric rows and rules for the tests of alerts, written as short as they are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from scoring.alerts.rules import Rule, RuleSettings, compile_rules
from scoring.duration import Duration
from scoring.records import NANOSECONDS_PER_SECOND, TABLES, Alert, Rows, Table, columns_of, empty_columns

SECOND = NANOSECONDS_PER_SECOND
START_NS = 1_723_161_600 * SECOND
"""2024-08-09 00:00:00 UTC: second 0 of the tests."""
SYMBOL = "BTCUSDT"


def metric_rows(
    table: Table, seconds: Sequence[float], values: Mapping[str, Sequence[Any]], through: float | None = None, provisional: bool = False
) -> Rows:
    """Make rows of `table` at `seconds`; columns that are not named are 0, texts are empty, windows are complete."""
    spec = TABLES[table]
    columns = empty_columns(spec.row)
    for name, column in columns.items():
        columns[name] = np.array([column.dtype.type(0) if column.dtype != object else ""] * len(seconds), column.dtype)
    columns["completeness"] = np.array(["complete"] * len(seconds), object)
    columns[spec.instant] = np.array([nanoseconds(second) for second in seconds], np.int64)
    for name, given in values.items():
        columns[name] = np.array(given, columns[name].dtype)
    assert set(columns) == set(columns_of(spec.row))
    last = through if through is not None else max(seconds)
    return Rows(table, SYMBOL, columns, nanoseconds(last), provisional)


def risk(seconds: Sequence[float], drawdown: Sequence[float], through: float | None = None, **values: Sequence[Any]) -> Rows:
    return metric_rows(Table.RISK_METRICS, seconds, {"drawdown": drawdown, **values}, through)


def trades(seconds: Sequence[float], volume_spike: Sequence[float], through: float | None = None, **values: Sequence[Any]) -> Rows:
    return metric_rows(Table.TRADE_METRICS, seconds, {"volume_spike": volume_spike, **values}, through)


def spreads(seconds: Sequence[float], spread_warning: Sequence[bool], through: float | None = None, **values: Sequence[Any]) -> Rows:
    return metric_rows(Table.SPREAD_METRICS, seconds, {"spread_warning": spread_warning, **values}, through)


def nanoseconds(second: float) -> int:
    return START_NS + round(second * SECOND)


def rule(when: str, **settings: Any) -> Rule:
    """Compile one rule; lengths of time are given in seconds, `for` as `held_for`, and are 0 unless given."""
    given: dict[str, Any] = {"name": "RULE", **settings}
    for name in ("held_for", "keep_firing_for", "cooldown", "no_data_after"):
        given[name] = Duration(settings.get(name, 0) * SECOND)
    return compile_rules([RuleSettings(when=when, **given)], "test.toml", "rules")[0]


def alerts_in(rows: Sequence[Rows]) -> list[Alert]:
    """Give the alerts of an update as Structs."""
    found = []
    for one in rows:
        assert one.table is Table.ALERTS
        assert one.symbol == SYMBOL
        lists = {name: column.tolist() for name, column in one.columns.items()}
        found += [msgspec.convert({name: values[i] for name, values in lists.items()}, Alert) for i in range(len(one))]
    return found
