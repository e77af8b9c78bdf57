"""`just query "SQL"`: asks the warehouse, also while a flow writes to it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from connectors.outputs.query import run_query
from flows.running import refusing_in_one_line
from flows.settings import load


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="just query", description=__doc__)
    parser.add_argument("sql", help="one SQL statement")
    parser.add_argument("--data-dir", default="", help="folder of the warehouse (default: data_dir of the settings)")
    given = parser.parse_args(arguments)
    with refusing_in_one_line():
        folder = Path(given.data_dir or load()[0].data_dir)
        names, rows = run_query(str(folder / "warehouse.duckdb"), given.sql)
        grid = Grid(*names, show_edge=False)
        for row in rows:
            grid.add_row(*(Text("" if value is None else str(value)) for value in row))
        Console().print(grid)


if __name__ == "__main__":
    main()
