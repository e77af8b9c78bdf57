"""`python -m tests.bench.live_scoring`: does the market wait for the model? Its latency with and without posts. Needs ../shared/data.

The run of `live_latency` at 1,000 frames/s, alone and with real posts, no text twice, coming in by a feed of lines: to the bundled
starter model, and, faster than it can score, to a BERT-base in int8 of random weights, whose speed is FinBERT's. In turns, so that what
else the machine does meets every row.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table as Grid

from tests.bench.live_run import WARM_S, Measured, measure, medians, spread, started, told
from tests.bench.live_sender import LOGS
from tests.bench.scoring_speed import POSTS, build

RATE: Final = 1_000
AIM: Final = 2.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.live_scoring", description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="what is timed of each run (default: 8)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each row (default: 3)")
    parser.add_argument("--starter-posts", type=int, default=300, help="posts a second for the starter model (default: 300)")
    parser.add_argument("--bert-posts", type=int, default=150, help="posts a second for BERT-base: more than it can (default: 150)")
    parser.add_argument("--models", type=Path, help="folder with bert-int8, where it has been built before")
    given = parser.parse_args()
    if not (POSTS.exists() and all(log.exists() for log in LOGS)):
        sys.exit(f"live_scoring: the real recordings are not here: {LOGS[0]} and {POSTS} are looked for")
    with tempfile.TemporaryDirectory(prefix="ghosttape-models-") as folder:
        models = given.models or Path(folder)
        if not given.models:
            build(models)
        rows = {
            "no posts": (0, "starter"),
            f"{given.starter_posts} posts/s, starter": (given.starter_posts, "starter"),
            f"{given.bert_posts} posts/s, BERT-base int8": (given.bert_posts, str(models / "bert-int8")),
        }
        runs: dict[str, list[tuple[Measured, float]]] = {name: [] for name in rows}
        for name in [*rows] * given.runs:
            runs[name].append(with_posts(*rows[name], given.seconds))
    Console(width=130).print(
        table({name: [run for run, _ in found] for name, found in runs.items()}, {n: _mean(f) for n, f in runs.items()})
    )


def with_posts(rate: int, model: str, seconds: float) -> tuple[Measured, float]:
    """Run the market, and posts at a rate beside it; give also how many posts a second were scored."""
    settings = f'[crowd.sentiment]\nmodel = "{model}"\n'
    if not rate:
        return measure(RATE, seconds, settings), 0.0
    with started("-m", "tests.bench.live_posts", str(rate), str(WARM_S + seconds)) as sender:
        port = int(told(sender)["port"])
        run = measure(RATE, seconds, f'{settings}[[inputs.lines]]\nport = {port}\nfeed = "telegram"\n')
    return run, run.rows.get("social_signals", 0) / (WARM_S + seconds)


def table(runs: dict[str, list[Measured]], scored: dict[str, float]) -> Grid:
    """Give one row each, against the first."""
    grid = Grid("beside the market", "p50 ms", "p99 ms", "p99 of each run", "p99 / idle", "scored/s", "lost", "cores", "others")
    grid.title, grid.title_justify = (
        f"market at {RATE:,} frames/s, from the socket to the feed (aim: p99 at most {AIM:g} times idle)",
        "left",
    )
    idle = medians(next(iter(runs.values())))[2]
    for name, found in runs.items():
        p50, _, p99, _ = medians(found)
        lost = sum(run.lost for run in found)
        cores, others = (statistics.median(values) for values in zip(*((run.cpu, run.others) for run in found), strict=True))
        told_of = (f"{p50:.2f}", f"{p99:.2f}", spread(found, 2), f"{p99 / idle:.1f}", f"{scored[name]:.0f}", f"{lost:,}")
        grid.add_row(name, *told_of, f"{cores:.2f}", f"{others:.2f}")
    return grid


def _mean(found: list[tuple[Measured, float]]) -> float:
    return statistics.mean(scored for _, scored in found)


if __name__ == "__main__":
    main()
