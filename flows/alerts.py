"""The alert stage: rules over the metrics of one symbol, joined in event time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from scoring.alerts.rules import compile_rules
from scoring.alerts.state import Alerts

from flows.market import RowsStage
from flows.settings import Shaping


def judge(shaping: Shaping) -> Callable[[bytes | None], RowsStage]:
    """Give what builds the stage of one symbol."""
    rules = compile_rules(shaping.alerts.rules, "settings", "alerts.rules")
    return partial(RowsStage, lambda symbol: Alerts(symbol, rules))
