"""`just settings`: what is in force, and where each value came from."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from flows.commands.arguments import Arguments
from flows.running import refusing_in_one_line
from flows.settings import load, walk


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    Arguments("settings", __doc__).parse_args(arguments)
    with refusing_in_one_line():
        grid = Grid("key", "value", "from", show_edge=False)
        for key, value, origin in walk(*load()):
            grid.add_row(Text(key), Text(value), Text(origin))
        Console().print(grid)


if __name__ == "__main__":
    main()
