"""`just study SESSION…`: were the alerts right? What followed each, against random instants, and against known events.

Measures what was recorded under the rules it was recorded with; `just sweep` asks about other rules.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from flows.charts import Panel, Series, draw
from flows.commands.arguments import Arguments, file, whole_number
from flows.commands.results import Results, find_rule, has_results, known_events, open_results
from flows.running import refusing_in_one_line
from flows.settings import load
from scoring.alerts.events import Occurrence, Score, score
from scoring.alerts.study import Comparison, Finding, StudySettings, compare, find, join
from scoring.duration import Duration, write_instant
from scoring.errors import ResourceError, SettingError
from scoring.records import NANOSECONDS_PER_SECOND, Alert

BPS = 10_000
UNKNOWN = "–"


class Followed(msgspec.Struct, frozen=True):
    """The alerts of one rule on one symbol of one session, and what followed them over each horizon."""

    rule: str
    symbol: str
    alerts: list[Alert]
    comparisons: list[Comparison]


def follow_alerts(results: Results, rule: str, settings: StudySettings, seed: int) -> list[Followed]:
    """Follow the alerts of one session; of every rule, where `rule` is empty."""
    groups: dict[tuple[str, str], list[Alert]] = {}
    for alert in results.alerts():
        if rule in ("", alert.rule):
            groups.setdefault((alert.rule, alert.symbol), []).append(alert)
    tracks = {symbol: results.track(symbol) for symbol in {symbol for _, symbol in groups}}
    followed = []
    for (name, symbol), alerts in sorted(groups.items()):
        fired = np.array([alert.fired_ns for alert in alerts], np.int64)
        comparisons = []
        for horizon in settings.horizons:
            draws = chance((len(alerts), settings.matches), seed, results.name, name, symbol, horizon)
            comparisons.append(compare(tracks[symbol], fired, horizon, draws, settings))
        followed.append(Followed(name, symbol, alerts, comparisons))
    return followed


def chance(shape: tuple[int, int], seed: int, *about: object) -> NDArray[np.float64]:
    """Give numbers from 0 up to 1 that depend on the seed and on what they are about, not on what else is studied."""
    digest = blake2b("\n".join(map(str, (seed, *about))).encode(), digest_size=8).digest()
    return np.random.default_rng(int.from_bytes(digest)).random(shape)


def find_all(followed: Sequence[Followed], settings: StudySettings, seed: int) -> dict[str, list[Finding]]:
    """Sum up each rule over each horizon, over all symbols and sessions."""
    findings: dict[str, list[Finding]] = {}
    for rule in sorted({group.rule for group in followed}):
        groups = [group for group in followed if group.rule == rule]
        count = sum(len(group.alerts) for group in groups)
        findings[rule] = [
            find(join([group.comparisons[i] for group in groups]), chance((settings.rounds, count), seed, rule, horizon), settings)
            for i, horizon in enumerate(settings.horizons)
        ]
    return findings


def score_rules(all_results: Sequence[Results], rules: Iterable[str], events: Sequence[Occurrence], within: Duration) -> dict[str, Score]:
    """Hold the alerts of each rule against known events."""
    alerts = [
        (alert.rule, Occurrence(results.asset_of(alert.symbol), alert.fired_ns)) for results in all_results for alert in results.alerts()
    ]
    return {rule: score([occurrence for name, occurrence in alerts if name == rule], events, within) for rule in rules}


# --- how it is shown ----------------------------------------------------------------------------------------------------------------


def number(value: float, form: str = ".1f") -> str:
    """Write a number; a dash where it is not known."""
    return f"{value:{form}}" if value == value else UNKNOWN


def lead(score: Score) -> str:
    """Write a median lead, in seconds."""
    return f"{score.lead_ns / NANOSECONDS_PER_SECOND:+.0f} s" if score.lead_ns == score.lead_ns else UNKNOWN


def grid(title: str, names: Sequence[str], rows: Iterable[Sequence[str]], left: int) -> Grid:
    """Lay out a table whose first `left` columns are text."""
    made = Grid(*names, show_edge=False, title=title, title_justify="left")
    for i, column in enumerate(made.columns):
        column.justify, column.no_wrap = ("left" if i < left else "right"), True
    for row in rows:
        made.add_row(*map(Text, row))
    return made


def _alert_rows(followed: Sequence[Followed]) -> Iterator[list[str]]:
    for group in followed:
        for i, alert in enumerate(group.alerts):
            cells = []
            for comparison in group.comparisons:
                forward, best, worst = (float(values[i]) * BPS for values in comparison.own)
                cells.append(f"{forward:+.1f} ({best:+.1f} {worst:+.1f})" if forward == forward else UNKNOWN)
            yield [alert.alert_id[:8], alert.rule, alert.symbol, write_instant(alert.fired_ns), *cells]


def _finding_rows(findings: Mapping[str, Sequence[Finding]], settings: StudySettings) -> Iterator[list[str]]:
    for rule, over in findings.items():
        for horizon, found in zip(settings.horizons, over, strict=True):
            figures = [
                value * BPS for value in (found.forward, found.matched, found.difference, found.low, found.high, found.best, found.worst)
            ]
            written = [number(value, "+.1f") for value in figures]
            span = f"{written[3]} to {written[4]}" if found.low == found.low else UNKNOWN
            yield [rule, str(horizon), str(found.alerts), *written[:3], span, *written[5:], number(found.rank, ".2f")]


def show(console: Console, followed: Sequence[Followed], findings: Mapping[str, Sequence[Finding]], settings: StudySettings) -> None:
    """Print each alert, then what they come to; returns in basis points."""
    horizons = [f"{horizon}: end (best worst)" for horizon in settings.horizons]
    console.print(
        grid("after each alert, basis points of the entry price", ["alert", "rule", "symbol", "fired", *horizons], _alert_rows(followed), 4)
    )
    names = ["rule", "after", "alerts", "mean", "at random", "difference", f"{settings.confidence:.0%} interval", "best", "worst", "rank"]
    console.print()
    console.print(grid("against random instants, basis points", names, _finding_rows(findings, settings), 2))
    console.print(
        f"rank: share of an alert's {settings.matches} random instants that did worse (0.50 is chance); "
        f"no interval below {settings.least_alerts} alerts",
        markup=False,
    )


def show_scores(console: Console, scores: Mapping[str, Score], within: Duration) -> None:
    """Print how well each rule announced the events."""
    rows = [
        [
            rule,
            str(found.alerts),
            number(found.precision, ".2f"),
            f"{found.found} of {found.events}",
            number(found.recall, ".2f"),
            lead(found),
        ]
        for rule, found in scores.items()
    ]
    console.print()
    names = ["rule", "alerts", "precision", "found", "recall", "median lead"]
    console.print(grid(f"against known events, within {within}", names, rows, 1))


def picture(findings: Mapping[str, Sequence[Finding]], settings: StudySettings) -> str:
    """Draw what alerts gained over random instants, and their ranks, by horizon."""
    places = [str(horizon) for horizon in settings.horizons]
    differences, ranks = [], []
    for rule, over in findings.items():
        ends = ([found.low * BPS for found in over], [found.high * BPS for found in over])
        differences.append(Series(rule, [found.difference * BPS for found in over], *ends))
        ranks.append(Series(rule, [found.rank for found in over]))
    panels = [
        Panel(f"return above random instants, bps, with {settings.confidence:.0%} intervals", places, differences),
        Panel("rank among random instants (0.5 is chance)", places, ranks),
    ]
    return draw("What followed the alerts", panels)


def save_picture(path: Path, svg: str) -> None:
    """Write a chart.

    Raises:
        ResourceError: the disk refuses.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(svg, encoding="utf-8")
    except OSError as error:
        raise ResourceError(f"{path}: the chart cannot be written: {error.strerror or error}: name another file with --chart") from error
    print(f"chart: {path}")


