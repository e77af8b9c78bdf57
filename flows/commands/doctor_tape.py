"""Is what earlier runs left whole, and does another program hold it: the live tape, the recovery store, archive and warehouse.

Everything is opened for reading and nothing is repaired: an open segment that a crash left behind is sealed by the next start, and
says so here. Who writes to a tape is read from the system's list of open files, where it has one.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import quote

import duckdb
import pyarrow as pa

from connectors.outputs.archive import LOCK, folder_of
from connectors.outputs.warehouse import MOTHERDUCK, first_line, is_held, schema_version
from connectors.tape.frames import segments
from connectors.tape.manifest import MANIFEST, load
from connectors.tape.newest import end_ns
from connectors.tape.reader import FrameReader
from flows.commands.doctor_checks import Finding, failed, warning, well
from flows.feeds import LIVE_PARTITION
from scoring.duration import moment
from scoring.errors import SessionError

_OPEN_FILES: Final = Path("/proc")
_WRITING: Final = os.O_WRONLY | os.O_RDWR


def tape(session: Path) -> Iterator[Finding]:
    """Read the manifest and the end of the tape, and look who else writes to it."""
    folder = session / "frames" / LIVE_PARTITION
    if not (session / MANIFEST).exists() and not segments(folder):
        yield well("tape", f"none in {session} yet: the first start begins one")
        return
    manifest = load(session)
    missing = [info.path for info in manifest.files if not (session / info.path).is_file()]
    if missing:
        found = f"{len(missing)} of {len(manifest.files)} files that {session / MANIFEST} names are missing, first {missing[0]}"
        yield warning("tape", found, "restore them, if somebody moved them away; what is left can be read")
    yield _end_of_tape(folder)
    writers = [process for process in writers_of(folder) if process != os.getpid()]
    if writers:
        found = f"process {', '.join(map(str, writers))} is writing to {folder}"
        yield warning("recorder", found, "start no second flow on this data_dir while it runs: two would garble the tape")


def _end_of_tape(folder: Path) -> Finding:
    held = segments(folder)
    if not held:
        return well("tape", f"{folder} holds no frames yet")
    reader = FrameReader(folder)
    try:
        first, end = reader.first_row, reader.end_row
        if end > first and reader.read(end - 1, 1) is None:
            raise SessionError(f"{held[-1].sealed_path}: its last frame cannot be read, expected whole frames: restore the file")
        newest_ns = end_ns(folder)
    except (pa.ArrowException, OSError) as error:
        return failed("tape", f"{folder}: the last segment is broken ({first_line(error)})", "restore the file, or move it away")
    finally:
        reader.close()
    at = f", sealed up to {moment(newest_ns):%Y-%m-%d %H:%M:%S} UTC" if newest_ns else ""
    state = "one still open: the flow that runs, or the next start, seals it" if held[-1].is_open else "the last one sealed"
    return well("tape", f"{end - first:,} frames in {len(held)} segments{at}, {state}")


def writers_of(folder: Path, processes: Path = _OPEN_FILES) -> list[int]:
    """Name the processes that have a file of a folder open for writing; none where the system does not say."""
    found, below = [], f"{folder.absolute()}/"
    for process in processes.glob("[0-9]*"):
        if any(_writes(process, descriptor, below) for descriptor in _names_in(process / "fd")):
            found.append(int(process.name))
    return sorted(found)


def _names_in(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []  # it has ended, or belongs to somebody else


def _writes(process: Path, descriptor: str, below: str) -> bool:
    try:
        if not os.readlink(process / "fd" / descriptor).startswith(below):
            return False
        flags = (process / "fdinfo" / descriptor).read_text().partition("flags:")[2].split()[0]
    except (OSError, IndexError):
        return False  # closed meanwhile
    return bool(int(flags, 8) & _WRITING)


def recovery(folder: Path, session: Path) -> Iterator[Finding]:
    """Read the store that a restart goes on from."""
    if not folder.exists():
        yield well("recovery", "no store yet: the first start begins one")
        return
    parts = sorted(folder.glob("part-*.sqlite3"))
    if not parts:
        yield failed("recovery", f"{folder} holds no store", "move the folder away: the flow then reads the tape from its beginning")
        return
    todo = f"move {folder} away: the flow then reads the tape from its beginning, and stores the same rows again"
    try:
        runs = sum(_runs_in(part) for part in parts)
    except sqlite3.Error as error:
        yield failed("recovery", f"{folder}: {error}", todo)
        return
    if runs and not segments(session / "frames" / LIVE_PARTITION):
        yield failed("recovery", f"{folder} knows of {runs} runs, but the tape they read is gone", f"restore {session}, or {todo}")
        return
    yield well("recovery", f"{runs} runs so far; a restart goes on after the last")


def _runs_in(part: Path) -> int:
    """Count what a store knows, after looking whether it is whole. A store that nobody has open is not touched by that."""
    in_use = part.with_name(f"{part.name}-wal").exists()
    address = f"file:{quote(str(part.absolute()))}?mode=ro" + ("" if in_use else "&immutable=1")
    with closing(sqlite3.connect(address, uri=True, timeout=1.0)) as store:
        said = str(store.execute("PRAGMA quick_check(1)").fetchone()[0])
        if said != "ok":
            raise sqlite3.DatabaseError(said.partition("\n")[0])
        return int(store.execute("SELECT count(*) FROM exs").fetchone()[0])


def archive(data_dir: Path) -> Iterator[Finding]:
    """Look whether another program is changing the archive."""
    lock = folder_of(data_dir) / LOCK
    if not lock.exists():
        yield well("archive", f"none in {lock.parent} yet: the first start begins one")
        return
    import fcntl

    with lock.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            yield well("archive", f"{lock.parent} is being written just now")
            return
    yield well("archive", f"{lock.parent} is free to be written")


def warehouse(path: str) -> Iterator[Finding]:
    """Open the warehouse for reading, and compare the shape of its tables."""
    if path.startswith(MOTHERDUCK):
        yield well("warehouse", f"{path.partition('?')[0]}: not looked into, MotherDuck is asked at the start")
        return
    if not Path(path).exists():
        yield well("warehouse", f"{path} is made at the first start")
        return
    try:
        with closing(duckdb.connect(path, read_only=True)) as engine:
            engine.execute("SET python_enable_replacements = false")  # else a missing table is looked for among our own names
            rows = engine.execute("SELECT version FROM schema_version").fetchall()
    except duckdb.CatalogException:
        yield failed("warehouse", f"{path} holds no tables of this program", "set warehouse.path to another file")
        return
    except duckdb.Error as error:
        if is_held(error):
            found = f"{path} is held by another program ({first_line(error)})"
            yield warning("warehouse", found, "close it, if it is not the flow: rows wait until then, and a start is refused")
        else:
            yield failed("warehouse", f"{path}: {first_line(error)}", "move the file away: archive and tape hold every row")
        return
    versions = ", ".join(str(version) for (version,) in rows)
    if versions != schema_version():
        found = f"{path}: its tables have schema {versions or 'none'}, this program's have {schema_version()}"
        yield failed("warehouse", found, "move the file away: archive and tape hold every row")
        return
    yield well("warehouse", f"{path}, schema {versions}")
