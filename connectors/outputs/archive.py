"""The archive: every final row as Parquet, readable at any moment, the same files to the byte however a run went.

`<data_dir>/archive/<table>/date=YYYY-MM-DD/HHMM-HHMM.parquet`, one file per span of the column that dates a row, cut and named by
`spans`, written by `parquet_files`. A write upserts: it merges its rows by key into the file of their span and puts a new file in
its place. The spans written last are kept in memory, so that the open one is not read back each time; whether memory still is what
the disk says is checked on every write, so several flows (each on its shard) and the upkeep may share an archive: a lock file
gives each its turn. A row's key fixes its instant, hence its file.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa

from connectors.outputs import parquet_files, spans
from connectors.outputs.arrow_rows import by_table, latest, order_of, to_arrow, to_columns
from connectors.outputs.outbox import OutboxSettings, OutboxSink
from scoring.digest import DigestResult, TableDigest
from scoring.duration import Duration
from scoring.errors import SettingError
from scoring.records import Rows, Table

if sys.platform != "win32":
    import fcntl

LOCK: Final = ".lock"
"""The file in the archive's folder that whoever changes it holds."""


class ArchiveSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where and how Parquet is written."""

    data_dir: str = ""
    """The archive is the folder `archive` in it; empty: the program's `data_dir`. Replays keep to a folder of their own."""
    file_span: Duration = Duration.parse("15m")
    """Event time per file: 1m, 5m, 15m, 1h, 6h or 1d. The open file is rewritten at every flush, so longer means more writing."""
    open_spans: int = 4
    """Spans per table kept in memory, those written last."""
    sync: bool = True
    """Wait until the disk has a file before calling it durable: survives a loss of power, not just of the process."""
    outbox: OutboxSettings = OutboxSettings(flush_interval=Duration.parse("2s"))
    """How rows are gathered."""

    def __post_init__(self) -> None:
        """Refuse a span that is not on the ladder."""
        if self.file_span not in spans.WIDTHS:
            raise SettingError("archive", "file_span", str(self.file_span), "one of " + ", ".join(map(str, spans.WIDTHS)))


class Archive:
    """A `Writer` of Parquet files."""

    def __init__(self, settings: ArchiveSettings) -> None:
        """Make the folder and clear away what a crash left half written.

        Raises:
            ResourceError: the disk refuses.
        """
        self._settings = settings
        self._root = folder_of(settings.data_dir)
        self._held: dict[Table, dict[spans.Span, tuple[tuple[int, ...], pa.Table]]] = {}
        with parquet_files.refusals(self._root, "written"):
            self._root.mkdir(parents=True, exist_ok=True)
            with locked(self._root):
                for partial in self._root.glob(f"*/date=*/.*{parquet_files.PARTIAL}"):
                    partial.unlink()

    def write(self, rows: list[Rows]) -> None:
        """Upsert rows by key; the files are whole and in place on return."""
        with locked(self._root):
            for table, pieces in by_table(rows).items():
                fresh = latest(to_arrow(table, pieces), order_of(table))
                for span, part in self._cut(table, fresh):
                    self._upsert(table, span, part)

    def close(self) -> None:
        """Forget what is held; everything is on disk already."""
        self._held.clear()

    def _cut(self, table: Table, rows: pa.Table) -> Iterator[tuple[spans.Span, pa.Table]]:
        """Cut rows, in order, where their spans change."""
        width = self._settings.file_span
        instants = rows.column(order_of(table)[0]).cast(pa.int64()).to_numpy()
        places = instants // (width // spans.NANOSECONDS_PER_MINUTE * spans.MICROSECONDS_PER_MINUTE)
        starts = [0, *(np.flatnonzero(np.diff(places)) + 1).tolist()]
        for start, stop in zip(starts, [*starts[1:], len(places)], strict=True):
            yield spans.span_of(int(places[start]), width), rows.slice(start, stop - start)

    def _upsert(self, table: Table, span: spans.Span, rows: pa.Table) -> None:
        folder = self._root / table.value
        existing = spans.spans_in(folder, span.day)
        home = next((other for other in spans.outermost(existing) if other.covers(span)), span)
        inside = [other for other in existing if home.covers(other)]
        path = folder / home.file
        if home == span and (home in existing or not inside):
            held = self._read_own(table, span, path) if home in existing else None
            whole = rows if held is None else latest(pa.concat_tables([held, rows]), order_of(table))
            parquet_files.write(table, path, [whole], sync=self._settings.sync)
            self._hold(table, span, path, whole)
        else:
            # A compacted day, or files of a narrower setting: joined a row group at a time, and not kept in memory.
            sources = [home] if home in existing else spans.outermost(inside)
            older = parquet_files.read_all(table, [folder / source.file for source in sources])
            parquet_files.write(table, path, parquet_files.merged(table, older, rows), sync=self._settings.sync)
        remove(folder, inside)

    def _read_own(self, table: Table, span: spans.Span, path: Path) -> pa.Table:
        with parquet_files.refusals(path, "read"):
            if (known := self._held.get(table, {}).get(span)) and known[0] == _identity(path):
                return known[1]
        return parquet_files.read(table, path)

    def _hold(self, table: Table, span: spans.Span, path: Path, rows: pa.Table) -> None:
        held = self._held.setdefault(table, {})
        held.pop(span, None)
        held[span] = (_identity(path), rows.combine_chunks())
        while len(held) > self._settings.open_spans:
            del held[next(iter(held))]


def archive_sink(settings: ArchiveSettings) -> OutboxSink:
    """Give the archive as an output of a flow."""
    return OutboxSink(lambda: Archive(settings), settings.outbox)


def digests(data_dir: str | Path) -> dict[Table, DigestResult]:
    """Digest every table of an archive, holding a row group at a time; tables without a file are left out.

    Files lie in the order of their instants and rows in a file in the order of instant and key, which is the order a digest is
    defined in: how wide the files are does not matter.
    """
    results = {}
    for table in Table:
        folder = folder_of(data_dir) / table.value
        if files := files_of(folder):
            digest = TableDigest(table)
            for batch in parquet_files.read_all(table, files):
                digest.update(to_columns(batch))
            results[table] = digest.result()
    return results


def folder_of(data_dir: str | Path) -> Path:
    """Give the archive's folder."""
    return Path(data_dir) / "archive"


def files_of(folder: Path) -> list[Path]:
    """Give the files of a table in the order of time, without left-overs."""
    return [folder / span.file for day in spans.days_in(folder) for span in spans.outermost(spans.spans_in(folder, day))]


def remove(folder: Path, superseded: list[spans.Span]) -> None:
    """Delete files whose rows are in a wider one."""
    for span in superseded:
        path = folder / span.file
        with parquet_files.refusals(path, "deleted"):
            path.unlink()


@contextlib.contextmanager
def locked(root: Path) -> Iterator[None]:
    """Wait for the turn to change an archive. Where the system has no such lock, an archive takes one writer at a time."""
    path = root / LOCK
    with parquet_files.refusals(path, "written"):
        file = path.open("ab")
    with file:
        if sys.platform != "win32":
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _identity(path: Path) -> tuple[int, ...]:
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns
