"""`just record NAME`: keeps a stretch of the live tape for good, as a session that replays and verifies.

What is sealed is linked, not copied, so it takes no space until the live tape has dropped it, and the flow that is running notices
nothing. Without an option all that is on the tape so far is kept; `--last 2h` keeps the newest, `--from-now` what comes until
ctrl+c, `--for 30m` what comes in that time. The session gets the settings that the live run stored, and the digests of a replay.
"""

from __future__ import annotations

import shutil
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from connectors.tape.manifest import MANIFEST, Manifest, PartitionInfo, load, refresh, save
from connectors.tape.newest import newest_first
from connectors.tape.pinning import pin, pin_sealed, row_at
from connectors.tape.reader import FrameReader
from connectors.tape.retention import PINNED
from connectors.wire.telegram import TELEGRAM_FEED, decode_one
from flows.commands import verify
from flows.commands.arguments import Arguments
from flows.running import refusing_in_one_line
from flows.settings import load as load_settings
from scoring.duration import Duration
from scoring.errors import SessionError, SettingError
from scoring.records import NANOSECONDS_PER_SECOND

LINK_SECONDS: Final = 5.0
"""How often a tape that is being recorded is looked at for sealed segments, before retention may drop them."""
POSTS_READ: Final = 100_000
"""So many of the newest posts are asked for their channels."""

FromRows = Mapping[str, int]
"""The first row that is wanted, by partition."""


def record(tape: Path, target: Path, from_rows: FromRows) -> Manifest:
    """Pin a tape from these rows on as a session of its own, and give its manifest, without digests yet.

    Raises:
        SessionError: the tape is none, or holds nothing from those rows on.
        ResourceError: the disk refuses.
    """
    live, partial = load(tape), partial_folder(target)
    rows = {name: pin(tape / "frames" / name, partial / "frames" / name, from_row) for name, from_row in from_rows.items()}
    partitions = {name: _heard(live.partitions[name], partial / "frames" / name) for name in rows}
    manifest = Manifest(
        name=target.name,
        program=live.program,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        origin=f"pinned from {live.name}: {live.origin}",
        licence=live.licence,
        partitions=partitions,
        settings=live.settings,
    )
    save(partial, manifest)
    manifest = refresh(partial)
    (partial / PINNED).touch()
    partial.rename(target)
    return manifest


def partial_folder(target: Path) -> Path:
    """Name the folder a session is made in, beside the final one."""
    return target.with_name(f".{target.name}.partial")


def follow(tape: Path, target: Path, from_rows: FromRows, stop: threading.Event, seconds: float | None) -> None:
    """Pin what is sealed while time passes, until told to stop."""
    deadline = None if seconds is None else time.monotonic() + seconds
    while not stop.is_set() and (deadline is None or time.monotonic() < deadline):
        left_s = LINK_SECONDS if deadline is None else min(LINK_SECONDS, deadline - time.monotonic())
        stop.wait(max(left_s, 0))
        for name, from_row in from_rows.items():
            pin_sealed(tape / "frames" / name, partial_folder(target) / "frames" / name, from_row)


def first_rows(tape: Path, last: str, from_now: bool, now_ns: int) -> FromRows:
    """Say from which row on each partition is wanted.

    Raises:
        SettingError: `last` is no length of time.
        SessionError: the tape is none.
    """
    if not (tape / MANIFEST).is_file():
        raise SessionError(f"{tape}: no live tape here, expected one to keep a stretch of: start just live first, or set data_dir")
    folders = {name: tape / "frames" / name for name in load(tape).partitions}
    if from_now:
        return {name: FrameReader(folder).end_row for name, folder in folders.items()}
    if last:
        return {name: row_at(folder, now_ns - length(last, "--last")) for name, folder in folders.items()}
    return dict.fromkeys(folders, 0)


def length(text: str, option: str) -> Duration:
    """Read a length of time.

    Raises:
        SettingError: it is none.
    """
    try:
        return Duration.parse(text)
    except ValueError as error:
        raise SettingError("command line", option, text, str(error)) from None


def new_target(to: str, name: str) -> Path:
    """Give the folder of the new session, empty of earlier attempts.

    Raises:
        SettingError: the name is no name of a folder.
        SessionError: there is a session of that name.
    """
    if not name or name != Path(name).name or name.startswith("."):
        raise SettingError("command line", "NAME", name, "the name of a folder, without / and no dot in front")
    target = Path(to) / name
    if target.exists():
        raise SessionError(f"{target}: is there already, expected a new name: choose another or remove it")
    shutil.rmtree(partial_folder(target), ignore_errors=True)
    return target


def _heard(info: PartitionInfo, folder: Path) -> PartitionInfo:
    """Name the channels that spoke. A live flow listens to posts whether there are any or not, so a replay of it must as well."""
    channels = set()
    for received_ns, payload in islice(newest_first(folder, TELEGRAM_FEED), POSTS_READ):
        try:
            channels.add(decode_one(payload, received_ns).channel)
        except ValueError:
            continue
    return msgspec.structs.replace(info, channels=tuple(sorted(channels)) or (TELEGRAM_FEED,))


def _stopping() -> threading.Event:
    """Give an event that ctrl+c and SIGTERM set."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = Arguments("record", __doc__)
    parser.add_argument("name", help="name of the new session")
    parser.add_argument("--to", default="recordings", help="folder it is made in (default: recordings)")
    stretch = parser.add_mutually_exclusive_group()
    stretch.add_argument("--last", default="", help="only the newest, e.g. 2h")
    stretch.add_argument("--from-now", action="store_true", help="what comes from now on, until ctrl+c")
    stretch.add_argument("--for", dest="for_", default="", help="what comes in that time from now on, e.g. 30m")
    parser.add_argument("--no-digests", action="store_true", help="leave the replay out: just verify SESSION --record makes up for it")
    given = parser.parse_args(arguments)
    with refusing_in_one_line():
        tape, target = Path(load_settings()[0].data_dir) / "tape", new_target(given.to, given.name)
        seconds = length(given.for_, "--for").seconds if given.for_ else None
        ahead = given.from_now or seconds is not None
        from_rows = first_rows(tape, given.last, ahead, time.time_ns())
        if ahead:
            print(f"{target}: recording, ends {f'in {given.for_}' if given.for_ else 'with ctrl+c'}", flush=True)
            follow(tape, target, from_rows, _stopping(), seconds)
        manifest = record(tape, target, from_rows)
        span_s = (manifest.end_ns - manifest.start_ns) / NANOSECONDS_PER_SECOND
        print(f"{target}: {sum(info.rows for info in manifest.files):,} frames of {span_s:,.0f} s kept")
    if not given.no_digests:
        verify.main([str(target), "--record"])


if __name__ == "__main__":
    main()
