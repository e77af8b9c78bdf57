"""`python -m tests.bench.crowd_study`: did the crowd say it before the market moved? Real channels, real pumps. Needs ../shared/data.

60,011 posts of 60 channels go the program's own way: names, moods by the bundled model, windows, signals, rules. What fired is held
against 858 pumps that people logged (channel, coin, second) and against alerts of the exchange's market. There are no prices in
these data, so the rules are about the crowd alone.

Thresholds are chosen on the first part of the time, by F1 over the pumps, and judged on the rest. Beside the signal stand what any
honest study shows: the count of messages alone, the words of a pump call alone, and as many alerts at random: of the same coins, at
instants drawn from the hours in which these channels speak.
"""

from __future__ import annotations

import csv
import random
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, TypeAlias

from rich.console import Console
from rich.table import Table as Grid

from flows.settings import Asset
from scoring.alerts.events import Occurrence, score
from scoring.alerts.rules import RuleSettings, compile_rules
from scoring.alerts.state import Alerts
from scoring.crowd.assets import AssetFinder
from scoring.crowd.decoupling import Decoupling, DecouplingSettings
from scoring.crowd.finbert import load
from scoring.crowd.identity import text_id
from scoring.crowd.moods import Moods, MoodSettings, scored_posts
from scoring.crowd.pump_calls import PostKind, kind_of
from scoring.crowd.sentiment import ScoringSettings, SentimentSettings
from scoring.duration import Duration, nanoseconds
from scoring.records import NANOSECONDS_PER_SECOND, Batch, End, Kind, Post, Rows, to_columns
from tests.bench.telegram_posts import DATA, Message, read_messages

SPLIT: Final = datetime(2020, 4, 1, tzinfo=UTC)
"""Thresholds are chosen before it and judged after it."""
NEAR: Final = Duration.parse("15m")
"""An alert belongs to an event of its coin that lies no further away, before or after."""
COOLDOWN: Final = Duration.parse("30m")
SEED: Final = 20201231
MOMENTA: Final = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0)
SCORES: Final = (2.0, 3.0, 5.0, 8.0)
COUNTS: Final = (1, 2, 3, 4, 5, 6, 8)

Found: TypeAlias = list[Occurrence]


def main() -> None:
    """Measure and print."""
    messages, pumps, rises = read_messages("crowd_study"), _pumps(), _rises()
    console = Console(width=130)
    coins = sorted({pump.asset for pump in pumps})
    rises = [rise for rise in rises if rise.asset in set(coins)]
    started = time.perf_counter()
    posts = _named(messages, coins)
    moods = _moods(posts, coins)
    signals = _signals(moods, coins)
    seconds = time.perf_counter() - started
    about = sum(map(bool, posts["assets"]))
    distinct = len({text_id(text) for text in posts["text"]})
    console.print(
        f"{len(posts):,} posts through names, scoring and windows in {seconds:.1f} s, no failure: {about:,} name one of"
        f" {len(coins)} coins, {1 - distinct / len(posts):.1%} repeat another by wording, {sum(map(len, signals.values())):,} signals"
    )
    split_ns = nanoseconds(SPLIT)
    grid = Grid("what fires", "chosen", "alerts", "precision", "recall", "F1", "median lead", title_justify="left")
    grid.title = f"pumps after {SPLIT:%Y-%m-%d}, an alert within {NEAR} of one; threshold chosen on those before"
    ways = {
        "hype momentum": _chosen("hype_momentum > {}", MOMENTA, signals, pumps, split_ns),
        "hype momentum, unusual for the coin (z)": _chosen("hype_momentum_z > {}", SCORES, signals, pumps, split_ns),
        "message count alone": _chosen("message_count >= {}", COUNTS, signals, pumps, split_ns),
        "words of a pump call alone": ("", _called(posts)),
    }
    most = max(len(_after(found, split_ns)) for _, found in ways.values())
    ways["as many at random"] = ("", _random(posts, coins, most * 2))
    later = [pump for pump in pumps if pump.at_ns >= split_ns]
    for name, (chosen, found) in ways.items():
        _add(grid, name, chosen, _after(found, split_ns), later)
    console.print(grid)
    market = Grid("what fires", "chosen", "alerts", "precision", "recall", "F1", "median lead", title_justify="left")
    market.title = f"rises the exchange's market saw after {SPLIT:%Y-%m-%d} ({len(_after(rises, split_ns)):,} of these coins)"
    for name, (chosen, found) in ways.items():
        _add(market, name, chosen, _after(found, split_ns), _after(rises, split_ns))
    console.print(market)


# --- the program's own way ------------------------------------------------------------------------------------------------------------


def _named(messages: Sequence[Message], coins: Sequence[str]) -> Batch:
    finder = AssetFinder(_assets(coins))
    posts = [
        Post(at, at, str(message.channel_id), message.id, "", message.text, ",".join(finder.find(message.text)))
        for message in messages
        for at in (nanoseconds(message.date),)
    ]
    return Batch(Kind.POST, "telegram", to_columns(Post, posts))


