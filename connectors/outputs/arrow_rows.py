"""Result rows as Arrow tables: what the archive and the warehouse both store, declared by `records.TABLES` alone.

Columns have their stored names. Instants become UTC microseconds. A NaN becomes NULL, and so does an instant of 0 (not known)
outside the columns that date and identify a row. Numbers go over as whole columns; only text costs Python time per row.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scoring.digest import NANOSECONDS_PER_MICROSECOND, canonical_order, encode_text
from scoring.records import TABLES, Column, Rows, Table, columns_of, stored_name

Stored: TypeAlias = "pa.Array[Any]"
"""A column as Arrow."""

INSTANT: Final = pa.timestamp("us", "UTC")
"""How an instant is stored."""

_TYPES: Final[dict[type, pa.DataType]] = {
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
    str: pa.string(),
    bytes: pa.binary(),
}


@functools.cache
def schema_of(table: Table) -> pa.Schema:
    """Give the stored columns of a table."""
    fields = []
    for name, kind in columns_of(TABLES[table].row).items():
        stored = INSTANT if name.endswith("_ns") else _TYPES[kind]
        fields.append(pa.field(stored_name(name), stored, nullable=kind is float or _optional(table, name)))
    return pa.schema(fields)


def key_of(table: Table) -> list[str]:
    """Name the stored columns of a table's key."""
    return [stored_name(name) for name in TABLES[table].key]


def order_of(table: Table) -> list[str]:
    """Name the stored columns that order a table: instant, then key."""
    return [stored_name(name) for name in canonical_order(table)]


def by_table(rows: Iterable[Rows]) -> dict[Table, list[Rows]]:
    """Sort pieces by the table they belong to, keeping their order."""
    groups: dict[Table, list[Rows]] = {}
    for piece in rows:
        groups.setdefault(piece.table, []).append(piece)
    return groups


def to_arrow(table: Table, rows: Sequence[Rows]) -> pa.Table:
    """Put pieces of one table behind one another."""
    arrays = []
    for name, kind in _kinds_of(table).items():
        column = np.concatenate([piece.columns[name] for piece in rows])
        arrays.append(_array(column, kind, is_instant=name.endswith("_ns"), optional=_optional(table, name)))
    return pa.Table.from_arrays(arrays, schema=schema_of(table))


def latest(rows: pa.Table, order: Sequence[str]) -> pa.Table:
    """Sort rows by the columns `order`; of rows that agree in all of them the last given is kept."""
    rows = rows.combine_chunks()
    if rows.num_rows < 2:
        return rows
    places = pc.sort_indices(rows, sort_keys=[(name, "ascending") for name in order]).to_numpy()
    keys = rows.select(list(order))
    if not np.array_equal(places, np.arange(len(places))):
        keys = keys.take(pa.array(places))
    differs = np.zeros(len(places), np.bool_)
    differs[-1] = True
    for column in keys.columns:
        differs[:-1] |= pc.not_equal(column.slice(1), column.slice(0, len(places) - 1)).to_numpy()
    places = places[differs]
    if np.array_equal(places, np.arange(rows.num_rows)):
        return rows
    return rows.take(pa.array(places)).combine_chunks()


def to_columns(rows: pa.Table | pa.RecordBatch) -> dict[str, Column]:
    """Give stored rows as columns with their stored names: instants as int64 µs (0 for NULL), floats with NaN for NULL."""
    columns: dict[str, Column] = {}
    for field in rows.schema:
        column: Any = rows.column(field.name)  # the stubs disagree on what a table's and a batch's columns can do
        if field.type == INSTANT:
            column = column.cast(pa.int64()).fill_null(0)
        # Floats need no filling: Arrow hands a NULL among them to numpy as NaN.
        columns[field.name] = column.to_numpy() if isinstance(column, pa.ChunkedArray) else column.to_numpy(zero_copy_only=False)
    return columns


@functools.cache
def _kinds_of(table: Table) -> Mapping[str, type]:
    return columns_of(TABLES[table].row)


def _optional(table: Table, name: str) -> bool:
    spec = TABLES[table]
    return name.endswith("_ns") and name not in spec.key and name != spec.instant


def _array(column: Column, kind: type, *, is_instant: bool, optional: bool) -> Stored:
    if is_instant:
        unknown = column == 0 if optional else None
        stored: Stored = pa.array(column // NANOSECONDS_PER_MICROSECOND, mask=unknown).cast(INSTANT)
        return stored
    if kind is float:
        return pa.array(column, mask=np.isnan(column))
    if kind is str:
        return _text(column)
    return pa.array(column, type=_TYPES[kind])


def _text(column: Column) -> Stored:
    try:
        return pa.array(column, type=pa.string())
    except UnicodeEncodeError:  # a lone surrogate, which UTF-8 cannot carry
        return pa.array([encode_text(text) for text in column], type=pa.binary()).cast(pa.string())
