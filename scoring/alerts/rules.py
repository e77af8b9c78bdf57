"""Rules as settings write them, and as states use them.

    [[alerts.rules]]
    name = "DRAWDOWN"
    when = "risk_metrics.drawdown > 0.01"
    clear_when = "risk_metrics.drawdown < 0.005"
    for = "5s"
    keep_firing_for = "1m"
    cooldown = "10m"
    severity = "critical"

The defaults are few and their thresholds are high: an alert that a calm market can raise teaches people to ignore alerts. What
calm is was measured on eleven minutes of BTCUSDT trades and quotes (2024-08-08 23:54 to 2024-08-09 00:05 UTC, a lively hour):
per minute price_stddev 1.4 to 6.3 bps, range 5 to 26 bps, max_drawdown 0.0005 to 0.0019, volume up to 4.1 times the mean;
drawdown over 30 s at most 0.0022. Per 30 s the smallest spread is one tick and the largest 200 to 6,000 times that, so a ratio
above 3 says nothing by itself, while the mean spread is 0.006 to 0.13 bps.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from scoring.alerts.expression import Condition, ConditionError, Metric, compile_condition
from scoring.duration import Duration
from scoring.errors import SettingError
from scoring.records import Table

Severity: TypeAlias = Literal["info", "warning", "critical"]

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_LENGTHS: Final = ("for", "keep_firing_for", "cooldown", "no_data_after")


class RuleSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One rule, as it stands in the settings."""

    name: str
    """Unique; letters, digits, `_` and `-`, e.g. `VOLATILITY`."""
    when: str
    """Condition over metrics, e.g. `price_stddev_bps > 20`; its first metric is what the alert reports."""
    clear_when: str = ""
    """A firing alert ends only when this holds and `when` does not (hysteresis). Empty: when `when` no longer holds."""
    held_for: Duration = msgspec.field(name="for", default=Duration(0))
    """How long `when` must hold without a break before the alert fires (event time)."""
    keep_firing_for: Duration = Duration(0)
    """How long the end of the condition must last without a break before the alert is resolved (event time)."""
    cooldown: Duration = Duration.parse("10m")
    """How long after it is resolved the rule stays silent; what happens then is counted, not reported."""
    severity: Severity = "warning"
    """`info`, `warning` or `critical`."""
    symbols: tuple[str, ...] = ()
    """The symbols it watches; empty: all."""
    no_data_after: Duration = Duration.parse("3m")
    """How long one of its tables may be silent before the rule stops judging and says `no_data`; 0: for ever. Longer than the
    widest window it looks at."""
    on_gap: Literal["judge", "hold"] = "judge"
    """What to do with rows on top of an open gap: judge them, and the alert says so, or hold the rule as it is until they are
    whole again. A rule for which missing data looks like news (`trade_count < 5`) wants `hold`."""
    summary: str = ""
    """One line for people: what it means when this fires."""


