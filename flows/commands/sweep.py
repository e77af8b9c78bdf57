"""`just sweep RULE SESSION…`: what a rule would have said with other thresholds, `for` and cooldowns.

Only the rule is judged again, over the metric rows the session gave, so a hundred variations take seconds. The rows are judged as
they stood last: where a repaired trade changed a window after it had been judged, a sweep may differ from what the flow said.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np
from msgspec.structs import replace
from rich.console import Console
from rich.text import Text

from connectors.outputs.results import read_columns
from flows.alerts import of_judged_width
from flows.charts import Panel, Series, draw
from flows.commands.arguments import Arguments
from flows.commands.results import Results, days_of, find_rule, known_events, open_results
from flows.commands.study import add_event_options, grid, lead, lengths, number, save_picture
from flows.running import refusing_in_one_line
from flows.settings import load
from scoring.alerts.events import Occurrence, Score, score
from scoring.alerts.expression import ConditionError
from scoring.alerts.rules import Rule, RuleSettings, compile_rules
from scoring.alerts.state import Alerts
from scoring.alerts.variation import with_threshold
from scoring.duration import Duration
from scoring.errors import SettingError
from scoring.records import END_NS, TABLES, Alert, Column, Rows, Table, columns_of

FACTORS = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
"""What thresholds are tried where none are named, times the rule's own."""


class Trial(msgspec.Struct, frozen=True):
    """One variation of a rule."""

    threshold: float
    held_for: Duration
    cooldown: Duration
    rule: Rule

    @property
    def as_it_is(self) -> str:
        """Name what is not the threshold."""
        return f"for {self.held_for}, cooldown {self.cooldown}"


class Said(msgspec.Struct, frozen=True):
    """What a variation said."""

    trial: Trial
    alerts: int
    days: float
    score: Score | None

    @property
    def per_day(self) -> float:
        """Alerts per day that was watched; NaN where nothing was."""
        return self.alerts / self.days if self.days else float("nan")


class Recorded(msgspec.Struct, frozen=True):
    """The metric rows a rule looks at, of one symbol."""

    symbol: str
    asset: str
    tables: Mapping[Table, dict[str, Column]]


def variations(rule: RuleSettings, thresholds: Sequence[float], held_for: Sequence[Duration], cooldowns: Sequence[Duration]) -> list[Trial]:
    """Vary a rule; what is empty stays as it is, but for the threshold, which is tried from half to twice its own.

    Raises:
        SettingError: the rule has no threshold, or a variation is not sound.
    """
    (own,) = compile_rules([rule], "just sweep", "rule")
    if not thresholds:
        if own.when.threshold != own.when.threshold:
            raise SettingError("just sweep", "rule", rule.name, f"a rule whose first metric is compared with a number, not {rule.when!r}")
        thresholds = [own.when.threshold * factor for factor in FACTORS]
    trials = []
    for threshold, wait, cooldown in itertools.product(thresholds, held_for or (rule.held_for,), cooldowns or (rule.cooldown,)):
        try:
            when = with_threshold(rule.when, threshold)
        except ConditionError as error:
            raise SettingError("just sweep", "--thresholds", threshold, str(error)) from None
        (varied,) = compile_rules([replace(rule, when=when, held_for=wait, cooldown=cooldown)], "just sweep", "rule")
        trials.append(Trial(threshold, wait, cooldown, varied))
    return trials


def recorded(results: Results, rule: Rule) -> list[Recorded]:
    """Read the rows a rule looks at, of every symbol it watches."""
    found = []
    for asset, names in results.shaping.assets.items():
        for symbol in filter(rule.watches, names.symbols):
            tables = {}
            for table in rule.tables:
                # The crowd of an asset is judged where its first symbol is.
                crowd = TABLES[table].key[0] == "asset"
                if not crowd or symbol == names.symbols[0]:
                    tables[table] = _read(results, table, asset if crowd else symbol, rule)
            if len(tables) == len(rule.tables):
                found.append(Recorded(symbol, asset, tables))
    return found


def _read(results: Results, table: Table, subject: str, rule: Rule) -> dict[str, Column]:
    wanted = [TABLES[table].instant, "open_gaps", "completeness", *(metric.column for metric in rule.metrics if metric.table is table)]
    if table is not Table.TRADE_METRICS:
        return read_columns(results.folder, table, list(dict.fromkeys(wanted)), subject)
    columns = read_columns(results.folder, table, list(dict.fromkeys(["window_start_ns", *wanted])), subject)
    return of_judged_width(columns, results.shaping)


