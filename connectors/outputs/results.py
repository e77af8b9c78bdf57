"""Stored results as columns again, named as they were declared: for whoever measures what a flow said.

Read from the archive, not from the warehouse: its files lie in the order of instants, and are readable while a flow writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.outputs.archive import files_of, folder_of
from connectors.outputs.arrow_rows import to_columns
from connectors.outputs.parquet_files import read_all
from scoring.digest import NANOSECONDS_PER_MICROSECOND
from scoring.records import TABLES, Column, Table, empty_columns, stored_name


def read_columns(data_dir: str | Path, table: Table, columns: Sequence[str], subject: str = "") -> dict[str, Column]:
    """Read columns of a table in the order of its instants; with a subject only the rows whose key begins with it.

    Raises:
        ResourceError: a file cannot be read, or has other columns.
    """
    spec = TABLES[table]
    empty = empty_columns(spec.row)
    pieces = {name: [empty[name]] for name in columns}
    for batch in read_all(table, files_of(folder_of(data_dir) / table.value)):
        rows = batch.filter(pc.equal(batch.column(spec.key[0]), pa.scalar(subject))) if subject else batch
        stored = to_columns(rows.select([stored_name(name) for name in columns]))
        for name in columns:
            column = stored[stored_name(name)]
            pieces[name].append(column * NANOSECONDS_PER_MICROSECOND if name.endswith("_ns") else column)
    return {name: np.concatenate(parts) for name, parts in pieces.items()}