# --- the command --------------------------------------------------------------------------------------------------------------------


def length(text: str) -> Duration:
    """Read a length of time from the command line."""
    try:
        return Duration.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not {error}") from None


def lengths(text: str) -> tuple[Duration, ...]:
    """Read lengths of time with commas between."""
    return tuple(map(length, text.split(",")))


def parser() -> Arguments:
    """Describe the command line."""
    preset = StudySettings()
    made = Arguments("study", __doc__)
    made.add_argument("sessions", nargs="+", metavar="SESSION", help="recorded session, which is replayed, or folder of results")
    made.add_argument("--rule", default="", help="only this rule")
    made.add_argument("--horizons", type=lengths, default=preset.horizons, help="how long after an alert to look (default: 1m,5m,15m,1h)")
    made.add_argument("--delay", type=length, default=preset.delay, help="from the alert to the entry (default: 0s)")
    made.add_argument("--apart", type=length, default=preset.apart, help="how far random instants keep from alerts (default: 5m)")
    made.add_argument("--matches", type=whole_number, default=preset.matches, help="random instants per alert (default: 200)")
    made.add_argument("--rounds", type=whole_number, default=preset.rounds, help="resamples of the bootstrap (default: 2000)")
    made.add_argument("--seed", type=int, default=1, help="of random instants and resamples (default: 1)")
    add_event_options(made)
    return made


def add_event_options(made: Arguments) -> None:
    """Describe what studies and sweeps share."""
    made.add_argument("--events", type=file, help="CSV file of known events: asset or symbol, instant")
    made.add_argument("--within", type=length, default=Duration.parse("10m"), help="how near an alert must be to an event (default: 10m)")
    made.add_argument("--chart", default="", help="SVG file to write (default: in the data folder)")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    given = parser().parse_args(arguments)
    names = ("horizons", "delay", "apart", "matches", "rounds")
    wanted = StudySettings(**{name: getattr(given, name) for name in names})
    with refusing_in_one_line():
        settings, _ = load()
        if given.rule and not any(map(has_results, given.sessions)):  # which may know rules that nobody has any more
            find_rule(given.rule, given.sessions, settings, "just study", "--rule")
        all_results = open_results(given.sessions, settings)
        events = known_events(given.events, all_results, given.within) if given.events else None
        followed = [group for results in all_results for group in follow_alerts(results, given.rule, wanted, given.seed)]
        rules = {group.rule for group in followed}
        if given.rule and given.rule not in rules:
            fired = sorted({alert.rule for results in all_results for alert in results.alerts()})
            raise SettingError("just study", "--rule", given.rule, f"a rule that fired: {', '.join(fired) or 'none did'}")
        if not followed:
            print("no alert fired: there is nothing to study", file=sys.stderr)
            return
        findings = find_all(followed, wanted, given.seed)
        console = Console(width=None if sys.stdout.isatty() else 240)
        show(console, followed, findings, wanted)
        if events is not None:
            show_scores(console, score_rules(all_results, findings, events, given.within), given.within)
        save_picture(Path(given.chart or Path(settings.data_dir) / "study.svg"), picture(findings, wanted))


if __name__ == "__main__":
    main()
