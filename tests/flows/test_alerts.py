"""The alert stage: what rules say goes on with the posts behind it, what waits goes to screens alone, and screens know the rules."""

from __future__ import annotations

import msgspec
import numpy as np

from flows.alerts import judge, judged, of_judged_width, texts
from flows.ports import is_final
from flows.settings import Shaping
from scoring.alerts.rules import RuleSettings
from scoring.duration import Duration
from scoring.feed import RuleText
from scoring.records import TABLES, Rows, Table, empty_columns
from tests.scoring.alerts.metric_rows import SYMBOL, alerts_in, risk

RULE = RuleSettings(
    name="FALL",
    when="risk_metrics.drawdown > 5",
    clear_when="risk_metrics.drawdown < 2",
    held_for=Duration.parse("2s"),
    keep_firing_for=Duration.parse("1500ms"),
    cooldown=Duration.parse("1m"),
    severity="critical",
    on_gap="hold",
    summary="It fell.",
)


def with_rule() -> Shaping:
    shaping = Shaping()
    return msgspec.structs.replace(shaping, alerts=msgspec.structs.replace(shaping.alerts, rules=(RULE,)))


def test_a_pending_rule_is_shown_and_never_stored() -> None:
    stage = judge(with_rule(), provisional=True)(None)
    for second, state, is_stored in ((0, "pending", False), (2, "firing", True)):
        rows = [rows for rows in stage.on_batch([risk([second], [6])])[0] if len(rows)]
        (told,) = rows
        (alert,) = alerts_in(rows)
        assert (alert.state, alert.posts) == (state, "[]")
        assert is_final(told) is is_stored


def test_rules_judge_final_metrics_and_hear_the_posts_of_moods() -> None:
    pick = judged(Shaping())
    told = [Rows(table, SYMBOL, dict(empty_columns(TABLES[table].row)), 0) for table in Table]
    assert {rows.table for each in told for _, rows in pick((SYMBOL, each))} == {
        Table.TRADE_METRICS,
        Table.SPREAD_METRICS,
        Table.RISK_METRICS,
        Table.SOCIAL_SIGNALS,
        Table.DECOUPLING_SIGNALS,
    }
    assert not [*pick((SYMBOL, msgspec.structs.replace(risk([0], [6]), provisional=True)))]


def test_where_nobody_looks_only_alerts_are_told() -> None:
    stage = judge(with_rule(), provisional=False)(None)
    assert not [rows for rows in stage.on_batch([risk([0, 1], [6, 6])])[0] if len(rows)]


def test_a_screen_is_told_what_each_rule_asks_for() -> None:
    assert texts(with_rule()) == [
        RuleText("FALL", "critical", "risk_metrics.drawdown > 5", "risk_metrics.drawdown < 2", 2.0, 1.5, 60.0, "hold", "It fell.")
    ]
    assert len(texts(Shaping())) == len(Shaping().alerts.rules)


def test_of_trade_windows_those_of_the_first_width_are_judged() -> None:
    first = int(Shaping().market.bars.widths[0])
    starts = np.zeros(3, np.int64)
    windows = Rows(
        Table.TRADE_METRICS, SYMBOL, {"window_start_ns": starts, "window_end_ns": np.array([first, 5 * first, first]), "vwap": starts}, 7
    )
    [(key, left)] = judged(Shaping())((SYMBOL, windows))
    assert (key, left.through_ns, left.columns["window_end_ns"].tolist(), len(left.columns["vwap"])) == (SYMBOL, 7, [first, first], 2)
    assert of_judged_width(left.columns, Shaping()) is left.columns
