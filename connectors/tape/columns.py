"""Columns: a tape of decoded batches, as one Parquet file per kind, which any tool that reads Parquet can query.

A chunk is what was decoded at once: gaps first, then batches in order, then the recorder's clock. Each batch is one row group of
its kind's file, and a small index says which row groups make a chunk, so a reader holds one chunk at a time and hands arrays on
as they come out of Parquet. Numbers are split by byte and packed with LZ4: measured on trades, quotes and depth, that reads faster
than zstd, delta or plain, and takes half the space of plain. The index is written last: a folder without one is not
a tape.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from scoring.errors import ResourceError, SessionError
from scoring.records import KINDS, Batch, Column, Gap, Kind, columns_of, to_columns

INDEX: Final = "index.parquet"

_STORAGE: Final[Mapping[type, pa.DataType]] = {
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
    str: pa.large_string(),
    bytes: pa.large_binary(),
}
_SYMBOL: Final[pa.Field[pa.DataType]] = pa.field("symbol", pa.dictionary(pa.int32(), pa.string()), nullable=False)
_INDEX_TYPES: Final[Mapping[str, pa.DataType]] = {
    "chunk": pa.int64(),
    "clock_ns": pa.int64(),
    "kind": pa.string(),
    "symbol": pa.string(),
    "row_group": pa.int64(),
}
_INDEX_SCHEMA: Final = pa.schema(_INDEX_TYPES)
"""One row per batch in order, or one row without a kind for a chunk without one."""


class ColumnWriter:
    """Writes a new partition of columns; leaving it by an error leaves no tape."""

    def __init__(self, folder: Path) -> None:
        """Begin in an empty or missing folder.

        Raises:
            SessionError: it holds columns already.
            ResourceError: it cannot be made.
        """
        if (folder / INDEX).exists():
            raise SessionError(f"{folder}: holds columns already, expected an empty folder: remove it or choose another")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _refused(folder, error) from error
        self._folder = folder
        self._files: dict[Kind, pq.ParquetWriter] = {}
        self._groups: dict[Kind, int] = {}
        self._chunk = 0
        self._index: dict[str, list[int | str | None]] = {name: [] for name in _INDEX_SCHEMA.names}

    def write(self, items: Sequence[Batch | Gap], clock_ns: int) -> None:
        """Write one chunk: gaps first, then batches; a batch without rows is left out. `clock_ns` is the last receive time in it.

        Raises:
            ResourceError: the disk refuses.
        """
        gaps = [item for item in items if isinstance(item, Gap)]
        batches = [item for item in items if isinstance(item, Batch) and len(item)]
        if gaps:
            batches.insert(0, Batch(Kind.GAP, "", to_columns(Gap, gaps)))
        for batch in batches:
            self._note(clock_ns, batch.kind, batch.symbol, self._groups.get(batch.kind, 0))
            try:
                self._file(batch.kind).write_batch(_to_arrow(batch), row_group_size=len(batch))
            except OSError as error:
                raise _refused(self._folder, error) from error
            self._groups[batch.kind] = self._groups.get(batch.kind, 0) + 1
        if not batches:
            self._note(clock_ns, None, None, None)
        self._chunk += 1

    def close(self) -> None:
        """End the files and write the index.

        Raises:
            ResourceError: the disk refuses.
        """
        try:
            self._close_files()
            partial = self._folder / "index.tmp"
            pq.write_table(pa.table(self._index, schema=_INDEX_SCHEMA), partial, compression="zstd")
            partial.replace(self._folder / INDEX)
        except OSError as error:
            raise _refused(self._folder, error) from error

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close; after an error without an index."""
        if kind is None:
            self.close()
        else:
            self._close_files()

    def _note(self, clock_ns: int, kind: Kind | None, symbol: str | None, row_group: int | None) -> None:
        values = (self._chunk, clock_ns, kind and kind.value, symbol, row_group)
        for name, value in zip(_INDEX_SCHEMA.names, values, strict=True):
            self._index[name].append(value)

    def _file(self, kind: Kind) -> pq.ParquetWriter:
        if kind not in self._files:
            schema = schema_of(kind)
            self._files[kind] = pq.ParquetWriter(
                self._folder / f"{kind}.parquet",
                schema,
                compression="lz4",
                use_dictionary=["symbol"],  # type: ignore[arg-type]  # a list of columns, which the stubs do not know
                column_encoding={field.name: "BYTE_STREAM_SPLIT" for field in schema if field.type in (pa.int64(), pa.float64())},
                write_statistics=[name for name in ("received_ns", "event_ns") if name in schema.names],
            )
        return self._files[kind]

    def _close_files(self) -> None:
        for file in self._files.values():
            file.close()
        self._files = {}


