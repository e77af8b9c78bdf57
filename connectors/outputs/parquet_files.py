"""Parquet files that are whole or not there, and whose bytes depend on nothing but their rows.

A file is written under a name that no `*.parquet` pattern matches and then moved into place, so a reader or a crash never meets
half a file. Rows lie in the order of their table (instant, then key), in row groups of a fixed size, with fixed encodings: equal
rows give equal files. The order by instant also lets files be joined and read through one row group at a time.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connectors.outputs.arrow_rows import latest, order_of, schema_of
from scoring.errors import ResourceError
from scoring.records import Table

ROW_GROUP: Final = 131_072
"""Rows per row group: part of what the bytes of a file depend on, so not a setting."""

PARTIAL: Final = ".partial"
"""How the name of a file ends that is still being written."""


def read(table: Table, path: Path) -> pa.Table:
    """Give the rows of a file.

    Raises:
        ResourceError: it cannot be read, or has other columns.
    """
    return pa.Table.from_batches(read_batches(table, path), schema=schema_of(table)).combine_chunks()


def read_batches(table: Table, path: Path) -> Iterator[pa.RecordBatch]:
    """Give the rows of a file, a row group at a time.

    Raises:
        ResourceError: it cannot be read, or has other columns.
    """
    expected = schema_of(table)
    with refusals(path, "read"), pq.ParquetFile(path) as file:
        if not file.schema_arrow.equals(expected):
            raise ResourceError(
                f"{path}: its columns are not those of {table.value} in this version: move the archive folder away and replay the recording"
            )
        yield from file.iter_batches(ROW_GROUP)


def write(table: Table, path: Path, rows: Iterable[pa.Table], *, sync: bool) -> None:
    """Put rows, given in order, into a file in one step.

    Raises:
        ResourceError: the disk refuses.
    """
    schema = schema_of(table)
    partial = path.with_name(f".{path.name}.{os.getpid()}{PARTIAL}")
    text = [field.name for field in schema if pa.types.is_string(field.type)]
    with refusals(path, "written"):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            # use_dictionary takes the columns that repeat themselves; the stubs know only its bool form.
            with pq.ParquetWriter(partial, schema, compression="zstd", compression_level=1, use_dictionary=text) as file:  # type: ignore[arg-type]
                for group in _row_groups(schema, rows):
                    file.write_table(group, row_group_size=ROW_GROUP)
            if sync:
                _sync(partial)
            os.replace(partial, path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        if sync:
            _sync(path.parent)


def merged(table: Table, older: Iterable[pa.RecordBatch], newer: pa.Table) -> Iterator[pa.Table]:
    """Upsert `newer` into `older`, both in order, holding a row group at a time: what comes out is in order, one row per key."""
    order = order_of(table)
    instant = order[0]
    held = schema_of(table).empty_table()
    for batch in older:
        held = pa.concat_tables([held, pa.Table.from_batches([batch])])
        # The rows at the last instant wait, because the next row group may hold more of them.
        last = held.column(instant)[-1]
        done = pc.less(held.column(instant), last)
        due = pc.less(newer.column(instant), last)
        yield latest(pa.concat_tables([held.filter(done), newer.filter(due)]), order)
        held, newer = held.filter(pc.invert(done)), newer.filter(pc.invert(due))
    yield latest(pa.concat_tables([held, newer]), order)


def read_all(table: Table, paths: Sequence[Path]) -> Iterator[pa.RecordBatch]:
    """Give the rows of several files, one after the other."""
    for path in paths:
        yield from read_batches(table, path)


@contextlib.contextmanager
def refusals(path: Path, done: str) -> Iterator[None]:
    """Turn what the system or the format says about a path into one line for an operator."""
    try:
        yield
    except pa.ArrowInvalid as error:
        raise ResourceError(f"{path}: not a whole Parquet file ({_line(error)}): move it away and replay the recording") from error
    except OSError as error:
        why = error.strerror or _line(error)
        raise ResourceError(f"{path}: cannot be {done}: {why}: check the folder, its permissions and the free space") from error


def _row_groups(schema: pa.Schema, rows: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Cut rows into row groups of the fixed size, however they come."""
    held = schema.empty_table()
    for piece in rows:
        held = pa.concat_tables([held, piece])
        while held.num_rows >= ROW_GROUP:
            yield held.slice(0, ROW_GROUP).combine_chunks()
            held = held.slice(ROW_GROUP)
    if held.num_rows:
        yield held.combine_chunks()


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _line(error: Exception) -> str:
    return str(error).partition("\n")[0]
