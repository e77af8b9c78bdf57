"""`python -m tests.bench.screen_plain [URL]`: what anyone would write, to compare with: a Textual app of one label, or with the
address of a feed a Textual `DataTable` with a cell set for each number as it comes."""

from __future__ import annotations

import sys

from textual.app import App, ComposeResult
from textual.widgets import DataTable, Footer, Header, Label

from scoring.feed import NewRows
from tui.feed import follow

SHOWN = ("price", "close", "vwap", "average_spread_bps", "imbalance_top1", "volatility_1m", "drawdown", "momentum_1m")


class Bare(App[None]):
    """One label."""

    def compose(self) -> ComposeResult:
        """Show it."""
        yield Header()
        yield Label("ready now")
        yield Footer()


class Cells(App[None]):
    """A table whose cells are set."""

    def __init__(self, url: str) -> None:
        """Keep the address."""
        super().__init__()
        self._url = url

    def compose(self) -> ComposeResult:
        """Show it."""
        yield Header()
        yield DataTable[str]()
        yield Footer()

    def on_mount(self) -> None:
        """Follow the feed."""
        table = self.query_one(DataTable)
        for name in ("symbol", *SHOWN):
            table.add_column(name, key=name, width=12)
        self.run_worker(self._follow(table))

    async def _follow(self, table: DataTable[str]) -> None:
        known: set[str] = set()
        async for event in follow(self._url):
            if not isinstance(event, NewRows):
                continue
            if event.symbol not in known:
                known.add(event.symbol)
                table.add_row(event.symbol, *("" for _ in SHOWN), key=event.symbol)
            for name in SHOWN:
                if name in event.columns:
                    table.update_cell(event.symbol, name, f"{event.columns[name][-1]:,.4f}")


if __name__ == "__main__":
    (Cells(sys.argv[1]) if sys.argv[1:] else Bare()).run()
