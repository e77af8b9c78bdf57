"""`just query "SQL"`: asks the warehouse, also while a flow writes to it.

A live run has its warehouse and every replay one of its own, so without a folder the one that was written last is asked.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from connectors.outputs.query import run_query
from connectors.outputs.warehouse import MOTHERDUCK
from flows.commands.arguments import Arguments
from flows.running import refusing_in_one_line
from flows.sessions import WAREHOUSE, replay_folder
from flows.settings import Settings, load


def newest_warehouse(settings: Settings) -> str:
    """Give the warehouse that was written last, of the live run's and those of replays; the live run's where there is none."""
    live = settings.warehouse.path or str(Path(settings.data_dir) / WAREHOUSE)
    if live.startswith(MOTHERDUCK):
        return live
    replays = replay_folder(settings, "").glob(f"*/{WAREHOUSE}")
    return str(max((Path(live), *sorted(replays)), key=_written_ns))


def _written_ns(file: Path) -> int:
    """When it was last written; 0 where it is not, or no longer, there: a replay begins by removing the one before."""
    try:
        return file.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = Arguments("query", __doc__)
    parser.add_argument("sql", help="one SQL statement")
    parser.add_argument("--data-dir", default="", help="folder of the warehouse (default: the one written last, live or replayed)")
    given = parser.parse_args(arguments)
    with refusing_in_one_line():
        if given.data_dir:
            path = str(Path(given.data_dir) / WAREHOUSE)
        else:
            path = newest_warehouse(load()[0])
            print(f"asking {path}", file=sys.stderr)
        names, rows = run_query(path, given.sql)
        grid = Grid(*names, show_edge=False)
        for row in rows:
            grid.add_row(*(Text("" if value is None else str(value)) for value in row))
        Console().print(grid)


if __name__ == "__main__":
    main()
