"""`python -m tests.bench.live_latency`: from the socket to the feed, with everything on, at rising rates. Needs ../shared/data.

A sender, the flow and one client of its feed are processes of their own. The flow writes its tape, Parquet and DuckDB, serves its
feed, and has its model loaded. Timed is what a closed candle takes from the stamp that it got when its bytes arrived, read from the
tape afterwards, to the sink beside the feed. A rate counts as sustained where no frame is lost, the sender stays on its schedule,
and what was received is shown within a second. A bare loop of `websockets` and `json`, in the same minutes, says what the machine
can do, and the cores that everything else took say how much of it was to be had.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table as Grid

from tests.bench.live_run import Measured, bare, measure, medians, spread
from tests.bench.live_sender import LOGS

RATES: Final = (1_000, 10_000)
STEPS: Final = (20_000, 40_000, 60_000, 80_000, 100_000, 130_000, 160_000, 200_000)
MOST_LATE_S: Final = 0.5
"""How far behind its schedule the sender may end."""
MOST_MS: Final = 1_000.0
"""Latest that anything may be shown."""
AIMS: Final = "aims: no frame lost, 60,000 frames/s sustained; at 10,000 frames/s p50 0.5 ms, p99 5 ms"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.live_latency", description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="what is timed of each run (default: 8)")
    parser.add_argument("--runs", type=int, default=3, help="runs at each rate (default: 3)")
    given = parser.parse_args()
    if not all(log.exists() for log in LOGS):
        sys.exit(f"live_latency: the real recordings are not here: {LOGS[0]} and {LOGS[1].name} are looked for")
    grid = Grid(
        "frames/s", "p50 ms", "p90 ms", "p99 ms", "most ms", "p99 of each run", "lost", "behind", "cores", "others", title_justify="left"
    )
    grid.title = f"from the socket to the feed, medians of {given.runs} runs"
    loops = [bare()]
    for rate in RATES:
        add(grid, f"{rate:,}", [measure(rate, given.seconds) for _ in range(given.runs)])
    sustained = 0
    for rate in STEPS:
        runs = [measure(rate, given.seconds) for _ in range(given.runs)]
        kept_up = sum(map(keeps_up, runs)) * 2 > len(runs)
        add(grid, f"{rate:,}" if kept_up else f"{rate:,}: not sustained", runs)
        if not kept_up:
            break
        sustained = rate
    loops.append(bare())
    console = Console(width=130)
    console.print(grid)
    console.print(
        f"{sustained:,} frames/s sustained with everything on; a bare websockets + json loop, which does nothing with them, takes"
    )
    console.print(f"{statistics.mean(loops):,.0f} frames/s of one core ({min(loops):,.0f}-{max(loops):,.0f}); {AIMS}")


def keeps_up(run: Measured) -> bool:
    """Tell whether a rate was sustained."""
    return not (run.lost or run.behind) and run.late_s <= MOST_LATE_S and max(run.percentiles) <= MOST_MS


def add(grid: Grid, name: str, runs: Sequence[Measured]) -> None:
    """Add the row of a rate."""
    cores, others = (statistics.median(values) for values in zip(*((run.cpu, run.others) for run in runs), strict=True))
    counts = [f"{sum(values):,}" for values in zip(*((run.lost, run.behind) for run in runs), strict=True)]
    grid.add_row(name, *(f"{value:.2f}" for value in medians(runs)), spread(runs, 2), *counts, f"{cores:.2f}", f"{others:.2f}")


if __name__ == "__main__":
    main()
