"""`python -m tests.bench.chaos`: the real recording, served at twenty times its speed with everything that goes wrong, in rounds.

The recording is eleven minutes long, so thirty minutes of it are three rounds, each with faults of its own and two kills of the flow.
Every window of trades is held against numbers computed in 40 digits. It needs the real recordings in ../shared/data.
"""

from __future__ import annotations

import argparse
import math
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table as Grid

from connectors.tape.manifest import load
from tests.bench.__main__ import LOGS
from tests.flows import chaos
from tests.flows.chaos import Chaos, Outcome
from tests.flows.conftest import clean_environment
from tests.flows.sessions import finish, start

GOLDEN = LOGS[0].parents[1] / "golden"
DISCONNECTS = 40
"""At least so many, over all rounds."""


def main() -> None:
    """Serve, break, compare, print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="of the session, over all rounds (default: 30)")
    parser.add_argument("--speed", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", default="", help="folder for what the runs leave behind (default: nothing is kept)")
    given = parser.parse_args()
    if not all(log.exists() for log in LOGS):
        sys.exit(f"chaos: the real recordings are not here: {LOGS[0]} and {LOGS[1].name} are looked for")
    folder = Path(given.keep or tempfile.mkdtemp(prefix="ghosttape-chaos-"))
    try:
        wrong = _rounds(folder, given.minutes, given.speed, given.seed)
    finally:
        if not given.keep:
            shutil.rmtree(folder)
    sys.exit("\n".join(wrong) if wrong else 0)


def _rounds(folder: Path, minutes: float, speed: float, seed: int) -> list[str]:
    """Run and print rounds; give what was wrong."""
    recording = folder / "recording"
    finish(start(["flows.commands.import_", *map(str, LOGS), "--to", str(recording)], clean_environment(folder)))
    manifest = load(recording)
    length_s = (manifest.end_ns - manifest.start_ns) / 1e9
    grid = Grid(
        "round", "wall s", "drops", "silences", "dup", "reorder", "corrupt", "kills", "windows", "quotes lost", "undeclared", "wrong"
    )
    wrong: list[str] = []
    totals: Counter[str] = Counter()
    for number in range(math.ceil(minutes * 60 / length_s)):
        plan = Chaos(seed=seed + number, speed=speed)
        session = chaos.serve_copy(recording, folder / f"served-{number}", 0, length_s + 1, plan.lead_s * speed)
        outcome = chaos.run(plan, session, folder / f"run-{number}")
        lost, undeclared = chaos.undeclared_quotes(session, outcome, plan)
        said = [f"round {number}: {what}" for what in _wrong(outcome, undeclared, folder / f"again-{number}")]
        kinds = ("drop", "silence", "duplicate", "reorder", "corrupt")
        happened = [outcome.counts.get(kind, 0) for kind in kinds]
        totals.update(dict(zip(kinds, happened, strict=True)))
        windows = len(chaos.windows_of(outcome.folder))
        grid.add_row(*map(str, (number, round(outcome.wall_s), *happened, outcome.kills, windows, lost, undeclared, len(said))))
        wrong += said
    Console(width=130).print(grid)
    if totals["drop"] < DISCONNECTS:
        wrong.append(f"{totals['drop']} disconnects, expected {DISCONNECTS} or more: take another seed")
    return wrong


def _wrong(outcome: Outcome, undeclared: int, again: Path) -> list[str]:
    """Say what of one round is not as it must be."""
    rows = chaos.windows_of(outcome.folder)
    said = [f"{outcome.missing_trades} trades never came"] if outcome.missing_trades else []
    said += [f"gap without repair: {gap}" for gap in chaos.unrepaired(outcome)]
    for width_s in (1, 10, 60):
        said += chaos.unlike_golden(rows, GOLDEN / f"spot_btcusdt_trades_tumbling_{width_s}s.csv", width_s)
    said += [f"{undeclared} quotes are missing without a word"] if undeclared else []
    said += chaos.differences_of_replay(outcome, again)
    for arguments in (["--record"], ["--batch-rows", "777"], ["--batch-rows", "1"]):
        verifying = start(["flows.commands.verify", str(outcome.folder / "tape"), *arguments], clean_environment(again))
        answer = verifying.communicate()[0]
        said += [answer.strip()] if verifying.returncode else []
    return said


if __name__ == "__main__":
    main()
