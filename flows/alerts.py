"""The alert stage: rules over the metrics of one symbol, joined in event time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import msgspec

from flows.market import RowsStage
from flows.settings import Shaping
from scoring.alerts.rules import compile_rules
from scoring.alerts.state import Alerts
from scoring.records import Rows, Table


def judged(shaping: Shaping) -> Callable[[tuple[str, Rows]], Iterator[tuple[str, Rows]]]:
    """Give what picks the rows that rules judge: final ones, and of trade windows those of the first width."""
    width_ns = int(shaping.market.bars.widths[0])

    def pick(keyed: tuple[str, Rows]) -> Iterator[tuple[str, Rows]]:
        key, rows = keyed
        if rows.provisional:
            return
        if rows.table is Table.TRADE_METRICS and len(rows):
            first = rows.columns["window_end_ns"] - rows.columns["window_start_ns"] == width_ns
            if not first.all():
                columns = {name: column[first] for name, column in rows.columns.items()}
                rows = msgspec.structs.replace(rows, columns=columns)
        yield key, rows

    return pick


def judge(shaping: Shaping) -> Callable[[bytes | None], RowsStage]:
    """Give what builds the stage of one symbol."""
    rules = compile_rules(shaping.alerts.rules, "settings", "alerts.rules")
    return partial(RowsStage, lambda symbol: Alerts(symbol, rules))
