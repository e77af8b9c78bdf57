"""The warehouse: every final row in one DuckDB file, a table each, with natural primary keys.

The file is attached for a write and detached after it, so that other programs can read it while the flow runs. (Attaching to an
engine that lives on costs 1 ms where opening a new one costs 18; but an engine keeps 6 to 70 kB of every write until it is closed,
up to 180 MB an hour, so it is not left to live for long.) A program that holds the file delays a write and loses nothing:
the rows stay in the outbox. Rows are upserted as Arrow tables, all tables of a write in one transaction. `md:name` is MotherDuck
instead of a file, and stays attached.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import duckdb
import msgspec
import pyarrow as pa

from connectors.outputs.arrow_rows import INSTANT, by_table, key_of, latest, schema_of, to_arrow
from connectors.outputs.outbox import Held, OutboxSettings, OutboxSink
from scoring.errors import ResourceError
from scoring.records import Rows, Table

MOTHERDUCK: Final = "md:"
"""How names of MotherDuck databases begin."""
RENEW_AFTER: Final = 64
"""Writes after which the engine is replaced: at most some 5 MB of memory, and a per cent of the writing time."""

_TYPES: Final = {
    INSTANT: "TIMESTAMPTZ",
    pa.int64(): "BIGINT",
    pa.float64(): "DOUBLE",
    pa.bool_(): "BOOLEAN",
    pa.string(): "VARCHAR",
    pa.binary(): "BLOB",
}


class WarehouseSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where DuckDB is written."""

    path: str = ""
    """The file, or `md:name` for MotherDuck; empty: `warehouse.duckdb` in the program's `data_dir`. Replays keep to a file of their own."""
    threads: int = 1
    """Of DuckDB. Two take 10 to 40 % more processor time for the same rows."""
    outbox: OutboxSettings = OutboxSettings()
    """How rows are gathered."""


class Warehouse:
    """A `Writer` of one DuckDB database."""

    def __init__(self, settings: WarehouseSettings) -> None:
        """Make the tables, or check that those that are there are ours; a file held by another process is checked later.

        Raises:
            ResourceError: the file cannot be written, is none, or holds other tables.
        """
        self._settings = settings
        self._remote = settings.path.startswith(MOTHERDUCK)
        self._ready = False
        with _refusals(settings.path):
            if not self._remote:
                Path(settings.path).parent.mkdir(parents=True, exist_ok=True)
            self._engine = _open(settings)
        self._writes = 0
        with contextlib.suppress(Held):
            self.write([])

    def write(self, rows: list[Rows]) -> None:
        """Upsert rows by key; they are committed on return."""
        fresh = {table: latest(to_arrow(table, pieces), key_of(table)) for table, pieces in by_table(rows).items()}
        with _refusals(self._settings.path), self._attached():
            for table, arrow in fresh.items():
                self._engine.register(f"fresh_{table.value}", arrow)
            self._engine.execute("BEGIN")
            for table in fresh:
                self._engine.execute(f'INSERT OR REPLACE INTO warehouse."{table.value}" SELECT * FROM "fresh_{table.value}"')
            self._engine.execute("COMMIT")
            for table in fresh:
                self._engine.unregister(f"fresh_{table.value}")
        self._writes += 1
        if self._writes >= RENEW_AFTER and not self._remote:
            self._renew()

    def close(self) -> None:
        """Let go of the database."""
        self._engine.close()

    def _renew(self) -> None:
        """Go on with a new engine, between two writes, when nothing is attached."""
        with _refusals(self._settings.path):
            self._engine.close()
            self._engine = _open(self._settings)
        self._writes = 0

    @contextlib.contextmanager
    def _attached(self) -> Iterator[None]:
        """Hold the database. Where a write fails the engine is closed, which undoes it and lets go of the file."""
        try:
            if not (self._remote and self._ready):
                self._engine.execute(f"ATTACH '{self._settings.path.replace(chr(39), chr(39) * 2)}' AS warehouse")
        except duckdb.Error as error:
            if is_held(error):
                raise Held(
                    f"{self._settings.path}: held by another process ({first_line(error)}): close it, and what waits is written"
                ) from error
            raise
        try:
            if not self._ready:
                _prepare(self._engine, self._settings.path)
                self._ready = True
            yield
            if not self._remote:
                self._engine.execute("DETACH warehouse")
        except BaseException:
            self._engine.close()
            raise


def warehouse_sink(settings: WarehouseSettings) -> OutboxSink:
    """Give the warehouse as an output of a flow."""
    return OutboxSink(lambda: Warehouse(settings), settings.outbox)


def schema_version() -> str:
    """Name the shape of all tables: another column, key or type gives another name, without anyone having to count."""
    return hashlib.blake2b("\n".join(map(_create, Table)).encode(), digest_size=4).hexdigest()


def is_held(error: duckdb.Error) -> bool:
    """Say whether DuckDB refused because another program, or another connection of this one, has the file open."""
    return (isinstance(error, duckdb.IOException) and "lock" in str(error)) or "file handle conflict" in str(error)


def first_line(error: BaseException) -> str:
    """Give what DuckDB says in one line."""
    return str(error).strip().partition("\n")[0]


def _open(settings: WarehouseSettings) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(":memory:", config={"threads": settings.threads})


def _prepare(engine: duckdb.DuckDBPyConnection, path: str) -> None:
    found = {name for (name,) in engine.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = 'warehouse'").fetchall()}
    if "schema_version" in found:
        version = ", ".join(name for (name,) in engine.execute("SELECT version FROM warehouse.schema_version").fetchall())
    elif found & {table.value for table in Table}:
        version = "unknown"
    else:
        engine.execute("BEGIN")
        engine.execute("CREATE TABLE warehouse.schema_version (version VARCHAR NOT NULL)")
        engine.execute("INSERT INTO warehouse.schema_version VALUES (?)", [schema_version()])
        for table in Table:
            engine.execute(_create(table))
        engine.execute("COMMIT")
        return
    if version != schema_version():
        raise ResourceError(
            f"{path}: its tables have schema {version}, expected {schema_version()}: move the file away (archive and tape hold every row)"
        )


def _create(table: Table) -> str:
    columns = ", ".join(f'"{field.name}" {_TYPES[field.type]}{"" if field.nullable else " NOT NULL"}' for field in schema_of(table))
    key = ", ".join(f'"{name}"' for name in key_of(table))
    return f'CREATE TABLE warehouse."{table.value}" ({columns}, PRIMARY KEY ({key}))'


@contextlib.contextmanager
def _refusals(path: str) -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        raise ResourceError(
            f"{path}: DuckDB cannot write it: {first_line(error)}: check the file, the folder and the free space"
        ) from error
    except OSError as error:
        raise ResourceError(f"{path}: cannot be written: {error.strerror or error}: check the folder and its permissions") from error
