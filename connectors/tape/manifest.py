"""The manifest of a session: what is in the folder, who wrote it, and what a replay of it must give.

One JSON file, written whole or not at all, so that a crash leaves the old one. Sealed files never change, hence a file that has
been hashed once is not hashed again. A manifest is other people's data as often as our own: nothing in it is trusted to be a path
inside the folder until it has been looked at.
"""

from __future__ import annotations

import difflib
import enum
import hashlib
import os
import threading
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from scoring.errors import ResourceError, SessionError

FORMAT: Final = 1
"""The newest format this program reads, and the one it writes."""

MANIFEST: Final = "manifest.json"
USUAL_FOLDER: Final = "recordings"
"""Where sessions are looked for when there is none beside the one that was asked for."""
_HASH_BLOCK_BYTES: Final = 1 << 20
_NAMES_SHOWN: Final = 5
_REFRESH: Final = threading.Lock()


class Form(enum.StrEnum):
    """What the segments of a partition hold."""

    FRAMES = "frames"
    """Bytes as received."""
    COLUMNS = "columns"
    """Decoded batches."""


class PartitionInfo(msgspec.Struct, frozen=True):
    """One partition of the tape."""

    symbols: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    forms: tuple[Form, ...] = (Form.FRAMES,)
    """One, or both where frames have been compacted."""


class FileInfo(msgspec.Struct, frozen=True):
    """One sealed file."""

    path: str
    """Relative to the session, with `/`."""
    rows: int
    bytes: int
    sha256: str
    """Hexadecimal."""


class Manifest(msgspec.Struct, frozen=True):
    """What a session says of itself."""

    name: str
    program: str
    """Version of the program that wrote it."""
    created: str
    """ISO 8601, UTC."""
    format: int = FORMAT
    origin: str = ""
    """Where the data comes from."""
    licence: str = ""
    partitions: dict[str, PartitionInfo] = {}
    settings: dict[str, Any] = {}
    """The settings that shape results, as a plain JSON object."""
    start_ns: int = 0
    """First receive time; 0 while nothing is sealed."""
    end_ns: int = 0
    """Last receive time."""
    files: tuple[FileInfo, ...] = ()
    digests: dict[str, str] = {}
    """Result table to the digest of its rows, hexadecimal."""
    model: str | None = None
    """The sentiment model that made the digests."""


class _Version(msgspec.Struct):
    """The two fields every format has."""

    format: int
    program: str = "an unknown version"


def load(session: Path) -> Manifest:
    """Read the manifest of a session.

    Raises:
        SessionError: the folder or the manifest is missing, is not JSON, or is of a newer format.
    """
    path = session / MANIFEST
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        found = "has no manifest.json" if session.is_dir() else "is no folder"
        raise SessionError(f"{session}: {found}, expected a recorded session: {_nearest(session)}") from None
    except OSError as error:
        raise ResourceError(f"{path}: {error.strerror}, expected to read it: check its permissions") from error
    try:
        version = msgspec.json.decode(content, type=_Version)
        if version.format > FORMAT:
            raise SessionError(
                f"{path}: format {version.format}, written by Ghosttape {version.program}, expected at most {FORMAT}: update this program"
            )
        return msgspec.json.decode(content, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SessionError(f"{path}: {error}, expected the manifest of a session: restore the file or record again") from error


def save(session: Path, manifest: Manifest) -> None:
    """Write the manifest, whole or not at all.

    Raises:
        ResourceError: the folder cannot be written.
    """
    path = session / MANIFEST
    partial = path.with_suffix(".tmp")
    try:
        session.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise ResourceError(f"{path}: {error.strerror}, expected to write it: check the disk and its permissions") from error


def refresh(session: Path) -> Manifest:
    """Bring files and span of a stored manifest up to what is sealed in the folder, and give it."""
    with _REFRESH:
        manifest = load(session)
        files = describe_files(session, manifest.files)
        start_ns, end_ns = span(session)
        manifest = msgspec.structs.replace(manifest, files=files, start_ns=start_ns, end_ns=end_ns)
        save(session, manifest)
        return manifest


def describe_files(session: Path, known: Iterable[FileInfo] = ()) -> tuple[FileInfo, ...]:
    """Describe every sealed file, in order of its path; a `known` one of the same size is not hashed again.

    Raises:
        SessionError: a file is no whole Parquet.
    """
    hashed = {(info.path, info.bytes): info for info in known}
    described = []
    for path in _sealed(session):
        relative, size = path.relative_to(session).as_posix(), path.stat().st_size
        described.append(hashed.get((relative, size)) or FileInfo(relative, _metadata(path).num_rows, size, _sha256(path)))
    return tuple(described)


def verify_files(session: Path, manifest: Manifest) -> list[str]:
    """Compare every file with the manifest and give one line for each that differs; none means whole."""
    problems = []
    for info in manifest.files:
        path = session / info.path
        if PurePosixPath(info.path).is_absolute() or ".." in PurePosixPath(info.path).parts:
            problems.append(f"{info.path}: leads out of the session, expected a path inside it")
        elif not path.is_file():
            problems.append(f"{info.path}: missing, expected {info.bytes} bytes")
        elif path.stat().st_size != info.bytes:
            problems.append(f"{info.path}: {path.stat().st_size} bytes, expected {info.bytes}")
        elif (found := _sha256(path)) != info.sha256:
            problems.append(f"{info.path}: sha256 {found}, expected {info.sha256}")
    return problems


def span(session: Path) -> tuple[int, int]:
    """Give the first and the last receive time of all sealed files, (0, 0) where there is none."""
    firsts, lasts = [], []
    for path in _sealed(session):
        metadata = _metadata(path)
        names = metadata.schema.names
        if "received_ns" not in names:
            continue
        column = names.index("received_ns")
        for group in range(metadata.num_row_groups):
            statistics = metadata.row_group(group).column(column).statistics
            if statistics is not None and isinstance(statistics.min, int) and isinstance(statistics.max, int):
                firsts.append(statistics.min)
                lasts.append(statistics.max)
    return min(firsts, default=0), max(lasts, default=0)


def _sealed(session: Path) -> list[Path]:
    """List the sealed files; a folder that begins with a dot is one that is still being made."""
    return sorted(path for form in Form for path in (session / form).glob("[!.]*/*.parquet") if path.is_file())


def _metadata(path: Path) -> pq.FileMetaData:
    try:
        return pq.read_metadata(path)
    except (pa.ArrowException, OSError) as error:
        raise SessionError(f"{path}: {str(error).splitlines()[0]}, expected whole Parquet: restore the file") from error


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_HASH_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _nearest(session: Path) -> str:
    parent = session.absolute().parent
    names = sorted(path.parent.name for path in parent.glob(f"*/{MANIFEST}"))
    if not names:
        parent /= USUAL_FOLDER
        names = sorted(f"{USUAL_FOLDER}/{path.parent.name}" for path in parent.glob(f"*/{MANIFEST}"))
    near = difflib.get_close_matches(session.name, names, n=_NAMES_SHOWN, cutoff=0.0)
    return f"choose one of {', '.join(near)}" if near else f"there is none in {session.absolute().parent}, record one first"