class Rule(msgspec.Struct, frozen=True):
    """A rule that is known to be sound."""

    settings: RuleSettings
    when: Condition
    clear_when: Condition | None

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Every metric it looks at, in order of appearance."""
        return tuple(dict.fromkeys((*self.when.metrics, *(self.clear_when.metrics if self.clear_when else ()))))

    @property
    def tables(self) -> tuple[Table, ...]:
        """Every table it looks at, in the order of their names; it is judged when one of them has a row."""
        return tuple(sorted({metric.table for metric in self.metrics}))

    def watches(self, symbol: str) -> bool:
        """Say whether it is about `symbol`."""
        return not self.settings.symbols or symbol in self.settings.symbols


def compile_rules(settings: Sequence[RuleSettings], file: str, key_prefix: str) -> tuple[Rule, ...]:
    """Compile rules; `file` and `key_prefix` (e.g. `alerts.rules`) say where they stand.

    Raises:
        SettingError: a condition that cannot be compiled, a name that is no name or not unique, a length of time below 0.
    """
    names: set[str] = set()
    rules = []
    for i, rule in enumerate(settings):
        key = f"{key_prefix}[{i}]"
        if not _NAME.fullmatch(rule.name):
            raise SettingError(file, f"{key}.name", rule.name, "letters, digits, '_' and '-', beginning with a letter, at most 64")
        if rule.name in names:
            raise SettingError(file, f"{key}.name", rule.name, "a name no other rule has")
        names.add(rule.name)
        rules.append(_compile_rule(rule, file, key))
    return tuple(rules)


def _compile_rule(rule: RuleSettings, file: str, key: str) -> Rule:
    for name, length in zip(_LENGTHS, (rule.held_for, rule.keep_firing_for, rule.cooldown, rule.no_data_after), strict=True):
        if length < 0:
            raise SettingError(file, f"{key}.{name}", int(length), "a duration of 0 or more, such as '10m'")
    when = _compile_condition(rule.when, file, f"{key}.when")
    clear_when = _compile_condition(rule.clear_when, file, f"{key}.clear_when") if rule.clear_when else None
    return Rule(rule, when, clear_when)


def _compile_condition(text: str, file: str, key: str) -> Condition:
    try:
        return compile_condition(text)
    except ConditionError as error:
        raise SettingError(file, key, text, f"a condition such as 'volume_spike > 5': {error}") from None


def default_rules() -> tuple[RuleSettings, ...]:
    """Give the rules that are in force where the settings name none; the module says what their thresholds rest on."""
    return (
        RuleSettings(
            name="VOLATILITY",
            # Three times the wildest calm minute; ends near that minute, not just below where it began.
            when="price_stddev_bps > 20",
            clear_when="price_stddev_bps < 10",
            summary="Prices within one window scatter far more than they usually do.",
        ),
        RuleSettings(
            name="VOLUME_SPIKE",
            # 4.1 times the mean came without news. Below 30 trades one of them makes the ratio.
            when="volume_spike > 5 and trade_count >= 30",
            clear_when="volume_spike < 3",
            severity="info",
            summary="Volume is several times that of the windows before.",
        ),
        RuleSettings(
            name="SPREAD_WARNING",
            # The ratio alone always holds in a liquid market; 1 bp is eight times the widest calm mean. Two windows and more.
            when="spread_ratio > 3 and average_spread_bps > 1 and average_spread > 2 * minimum_spread",
            clear_when="average_spread_bps < 0.5 or average_spread < 1.5 * minimum_spread",
            held_for=Duration.parse("1m"),
            summary="The spread is wide and unsteady: liquidity is leaving the book.",
        ),
        RuleSettings(
            name="DRAWDOWN",
            # Four times the largest fall within 30 s. Five seconds, so that one stray trade is no alarm.
            when="risk_metrics.drawdown > 0.01",
            clear_when="risk_metrics.drawdown < 0.005",
            held_for=Duration.parse("5s"),
            keep_firing_for=Duration.parse("1m"),
            severity="critical",
            summary="The price fell fast within half a minute.",
        ),
        RuleSettings(
            name="IMMINENT_HYPE_PUMP",
            # More than a hundred different texts in five minutes whose mood has turned from flat to good, and less than 2 % in the price.
            when="hype_momentum > 100 and delta_price < 0.02",
            clear_when="hype_momentum < 50",
            severity="critical",
            summary="The crowd has turned on this asset and its price has not followed yet.",
        ),
        RuleSettings(
            name="UNUSUAL_HYPE",
            # The same against the asset's own trailing day, because raw counts do not compare between assets.
            when="hype_momentum_z > 3 and message_count_z > 2 and delta_price < 0.02",
            clear_when="hype_momentum_z < 1",
            held_for=Duration.parse("10s"),
            summary="The crowd is louder and merrier about this asset than it was all day, and its price has not followed yet.",
        ),
    )
