"""The alert stage: rules over the metrics of one symbol, joined in event time, and the posts behind what fires."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final

import msgspec

from flows.market import RowsStage
from flows.settings import Shaping
from scoring.alerts.metrics import METRICS
from scoring.alerts.rules import compile_rules
from scoring.alerts.state import Alerts
from scoring.crowd.witness import Witness
from scoring.feed import RuleText
from scoring.records import Column, Rows, Table

_JUDGED: Final = frozenset({Table.SOCIAL_SIGNALS, *(metric.table for metric in METRICS)})
"""Tables that rules may look at, and the moods, for the posts behind what fires."""


def judged(shaping: Shaping) -> Callable[[tuple[str, Rows]], Iterator[tuple[str, Rows]]]:
    """Give what picks the rows that rules judge: final ones, and of trade windows those of the first width."""

    def pick(keyed: tuple[str, Rows]) -> Iterator[tuple[str, Rows]]:
        key, rows = keyed
        if rows.provisional or rows.table not in _JUDGED:
            return
        if rows.table is Table.TRADE_METRICS and len(rows):
            columns = of_judged_width(rows.columns, shaping)
            if columns is not rows.columns:
                rows = msgspec.structs.replace(rows, columns=columns)
        yield key, rows

    return pick


def of_judged_width(columns: dict[str, Column], shaping: Shaping) -> dict[str, Column]:
    """Give of trade windows those that rules judge, which are those of the first width; the same columns where all are."""
    judged = columns["window_end_ns"] - columns["window_start_ns"] == int(shaping.market.bars.widths[0])
    return columns if judged.all() else {name: column[judged] for name, column in columns.items()}


def judge(shaping: Shaping, provisional: bool) -> Callable[[bytes | None], RowsStage]:
    """Give what builds the stage of one symbol; `provisional` also says which rules are pending or inhibited."""
    rules = compile_rules(shaping.alerts.rules, "settings", "alerts.rules")
    heard = shaping.crowd.decoupling

    def make(symbol: str) -> Judge:
        return Judge(Alerts(symbol, rules, provisional), Witness(heard.window, heard.recent, heard.max_posts, shaping.crowd.witness))

    return partial(RowsStage, make)


def texts(shaping: Shaping) -> list[RuleText]:
    """Give what each rule asks for, as a screen is told."""
    return [
        RuleText(
            name=rule.name,
            severity=rule.severity,
            condition=rule.when,
            clear_when=rule.clear_when,
            for_s=rule.held_for.seconds,
            keep_firing_s=rule.keep_firing_for.seconds,
            cooldown_s=rule.cooldown.seconds,
            on_gap=rule.on_gap,
            summary=rule.summary,
        )
        for rule in shaping.alerts.rules
    ]


class Judge:
    """The rules on one symbol, with the posts of its asset beside them."""

    def __init__(self, alerts: Alerts, witness: Witness) -> None:
        """Take both."""
        self._alerts, self._witness = alerts, witness

    def update(self, items: Iterable[Rows]) -> list[Rows]:
        """Take final rows of metrics and moods; give the alerts that changed, with the posts that moved the mood in them."""
        taken = list(items)
        self._witness.take(taken)
        told = self._alerts.update(taken)
        return [alerts if alerts.provisional else self._witness.testify(alerts) for alerts in told]
