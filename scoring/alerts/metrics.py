"""What a rule may speak of: the numbers of the metric tables, by the names they are stored under.

A name is `table.column`, or the column alone where only one table has it. Instants and texts are no measures and are left out.
Apart from `expression`, because a wrong name is the commonest mistake in a rule and deserves the nearest right one as an answer.
"""

from __future__ import annotations

import difflib
import types
from collections.abc import Mapping
from typing import Final, NamedTuple

from scoring.records import TABLES, Table, columns_of

JUDGED: Final = (Table.TRADE_METRICS, Table.SPREAD_METRICS, Table.RISK_METRICS, Table.DECOUPLING_SIGNALS)
"""The tables rules may look at."""


class ConditionError(ValueError):
    """A condition cannot be understood; the message says what is wrong and what would be right."""


class Metric(NamedTuple):
    """One column of one metric table."""

    table: Table
    column: str

    def __str__(self) -> str:
        """Write it as rules do.

        >>> str(Metric(Table.RISK_METRICS, "drawdown"))
        'risk_metrics.drawdown'
        """
        return f"{self.table}.{self.column}"


def _declared() -> dict[Metric, type]:
    return {
        Metric(table, column): kind
        for table in JUDGED
        for column, kind in columns_of(TABLES[table].row).items()
        if kind in (int, float, bool) and not column.endswith("_ns")
    }


METRICS: Final[Mapping[Metric, type]] = types.MappingProxyType(_declared())
"""Every metric, with int, float or bool."""

_FULL: Final = {str(metric): metric for metric in METRICS}
_BARE: Final = {column: [metric for metric in METRICS if metric.column == column] for _, column in METRICS}


def find_metric(name: str) -> Metric:
    """Find a metric by `table.column` or by a column that only one table has.

    Raises:
        ConditionError: no such metric (names the nearest), or several (names them all).

    >>> find_metric("volume_spike")
    Metric(table=<Table.TRADE_METRICS: 'trade_metrics'>, column='volume_spike')
    """
    if name in _FULL:
        return _FULL[name]
    candidates = _BARE.get(name, [])
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        raise ConditionError(f"the metric {name!r} stands in several tables: write {' or '.join(map(str, candidates))}")
    raise ConditionError(f"there is no metric {name!r}{_nearest(name)}")


def _nearest(name: str) -> str:
    """Say which valid name is nearest; a full name is compared with full names, so that the table is kept where it is right."""
    names = _FULL if "." in name else _BARE
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    if close:
        return f"; the nearest is {close[0]!r}"
    return f"; metrics are the numbers of {', '.join(JUDGED)}"
