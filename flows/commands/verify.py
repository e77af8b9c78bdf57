"""`just verify SESSION`: replays it and compares every digest with its manifest."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from connectors.inputs.source import STOP
from connectors.tape.manifest import load, save, verify_files
from flows.commands.arguments import Arguments, whole_number
from flows.commands.replay import BUNDLED, Replay, perform
from flows.running import refusing_in_one_line
from scoring.errors import MismatchError, SessionError


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = Arguments("verify", __doc__)
    parser.add_argument("session", nargs="?", default=BUNDLED, help=f"folder of a recorded session (default: {BUNDLED})")
    parser.add_argument("--record", action="store_true", help="store the digests of this replay in the manifest")
    parser.add_argument("--workers", type=whole_number, default=1, help="workers (threads) of the flow")
    parser.add_argument("--batch-rows", type=whole_number, default=0, help="frames handed on at once; changes no result")
    parser.add_argument("--speed", default="max", help="max, or a factor such as 1x or 50x (default: max)")
    parser.add_argument("--form", default="", choices=("frames", "columns"), help="what to read (default: columns where it has them)")
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
