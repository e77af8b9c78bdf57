"""A condition with another threshold is the same condition otherwise."""

import pytest

from scoring.alerts.expression import ConditionError, compile_condition
from scoring.alerts.rules import RuleSettings, default_rules
from scoring.alerts.variation import parts_of, with_threshold


@pytest.mark.parametrize(
    ("text", "value", "varied"),
    [
        ("volume_spike > 5", 7.5, "volume_spike > 7.5"),
        ("(5) < volume_spike", 7.0, "(7) < volume_spike"),
        ("volume_spike>5", 1e300, f"volume_spike>{int(1e300)}"),
        ("1 < volume_spike < 5", 2, "2 < volume_spike < 5"),
        ("volume_spike > 5 > trade_count", 2, "volume_spike > 2 > trade_count"),
        ("0 < 1 < volume_spike", 2, "0 < 2 < volume_spike"),
        ("not (momentum_5m > 2 * 3 or trade_count < 5)", -0.5, "not (momentum_5m > -0.5 or trade_count < 5)"),
        ("1 > 2 or max(momentum_1m, momentum_5m) > 0.01", 0.02, "1 > 2 or max(momentum_1m, momentum_5m) > 0.02"),
        ("(volume_spike > 5 or trade_count < 3) and spread_ratio > 9", 6, "(volume_spike > 6 or trade_count < 3) and spread_ratio > 9"),
    ],
)
def test_the_number_of_the_first_comparison_is_replaced(text: str, value: float, varied: str) -> None:
    assert with_threshold(text, value) == varied
    assert compile_condition(varied).threshold == value


@pytest.mark.parametrize("rule", default_rules(), ids=lambda rule: rule.name)
def test_the_same_threshold_changes_nothing(rule: RuleSettings) -> None:
    assert with_threshold(rule.when, compile_condition(rule.when).threshold) == rule.when


@pytest.mark.parametrize("text", ["spread_warning", "momentum_1m > momentum_5m and trade_count > 5"])
def test_without_a_number_there_is_nothing_to_change(text: str) -> None:
    with pytest.raises(ConditionError, match="is not compared with a number"):
        with_threshold(text, 1)


def test_what_is_no_condition_is_refused() -> None:
    with pytest.raises(ConditionError, match="there is no metric"):
        with_threshold("volum_spike > 5", 1)


def test_parts_are_those_that_must_all_hold() -> None:
    assert parts_of("volume_spike > 5 and trade_count >= 30 and (spread_ratio > 3 or spread_warning)") == [
        "volume_spike > 5",
        "trade_count >= 30",
        "spread_ratio > 3 or spread_warning",
    ]
    assert parts_of("volume_spike > 5 or trade_count >= 30") == ["volume_spike > 5 or trade_count >= 30"]
    assert parts_of("spread_warning") == ["spread_warning"]