def judge_again(found: Recorded, rule: Rule) -> list[Alert]:
    """Let a rule judge recorded rows; gives each alert as it stood last, in the order they fired."""
    state = Alerts(found.symbol, [rule])
    instants = [columns[TABLES[table].instant] for table, columns in found.tables.items()]
    end_ns = max((int(column[-1]) for column in instants if len(column)), default=0)
    whole = [Rows(table, found.symbol, columns, end_ns) for table, columns in found.tables.items()]
    # That the tape has ended is said last: until then silence is a fact.
    ended = [Rows(rows.table, rows.symbol, {name: column[:0] for name, column in rows.columns.items()}, END_NS) for rows in whole]
    alerts: dict[str, Alert] = {}
    for said in (*state.update(whole), *state.update(ended)):
        for row in zip(*(said.columns[name].tolist() for name in columns_of(Alert)), strict=True):
            alert = Alert(*row)
            alerts[alert.alert_id] = alert
    return list(alerts.values())


def try_all(trials: Sequence[Trial], all_results: Sequence[Results], events: Sequence[Occurrence] | None, within: Duration) -> list[Said]:
    """Judge every variation over all that was recorded."""
    subjects = [found for results in all_results for found in recorded(results, trials[0].rule)] if trials else []
    days = days_of(all_results)
    said = []
    for trial in trials:
        fired = [Occurrence(found.asset, alert.fired_ns) for found in subjects for alert in judge_again(found, trial.rule)]
        said.append(Said(trial, len(fired), days, None if events is None else score(fired, events, within)))
    return said


def show(console: Console, rule: RuleSettings, said: Sequence[Said]) -> None:
    """Print a line for each variation; the rule as it stands is marked."""
    (own,) = compile_rules([rule], "just sweep", "rule")
    scored = any(each.score is not None for each in said)
    rows = []
    for each in said:
        trial = each.trial
        same = (trial.threshold, trial.held_for, trial.cooldown) == (own.when.threshold, rule.held_for, rule.cooldown)
        row = [
            "*" if same else "",
            f"{trial.threshold:.6g}",
            str(trial.held_for),
            str(trial.cooldown),
            str(each.alerts),
            number(each.per_day),
        ]
        if each.score is not None:
            row += [number(each.score.precision, ".2f"), number(each.score.recall, ".2f"), lead(each.score)]
        rows.append(row)
    names = ["", "threshold", "for", "cooldown", "alerts", "per day", *(["precision", "recall", "median lead"] if scored else [])]
    console.print(grid(f"{rule.name}: {rule.when}", names, rows, 1))
    console.print(Text(f"*: as it stands; {said[0].days:.3g} days were watched" if said else "nothing was tried"))


def picture(rule: RuleSettings, said: Sequence[Said]) -> str:
    """Draw what the thresholds come to: a line for each `for` and cooldown."""
    thresholds = sorted({each.trial.threshold for each in said})
    lines = list(dict.fromkeys(each.trial.as_it_is for each in said))
    found = {(each.trial.as_it_is, each.trial.threshold): each for each in said}

    def panel(title: str, values: Mapping[tuple[str, float], float]) -> Panel:
        series = [Series(line, [values[line, threshold] for threshold in thresholds]) for line in lines]
        return Panel(title, [f"{threshold:.6g}" for threshold in thresholds], series)

    panels = [panel("alerts per day, by threshold", {key: each.per_day for key, each in found.items()})]
    scores = {key: each.score for key, each in found.items() if each.score is not None}
    if scores:
        panels.append(panel("precision, by threshold", {key: each.precision for key, each in scores.items()}))
        panels.append(panel("recall, by threshold", {key: each.recall for key, each in scores.items()}))
    return draw(f"{rule.name}: {rule.when}", panels)


def numbers(text: str) -> tuple[float, ...]:
    """Read numbers with commas between from the command line."""
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not numbers with commas between, such as 50,100,150") from None
    if not np.isfinite(found).all():
        raise argparse.ArgumentTypeError(f"{text!r}: a threshold is a finite number")
    return tuple(dict.fromkeys(found))


def parser() -> Arguments:
    """Describe the command line."""
    made = Arguments("sweep", __doc__)
    made.add_argument("rule", help="name of a rule")
    made.add_argument("sessions", nargs="+", metavar="SESSION", help="recorded session, which is replayed, or folder of results")
    made.add_argument("--thresholds", type=numbers, default=(), help="instead of the number in its first comparison: 50,100,150")
    made.add_argument("--for", dest="held_for", type=lengths, default=(), help="instead of its `for`: 0s,10s")
    made.add_argument("--cooldown", type=lengths, default=(), help="instead of its cooldown: 5m,10m")
    add_event_options(made)
    return made


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    given = parser().parse_args(arguments)
    with refusing_in_one_line():
        settings, _ = load()
        rule = find_rule(given.rule, given.sessions, settings, "just sweep", "rule")
        trials = variations(rule, given.thresholds, given.held_for, given.cooldown)
        all_results = open_results(given.sessions, settings)
        events = known_events(given.events, all_results, given.within) if given.events else None
        said = try_all(trials, all_results, events, given.within)
        show(Console(width=None if sys.stdout.isatty() else 160), rule, said)
        save_picture(Path(given.chart or Path(settings.data_dir) / "sweep.svg"), picture(rule, said))


if __name__ == "__main__":
    main()
