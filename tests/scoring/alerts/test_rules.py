"""Rules from settings: what is refused says where it stands and what would be right; the defaults are quiet on a calm market."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from scoring.alerts.rules import RuleSettings, compile_rules, default_rules
from scoring.alerts.state import Alerts
from scoring.duration import Duration
from scoring.errors import SettingError
from scoring.records import Table
from tests.scoring.alerts.metric_rows import SYMBOL, alerts_in, trades


def duration(kind: type, value: object) -> Any:
    assert kind is Duration
    return Duration.parse(str(value))


def test_a_rule_is_read_by_the_names_it_has_in_the_settings() -> None:
    written = {
        "name": "DRAWDOWN",
        "when": "risk_metrics.drawdown > 0.02",
        "clear_when": "risk_metrics.drawdown < 0.01",
        "for": "5s",
        "keep_firing_for": "1m",
        "cooldown": "10m",
        "severity": "critical",
        "symbols": ["BTCUSDT"],
        "no_data_after": "3m",
        "on_gap": "hold",
        "summary": "It fell.",
    }
    rule = msgspec.convert(written, RuleSettings, dec_hook=duration)
    assert (rule.held_for, rule.keep_firing_for, rule.severity, rule.on_gap) == (
        Duration.parse("5s"),
        Duration.parse("1m"),
        "critical",
        "hold",
    )
    assert rule.symbols == ("BTCUSDT",)


@pytest.mark.parametrize("wrong", [{"fore": "5s"}, {"severity": "loud"}, {"on_gap": "ignore"}])
def test_an_unknown_key_or_word_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"name": "A", "when": "vwap > 1", **wrong}, RuleSettings, dec_hook=duration)


def test_a_compiled_rule_knows_its_tables_and_metrics() -> None:
    settings = RuleSettings(name="A", when="spread_ratio > 3 and volume_spike > 2", clear_when="volatility < 1 and spread_ratio < 2")
    (rule,) = compile_rules([settings], "ghosttape.toml", "alerts.rules")
    assert rule.tables == (Table.RISK_METRICS, Table.SPREAD_METRICS, Table.TRADE_METRICS)
    assert [metric.column for metric in rule.metrics] == ["spread_ratio", "volume_spike", "volatility"]
    assert pickle.loads(pickle.dumps(rule)) == rule


def test_a_rule_watches_the_symbols_it_names_or_all() -> None:
    some, every = compile_rules(
        [RuleSettings(name="A", when="vwap > 1", symbols=("ETHUSDT",)), RuleSettings(name="B", when="vwap > 1")], "f", "k"
    )
    assert [some.watches("ETHUSDT"), some.watches(SYMBOL), every.watches(SYMBOL)] == [True, False, True]


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (RuleSettings(name="B", when="volume_spik > 5"), "alerts.rules[1].when = 'volume_spik > 5': expected a condition such as "),
        (RuleSettings(name="B", when="volume_spik > 5"), "the nearest is 'volume_spike'"),
        (RuleSettings(name="B", when="vwap > 5", clear_when="vwap"), "alerts.rules[1].clear_when = 'vwap'"),
        (RuleSettings(name="", when="vwap > 5"), "alerts.rules[1].name = ''"),
        (RuleSettings(name="two words", when="vwap > 5"), "alerts.rules[1].name = 'two words'"),
        (RuleSettings(name="A", when="vwap > 5"), "a name no other rule has"),
        (RuleSettings(name="B", when="vwap > 5", held_for=Duration(-1)), "alerts.rules[1].for = -1"),
        (RuleSettings(name="B", when="vwap > 5", cooldown=Duration(-1)), "alerts.rules[1].cooldown = -1"),
    ],
)
def test_a_wrong_rule_is_named_by_file_and_key(rule: RuleSettings, says: str) -> None:
    with pytest.raises(SettingError) as error:
        compile_rules([RuleSettings(name="A", when="vwap > 1"), rule], "ghosttape.toml", "alerts.rules")
    assert str(error.value).startswith("ghosttape.toml: alerts.rules[1].")
    assert says in str(error.value)


def test_the_default_rules_compile_and_say_what_they_mean() -> None:
    rules = compile_rules(default_rules(), "defaults", "rules")
    market, crowd = ["VOLATILITY", "VOLUME_SPIKE", "SPREAD_WARNING", "DRAWDOWN"], ["IMMINENT_HYPE_PUMP", "UNUSUAL_HYPE"]
    assert [rule.settings.name for rule in rules] == market + crowd
    assert all(rule.settings.summary and rule.clear_when and len(rule.tables) == 1 for rule in rules)
    assert all(
        rule.when.threshold > rule.clear_when.threshold
        for rule in rules
        if rule.clear_when and rule.when.metrics == rule.clear_when.metrics
    )


def test_the_default_rules_are_quiet_on_real_minutes_that_were_calm(shared_data: Callable[[str], Path]) -> None:
    lines = shared_data("golden/spot_btcusdt_trades_tumbling_60s.csv").read_text().splitlines()
    names = lines[0].split(",")
    minutes = [dict(zip(names, line.split(","), strict=True)) for line in lines[1:]]
    # The whole range in basis points bounds the standard deviation from above by half.
    scatter = [(float(m["high"]) - float(m["low"])) / float(m["vwap"]) * 5_000 for m in minutes]
    volumes = [float(m["base_vol"]) for m in minutes]
    spikes = [float("nan")] + [volumes[i] / (sum(volumes[:i]) / i) for i in range(1, len(volumes))]
    alerts = Alerts(SYMBOL, compile_rules(default_rules(), "defaults", "rules"))
    rows = trades([60 * i for i in range(len(minutes))], spikes, price_stddev_bps=scatter, trade_count=[1000] * len(minutes))
    assert alerts_in(alerts.update([rows])) == []
    assert max(scatter) > 5  # the minutes are real ones
