"""One digest per result table: the proof that two runs said the same, to the last bit.

A digest covers the final rows of a table ordered by their instant, then by their key, as storage holds them: instants are whole
microseconds there. It is taken per column, so that it costs a few nanoseconds a value and cannot depend on how the rows were cut
into chunks: int64 and float64 as little-endian bits, bool as one byte, str (UTF-8) and bytes as one stream of lengths and one of
content, each through BLAKE2b; the digest of the table covers the names, types and digests of its columns and the count of rows.
Every NaN is the same NaN, since storage has one NULL. The sign of a zero is kept, because storage keeps it too: states must agree
on it. Text that UTF-8 cannot carry (a lone surrogate) counts as `?`, as it is stored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

import msgspec
import numpy as np

from scoring.records import TABLES, Column, Table, columns_of, stored_name

NANOSECONDS_PER_MICROSECOND: Final = 1_000
"""Storage keeps instants in microseconds."""

_DIGEST_BYTES: Final = 16


class DigestResult(msgspec.Struct, frozen=True):
    """What a table's rows come to."""

    rows: int
    """How many."""
    hex: str
    """BLAKE2b of their canonical encoding, 32 hexadecimal digits."""


def encode_text(text: str) -> bytes:
    """Give the UTF-8 that storage and digest hold of a text."""
    return text.encode("utf-8", "replace")


def canonical_order(table: Table) -> tuple[str, ...]:
    """Name the columns that order a table: its instant, then its key.

    >>> canonical_order(Table.SPREAD_METRICS)
    ('window_end_ns', 'symbol', 'window_start_ns')
    """
    spec = TABLES[table]
    return (spec.instant, *(name for name in spec.key if name != spec.instant))


class TableDigest:
    """The digest of one table, fed with columns in canonical order, chunk by chunk."""

    def __init__(self, table: Table) -> None:
        """Start without a row."""
        self._table = table
        self._columns = columns_of(TABLES[table].row)
        self._hashes = {name: (_blake(), _blake()) for name in self._columns}
        self._rows = 0

    def update(self, columns: Mapping[str, Column]) -> None:
        """Take the next rows.

        Columns have the names of the record (instants int64 ns) or of storage (instants int64 µs, 0 for NULL; NaN for NULL).
        """
        count = 0
        for name, kind in self._columns.items():
            recorded = name in columns
            column = columns[name if recorded else stored_name(name)]
            if recorded and name.endswith("_ns"):
                column = column // NANOSECONDS_PER_MICROSECOND
            sizes, content = _encode(column, kind)
            self._hashes[name][0].update(sizes)
            self._hashes[name][1].update(content)
            count = len(column)
        self._rows += count

    def result(self) -> DigestResult:
        """Give the digest of the rows so far."""
        whole = _blake(f"{self._table.value} {self._rows}\n".encode())
        for name, kind in self._columns.items():
            sizes, content = self._hashes[name]
            whole.update(f"{stored_name(name)} {kind.__name__} {sizes.hexdigest()} {content.hexdigest()}\n".encode())
        return DigestResult(self._rows, whole.hexdigest())


def digest(table: Table, columns: Mapping[str, Column]) -> DigestResult:
    """Digest rows held in memory, in any order; of rows with the same key the last one counts.

    Columns have the names of the record. Meant for thousands of rows: it goes over them one by one.
    """
    order = [_key(name, columns[name]) for name in canonical_order(table)]
    last = {key: row for row, key in enumerate(zip(*order, strict=True))}
    rows = np.array([last[key] for key in sorted(last)], np.int64)
    result = TableDigest(table)
    result.update({name: column[rows] for name, column in columns.items()})
    return result.result()


def _blake(start: bytes = b"") -> hashlib.blake2b:
    return hashlib.blake2b(start, digest_size=_DIGEST_BYTES)


def _key(name: str, column: Column) -> list[bytes | int]:
    """Give values that compare as storage compares them."""
    if name.endswith("_ns"):
        column = column // NANOSECONDS_PER_MICROSECOND
    return [encode_text(value) if isinstance(value, str) else value for value in column.tolist()]


def _encode(column: Column, kind: type) -> tuple[bytes, bytes]:
    """Give the sizes (for str and bytes) and the content of a column."""
    if kind is float:
        return b"", np.where(np.isnan(column), np.nan, column).astype("<f8").tobytes()
    if kind is int:
        return b"", column.astype("<i8").tobytes()
    if kind is bool:
        return b"", column.astype("u1").tobytes()
    values = column.tolist() if kind is bytes else [encode_text(text) for text in column.tolist()]
    return np.fromiter(map(len, values), "<i8", len(values)).tobytes(), b"".join(values)
