"""`just replay SESSION [SPEED]`: a session through the whole flow without a screen, then what came out of it."""

from __future__ import annotations

import fcntl
import itertools
import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console
from rich.table import Table as Grid

from connectors.inputs.source import STOP
from connectors.outputs.archive import digests
from connectors.tape.manifest import load as load_manifest
from flows import ports
from flows.commands.arguments import Arguments, whole_number
from flows.main import build
from flows.progress import ProgressSink
from flows.running import refusing_in_one_line, run
from flows.sessions import replay_folder
from flows.settings import Settings, load
from scoring.digest import DigestResult
from scoring.errors import ResourceError
from scoring.records import Table

BUNDLED: Final = "recordings/session"


class Replay(msgspec.Struct, frozen=True):
    """How a session is replayed."""

    session: str
    speed: str = "max"
    workers: int = 1
    batch_rows: int = 0
    form: str = ""
    data_dir: str = ""
    screen: bool = False
    wait: bool = False
    quiet: bool = False
    recovery: str = ""
    model: str = ""


class Outcome(msgspec.Struct, frozen=True):
    """What a replay gave."""

    seconds: float
    folder: Path
    digests: dict[Table, DigestResult]
    model: str | None
    """Name and hash of the model that scored the posts; None where there were none."""


def perform(wanted: Replay) -> Outcome:
    """Replay into a fresh folder (or, with recovery, go on in the one that is there) and digest what is stored."""
    settings, _ = load()
    folder = Path(wanted.data_dir) if wanted.data_dir else replay_folder(settings, Path(wanted.session).name)
    with claimed(folder, is_given=bool(wanted.data_dir)) as own:
        return _perform(wanted, settings, own)


def _perform(wanted: Replay, settings: Settings, folder: Path) -> Outcome:
    plugs, shaping = ports.replay(
        wanted.session, wanted.speed, wanted.batch_rows, wanted.form, str(folder), wanted.screen, wanted.model, wanted.wait
    )
    if not wanted.recovery:
        _clear(folder)
    if not wanted.quiet:
        plugs = msgspec.structs.replace(plugs, screens={**plugs.screens, "progress": ProgressSink(Path(wanted.session).name)})
    started = time.perf_counter()
    run(build(plugs, shaping), settings.recovery, wanted.workers, Path(wanted.recovery) if wanted.recovery else None)
    seconds, model = time.perf_counter() - started, ports.identity(plugs.model) if plugs.model else None
    return Outcome(seconds, folder, {} if STOP.is_set() else digests(folder), model)


@contextmanager
def claimed(folder: Path, *, is_given: bool) -> Iterator[Path]:
    """Keep a folder of results to one replay while it runs, for each begins by removing the results of the one before.

    Where another replay has it, the next one that is free is taken: `session-2` beside `session`. It is let go of with the process.

    Raises:
        ResourceError: another replay has the folder that was asked for, or it cannot be made.
    """
    for number in itertools.count(1):
        own = folder.with_name(f"{folder.name}-{number}") if number > 1 else folder
        try:
            own.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(own, os.O_RDONLY)
        except OSError as error:
            raise ResourceError(f"{own}: {error.strerror}, expected a folder for results: check data_dir and its rights") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            if is_given:
                raise ResourceError(
                    f"{own}: found another replay that writes there, expected none: wait for it, or give another --data-dir"
                ) from None
            continue
        try:
            yield own
        finally:
            os.close(descriptor)
        return


def _clear(folder: Path) -> None:
    """Remove the results of an earlier replay, and nothing else."""
    shutil.rmtree(folder / "archive", ignore_errors=True)
    for name in ("warehouse.duckdb", "warehouse.duckdb.wal"):
        (folder / name).unlink(missing_ok=True)


def show(outcome: Outcome, session: str) -> None:
    """Print rows per table, the rate, and the digests."""
    if STOP.is_set():
        print(f"{session}: stopped before the end of the tape")
        return
    frames = sum(info.rows for info in load_manifest(Path(session)).files if info.path.startswith("frames/"))
    grid = Grid("table", "rows", "digest", title=f"{session} in {outcome.seconds:.2f} s", title_justify="left")
    grid.columns[1].justify = "right"
    for table, result in outcome.digests.items():
        grid.add_row(table, f"{result.rows:,}", result.hex)
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(grid)
    if frames:
        console.print(f"{frames:,} frames, {frames / outcome.seconds:,.0f} frames/s; results in {outcome.folder}")


def parser() -> Arguments:
    """Describe the command line."""
    made = Arguments("replay", __doc__)
    made.add_argument("session", nargs="?", default=BUNDLED, help=f"folder of a recorded session (default: {BUNDLED})")
    made.add_argument("speed", nargs="?", default="max", help="max, or a factor such as 1x or 50x (default: max)")
    made.add_argument("--workers", type=whole_number, default=1, help="workers (threads) of the flow")
    made.add_argument("--batch-rows", type=whole_number, default=0, help="frames handed on at once; changes no result")
    made.add_argument("--form", default="", choices=("frames", "columns"), help="what to read (default: columns where it has them)")
    made.add_argument("--data-dir", default="", help="where results go")
    made.add_argument("--model", default="", help="score posts with another model: starter, or a folder (default: that of the session)")
    made.add_argument("--recovery", default="", help="folder of snapshots: a killed replay goes on from there")
    made.add_argument("--screen", action="store_true", help="serve the feed, for just screen")
    made.add_argument("--wait", action="store_true", help="with --screen: stay until a screen has connected")
    made.add_argument("--quiet", action="store_true", help="no progress line")
    return made


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    wanted = msgspec.convert(vars(parser().parse_intermixed_args(arguments)), Replay)
    with refusing_in_one_line():
        outcome = perform(wanted)
        show(outcome, wanted.session)


if __name__ == "__main__":
    main()
