"""`just verify SESSION`: replays it and compares every digest with its manifest."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from connectors.inputs.source import STOP
from connectors.tape.manifest import load, save, verify_files
from flows.commands.replay import Replay, perform
from flows.running import refusing_in_one_line
from scoring.errors import MismatchError, SessionError


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="just verify", description=__doc__)
    parser.add_argument("session", help="folder of a recorded session")
    parser.add_argument("--record", action="store_true", help="store the digests of this replay in the manifest")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--batch-rows", type=int, default=0)
    parser.add_argument("--speed", default="max")
    parser.add_argument("--form", default="")
    given = parser.parse_args(arguments)
    with refusing_in_one_line(), tempfile.TemporaryDirectory(prefix="ghosttape-") as folder:
        session = Path(given.session)
        _check_files(session)
        wanted = Replay(
            given.session,
            speed=given.speed,
            workers=given.workers,
            batch_rows=given.batch_rows,
            form=given.form,
            data_dir=folder,
            quiet=True,
        )
        outcome = perform(wanted)
        found = {table.value: result.hex for table, result in outcome.digests.items()}
        if STOP.is_set():
            raise MismatchError(f"{session}: stopped before the end of the tape, expected a whole replay: nothing was compared or recorded")
        if given.record:
            save(session, msgspec.structs.replace(load(session), digests=found, model=outcome.model))
            print(f"{session}: {len(found)} digests recorded")
            return
        compare(session, found)
        print(f"{session}: verified, {len(found)} tables are what the manifest says")


def _check_files(session: Path) -> None:
    problems = verify_files(session, load(session))
    if problems:
        raise SessionError(f"{session}: {problems[0]}" + (f" (and {len(problems) - 1} more)" if problems[1:] else ""))


def compare(session: Path, found: dict[str, str]) -> None:
    """Compare digests with the manifest.

    Raises:
        MismatchError: a table differs, or the manifest has no digests.
    """
    expected = load(session).digests
    if not expected:
        raise MismatchError(f"{session}: the manifest has no digests: store them with just verify {session} --record")
    wrong = sorted(table for table in expected.keys() | found.keys() if expected.get(table) != found.get(table))
    if wrong:
        details = ", ".join(f"{table} is {found.get(table, 'missing')}, expected {expected.get(table, 'none')}" for table in wrong)
        raise MismatchError(f"{session}: {len(wrong)} of {len(expected)} tables differ: {details}")


if __name__ == "__main__":
    main()
