"""All rules on one symbol: from final metric rows to alert rows.

The state takes the rows of the metric tables in any interleaving between tables, each table in order of its instants. Every
rule is judged at every instant at which one of its tables has a row, with the newest values of each, up to the instant through
which all its tables are out. So what it says of each alert does not depend on how the rows were cut or interleaved (laws 2 and
3); only how alerts of different rules share one update call does. Provisional rows are never judged, revisions never judged
again: an alert that was read is not taken back.

On request it also says, in provisional rows, where a rule stands that has no alert: `pending`, `inhibited`, or `lapsed` where it was
one of these and is quiet again. Such a row replaces the one before it about the same rule and symbol, as does a final one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

import msgspec

from scoring.alerts.lifecycle import Change, Lifecycle
from scoring.alerts.rules import Rule
from scoring.alerts.timeline import NEVER_NS, Intake, Timeline
from scoring.records import TABLES, Alert, Rows, Table, empty_columns, to_columns

_NO_ROWS = empty_columns(TABLES[Table.ALERTS].row)


class Alerts:
    """The rules that watch one symbol, and where each of them stands."""

    def __init__(self, symbol: str, rules: Sequence[Rule], provisional: bool = False) -> None:
        """Begin quiet; rules that do not watch the symbol are left out. `provisional` also says which rules wait."""
        watching = [rule for rule in rules if rule.watches(symbol)]
        metrics = dict.fromkeys(metric for rule in watching for metric in rule.metrics)
        tables = dict.fromkeys(metric.table for metric in metrics)
        self._symbol = symbol
        self._intakes = {table: Intake(table, [metric for metric in metrics if metric.table is table]) for table in tables}
        self._timelines = {
            joined: Timeline([self._intakes[table] for table in joined]) for joined in dict.fromkeys(rule.tables for rule in watching)
        }
        self._lifecycles = [Lifecycle(symbol, rule, provisional) for rule in watching]
        self._provisional = provisional
        self._waiting: list[Alert | None] = [None] * len(self._lifecycles)
        """What was said of each last."""
        self._through_ns = NEVER_NS

    def update(self, items: Iterable[Rows]) -> list[Rows]:
        """Take final rows of the metric tables; give the alerts that changed, in order of the instants at which they did.

        An alert that changed twice stands there twice, the later state later. What is no final row of a table that a rule
        looks at is passed over. Rows without an alert say that `through_ns` moved on: the lowest of all tables in use.
        """
        heard: set[Table] = set()
        for rows in items:
            intake = None if rows.provisional else self._intakes.get(rows.table)
            if intake is None:
                continue
            heard.add(rows.table)
            piece = intake.accept(rows)
            if piece is not None:
                for timeline in self._timelines.values():
                    timeline.add(rows.table, piece)
        changes = self._judge(heard)
        through_ns = min((intake.through_ns for intake in self._intakes.values()), default=NEVER_NS)
        told = []
        if changes or through_ns != self._through_ns:
            self._through_ns = through_ns
            columns = to_columns(Alert, [change.alert for change in changes]) if changes else _NO_ROWS
            told.append(Rows(Table.ALERTS, self._symbol, columns, through_ns))
        return told + self._tell_waiting(changes) if self._provisional else told

    def _judge(self, heard: AbstractSet[Table]) -> list[Change]:
        """Judge the rules that look at a table that was heard of: for the others nothing has changed."""
        readings = {tables: timeline.read() for tables, timeline in self._timelines.items() if not heard.isdisjoint(tables)}
        changes: list[Change] = []
        for lifecycle in self._lifecycles:
            if lifecycle.tables in readings:
                changes += lifecycle.judge(readings[lifecycle.tables])
        return sorted(changes, key=lambda change: change.at_ns)

    def _tell_waiting(self, changes: Sequence[Change]) -> list[Rows]:
        """Say of each rule that waits otherwise than it was said to what it waits for; one that has fired has said so."""
        before = self._waiting
        moved = [i for i, lifecycle in enumerate(self._lifecycles) if lifecycle.waiting is not before[i]]
        if not moved:
            return []
        fired = {change.alert.rule for change in changes}
        alerts = []
        for i in moved:
            told, before[i] = before[i], self._lifecycles[i].waiting
            now = before[i]
            if now is not None:
                alerts.append(now)
            elif told is not None and told.rule not in fired:
                alerts.append(msgspec.structs.replace(told, state="lapsed"))
        return [Rows(Table.ALERTS, self._symbol, to_columns(Alert, alerts), self._through_ns, provisional=True)] if alerts else []

    def states(self) -> Mapping[str, str]:
        """Say for each rule, by name, whether it is quiet, pending, firing, cooling, or kept from judging by no_data or a gap."""
        return {
            lifecycle.rule.settings.name: lifecycle.state(self._timelines[lifecycle.tables].watched_ns).value
            for lifecycle in self._lifecycles
        }

    def swallowed(self) -> Mapping[str, int]:
        """Count for each rule, by name, how often its condition began to hold while it was cooling."""
        return {lifecycle.rule.settings.name: lifecycle.swallowed for lifecycle in self._lifecycles}
