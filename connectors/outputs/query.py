"""Ask the warehouse while a flow writes to it.

The file is opened for reading and let go with the answer, so a question delays the flow's next write by no more than it takes;
where the flow is writing at that moment, the question waits for it.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final, TypeAlias

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from connectors.outputs.warehouse import MOTHERDUCK, first_line, is_held
from scoring.duration import Duration
from scoring.errors import ResourceError

Answer: TypeAlias = tuple[list[str], list[tuple[Any, ...]]]
"""Column names, and rows of Python values; instants are aware UTC datetimes."""

PATIENCE: Final = Duration.parse("5s")
"""How long a question waits for a flow that is writing."""

_RETRY_SECONDS: Final = 0.02


def run_query(path: str, sql: str, patience: Duration = PATIENCE) -> Answer:
    """Run one statement on a warehouse, reading only.

    Raises:
        ResourceError: there is no such file, it stays held, or DuckDB refuses the statement.
    """
    if not path.startswith(MOTHERDUCK) and not Path(path).is_file():
        raise ResourceError(f"{path}: no warehouse here: start a flow or a replay first, which makes one")
    with _open(path, time.monotonic() + patience.seconds) as connection:
        try:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute("SET python_enable_replacements = false")
            relation = connection.sql(sql)
            # Through Arrow, because DuckDB's own rows need pytz for instants.
            answer = relation.to_arrow_table() if relation is not None else pa.table({})
        except duckdb.Error as error:
            raise ResourceError(f"the query was refused: {first_line(error)}") from error
    return answer.schema.names, list(zip(*map(_values, answer.columns), strict=True))


def _open(path: str, deadline: float) -> duckdb.DuckDBPyConnection:
    while True:
        try:
            return duckdb.connect(path, read_only=True)
        except duckdb.Error as error:
            if not is_held(error):
                raise ResourceError(f"{path}: DuckDB cannot read it: {first_line(error)}") from error
            if time.monotonic() > deadline:
                raise ResourceError(f"{path}: held by another process ({first_line(error)}): close it or try again") from error
        time.sleep(_RETRY_SECONDS)


def _values(column: pa.ChunkedArray[Any]) -> list[Any]:
    if pa.types.is_timestamp(column.type) and column.type.tz is None:
        return pc.assume_timezone(column, "UTC").to_pylist()
    values = column.to_pylist()
    if pa.types.is_decimal(column.type) and column.type.scale == 0:  # what a sum of integers is to DuckDB
        return [None if value is None else int(value) for value in values]
    return values