class ColumnReader:
    """Reads a partition of columns by chunk. Not for several threads at once."""

    def __init__(self, folder: Path) -> None:
        """Read the index.

        Raises:
            SessionError: there is none, or it is broken.
        """
        self._folder = folder
        try:
            index = pq.read_table(folder / INDEX, schema=_INDEX_SCHEMA)
        except FileNotFoundError:
            raise SessionError(f"{folder}: has no index, expected columns written to their end: compact the session again") from None
        except (pa.ArrowException, OSError) as error:
            raise _broken(folder / INDEX, error) from error
        self._clock_ns: list[int] = []
        self._parts: list[list[_Part]] = []
        for chunk, clock_ns, kind, symbol, row_group in zip(*(column.to_pylist() for column in index.columns), strict=True):
            if chunk == len(self._parts):
                self._parts.append([])
                self._clock_ns.append(clock_ns)
            if kind is not None:
                self._parts[chunk].append(_Part(Kind(kind), symbol, row_group))
        self._files: dict[Kind, pq.ParquetFile] = {}

    @property
    def chunks(self) -> int:
        """Count the chunks."""
        return len(self._parts)

    def read(self, chunk: int) -> tuple[list[Batch | Gap], int]:
        """Give the gaps and batches of a chunk in order, and its clock.

        Raises:
            SessionError: a file is missing or broken.
        """
        items: list[Batch | Gap] = []
        for part in self._parts[chunk]:
            columns = self._columns(part)
            if part.kind is Kind.GAP and not part.symbol:
                items.extend(Gap(*values) for values in zip(*(column.tolist() for column in columns.values()), strict=True))
            else:
                items.append(Batch(part.kind, part.symbol, columns))
        return items, self._clock_ns[chunk]

    def close(self) -> None:
        """Let go of the files."""
        for file in self._files.values():
            file.close()
        self._files = {}

    def _columns(self, part: _Part) -> dict[str, Column]:
        path = self._folder / f"{part.kind}.parquet"
        try:
            if part.kind not in self._files:
                self._files[part.kind] = pq.ParquetFile(path, memory_map=True)
            table = self._files[part.kind].read_row_group(part.row_group, columns=names_of(part.kind), use_threads=False)
        except (pa.ArrowException, OSError) as error:
            raise _broken(path, error) from error
        return {name: column.to_numpy() for name, column in zip(table.column_names, table.columns, strict=True)}


class _Part(msgspec.Struct, frozen=True):
    """Where one batch of a chunk lies."""

    kind: Kind
    symbol: str
    row_group: int


@functools.cache
def schema_of(kind: Kind) -> pa.Schema:
    """Give the columns of a kind's file: those of its Struct, and the symbol where the Struct has none."""
    fields = [pa.field(name, _STORAGE[type_], nullable=False) for name, type_ in columns_of(KINDS[kind]).items()]
    return pa.schema(fields if "symbol" in names_of(kind) else [*fields, _SYMBOL])


@functools.cache
def names_of(kind: Kind) -> list[str]:
    """Name the columns of a kind's batches."""
    return list(columns_of(KINDS[kind]))


def _to_arrow(batch: Batch) -> pa.RecordBatch:
    schema = schema_of(batch.kind)
    arrays: list[pa.Array[Any]] = [pa.array(batch[name], schema.field(name).type) for name in names_of(batch.kind)]
    if len(arrays) < len(schema):
        arrays.append(pa.DictionaryArray.from_arrays(np.zeros(len(batch), np.int32), pa.array([batch.symbol], pa.string())))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _broken(path: Path, error: Exception) -> SessionError:
    return SessionError(f"{path}: {str(error).splitlines()[0]}, expected whole Parquet: restore the file or compact the session again")


def _refused(folder: Path, error: OSError) -> ResourceError:
    return ResourceError(f"{folder}: {error.strerror or error}, expected to write columns: check the disk and its permissions")
