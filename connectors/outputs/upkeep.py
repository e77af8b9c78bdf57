"""Upkeep of an archive: old days go, the many small files of past days become one.

Both may run while a flow writes, may be stopped at any point, and may run again: a day is compacted by putting its whole file in
place before the small ones are deleted, and small files beside a whole one count as deleted everywhere (see `spans`). A revision
that comes later finds the whole file and lands in it.
"""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pyarrow as pa

from connectors.outputs import parquet_files, spans
from connectors.outputs.archive import folder_of, locked, remove
from scoring.records import Table


def retain(data_dir: str | Path, before_ns: int) -> list[Path]:
    """Delete the days that ended at or before an instant and name their folders.

    Raises:
        ResourceError: the disk refuses.
    """
    gone = []
    for folder, day in _past_days(data_dir, before_ns):
        path = folder / f"date={day}"
        with locked(folder_of(data_dir)), parquet_files.refusals(path, "deleted"):
            shutil.rmtree(path)
        gone.append(path)
    return gone


def compact(data_dir: str | Path, before_ns: int, *, sync: bool = True) -> list[Path]:
    """Join the files of each day that ended at or before an instant into one, and name those made.

    Raises:
        ResourceError: the disk refuses.
    """
    made = []
    for folder, day in _past_days(data_dir, before_ns):
        with locked(folder_of(data_dir)):
            whole = spans.whole_day(day)
            existing = spans.spans_in(folder, day)
            if existing and whole not in existing:
                made.append(_join(folder, whole, existing, sync=sync))
            remove(folder, [span for span in existing if whole.covers(span)])
    return made


def _join(folder: Path, whole: spans.Span, existing: list[spans.Span], *, sync: bool) -> Path:
    table = Table(folder.name)
    path = folder / whole.file
    batches = parquet_files.read_all(table, [folder / span.file for span in spans.outermost(existing)])
    parquet_files.write(table, path, (pa.Table.from_batches([batch]) for batch in batches), sync=sync)
    return path


def _past_days(data_dir: str | Path, before_ns: int) -> list[tuple[Path, dt.date]]:
    root = folder_of(data_dir)
    tables = [root / table.value for table in Table]
    return [(folder, day) for folder in tables for day in spans.days_in(folder) if day < spans.day_of(before_ns)]