def _moods(posts: Batch, coins: Sequence[str]) -> dict[str, list[Rows]]:
    """Score every post; those that name no coin only move the time."""
    model = load(SentimentSettings(), ScoringSettings())
    each = [score if assets else None for score, assets in zip(model.score(posts["text"].tolist()), posts["assets"], strict=True)]
    found: dict[str, list[Rows]] = defaultdict(list)
    moods = Moods(tuple(coins), MoodSettings())
    for rows in moods.update((scored_posts(posts, each, model.name, model.hash), End())):
        found[rows.symbol].append(rows)
    if moods.late_posts:
        sys.exit(f"crowd_study: {moods.late_posts} posts out of order: expected the file in order of time")
    return found


def _signals(moods: Mapping[str, Sequence[Rows]], coins: Iterable[str]) -> dict[str, Rows]:
    signals = {}
    for coin in coins:
        (rows,) = Decoupling(coin, "", DecouplingSettings()).update(moods[coin])
        signals[coin] = rows
    return signals


def _fired(when: str, signals: Mapping[str, Rows]) -> Found:
    rule = RuleSettings(name="CROWD", when=when, cooldown=COOLDOWN, no_data_after=Duration(0))
    compiled = compile_rules((rule,), "study", "rule")
    found: Found = []
    for coin, rows in signals.items():
        fired = {
            (alert_id, int(at))
            for alerts in Alerts(coin, compiled).update((rows,))
            for alert_id, at in zip(alerts.columns["alert_id"], alerts.columns["fired_ns"], strict=True)
        }
        found += [Occurrence(coin, at) for _, at in fired]
    return sorted(found, key=lambda each: (each.at_ns, each.asset))


def _chosen(
    when: str, thresholds: Sequence[float], signals: Mapping[str, Rows], pumps: Sequence[Occurrence], split_ns: int
) -> tuple[str, Found]:
    """Take the threshold that did best before the split."""
    early = [pump for pump in pumps if pump.at_ns < split_ns]
    tried = [(threshold, _fired(when.format(threshold), signals)) for threshold in thresholds]
    threshold, found = max(tried, key=lambda each: _f1([alert for alert in each[1] if alert.at_ns < split_ns], early))
    return when.format(threshold), found


# --- beside it --------------------------------------------------------------------------------------------------------------------------


def _called(posts: Batch) -> Found:
    """Give what the words of a pump call alone would have fired on, with the same cooldown."""
    last: dict[str, int] = {}
    found: Found = []
    for at, text, assets in zip(posts["event_ns"].tolist(), posts["text"], posts["assets"], strict=True):
        if assets and kind_of(text) is PostKind.PUMP:
            for coin in assets.split(","):
                if at - last.get(coin, -COOLDOWN) >= COOLDOWN:
                    found.append(Occurrence(coin, at))
                    last[coin] = at
    return found


def _random(posts: Batch, coins: Sequence[str], count: int) -> Found:
    dice = random.Random(SEED)
    instants = posts["event_ns"].tolist()
    return [Occurrence(dice.choice(coins), dice.choice(instants)) for _ in range(count)]


# --- figures ---------------------------------------------------------------------------------------------------------------------------


def _f1(alerts: Sequence[Occurrence], events: Sequence[Occurrence]) -> float:
    told = score(alerts, events, NEAR)
    both = told.precision + told.recall
    return 2 * told.precision * told.recall / both if both > 0 else 0.0


def _add(grid: Grid, name: str, chosen: str, alerts: Sequence[Occurrence], events: Sequence[Occurrence]) -> None:
    told = score(alerts, events, NEAR)
    lead = f"{told.lead_ns / NANOSECONDS_PER_SECOND:+,.0f} s" if told.found else "–"
    figures = (f"{told.precision:.1%}", f"{told.recall:.1%}", f"{_f1(alerts, events):.3f}")
    grid.add_row(name, chosen, f"{len(alerts):,}", *figures, lead)


def _after(found: Sequence[Occurrence], at_ns: int) -> Found:
    return [each for each in found if each.at_ns >= at_ns]


# --- the files -------------------------------------------------------------------------------------------------------------------------


def _pumps() -> Found:
    return _read("pump_log_before_2021.tsv", "\t", lambda row: (row["coin"], row["timestamp"]))


def _rises() -> Found:
    return _read("market_alerts_before_2021.csv", ",", lambda row: (row["base"], row["alert_time_utc"]))


def _read(name: str, delimiter: str, pick: Callable[[dict[str, str]], tuple[str, str]]) -> Found:
    with (DATA / name).open() as log:
        rows = map(pick, csv.DictReader(log, delimiter=delimiter))
        return sorted((Occurrence(coin.lower(), nanoseconds(datetime.fromisoformat(at))) for coin, at in rows), key=lambda each: each.at_ns)


def _assets(coins: Iterable[str]) -> dict[str, Asset]:
    return {coin: Asset(aliases=(coin,)) for coin in coins}


if __name__ == "__main__":
    main()
