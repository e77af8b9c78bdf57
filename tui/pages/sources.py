"""The page of where the numbers come from: how each input and output is doing, what was bad or is missing, what the audit found."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Container

from tui.pages.page import Page
from tui.state import State
from tui.widgets import troubles
from tui.widgets.help import Section
from tui.widgets.sources import Sources
from tui.widgets.troubles import Troubles


class SourcesPage(Page):
    """The page."""

    NAME = "sources"

    def __init__(self) -> None:
        """Make the panes."""
        super().__init__()
        self._sources = Sources()
        self._gaps, self._rejects, self._audit = Troubles("Gaps", "gaps"), Troubles("Rejects", "rejects"), Troubles("Audit", "audit")

    def panes(self) -> ComposeResult:
        """Lay them out."""
        yield self._sources
        yield Container(Container(self._gaps, self._audit, id="lacks"), self._rejects, id="troubles")

    def room(self) -> tuple[object, ...]:
        """Give the columns of the panes."""
        return (self._sources.room, self._gaps.room, self._rejects.room, self._audit.room)

    def show(self, state: State) -> None:
        """Draw the state."""
        self._sources.show(state)
        ledger = state.ledger
        gaps, rejects = troubles.gaps(state, self._gaps.room), troubles.rejects(state, self._rejects.room)
        self._gaps.show(f"Gaps · {len(ledger.gaps)}" if ledger.gaps else "Gaps", gaps, "Nothing is known to be missing.")
        self._rejects.show(f"Rejects · {len(ledger.rejects)}" if ledger.rejects else "Rejects", rejects, "Everything could be read.")
        self._audit.display = bool(ledger.audits)
        if ledger.audits:
            self._audit.show("Audit", troubles.audit(state, self._audit.room), "")

    def sections(self) -> Sequence[Section]:
        """Explain the columns."""
        return (
            (
                "Sources",
                (
                    ("silent", "how long since the newest message, on the tape"),
                    ("rejects", "messages that could not be read; they are kept, and shown with their bytes"),
                    ("gaps", "spans in which data is missing"),
                    ("lag", "messages that wait to be handled"),
                    ("skew", "the exchange's clock against ours"),
                    ("breaks", "how often the connection was lost and made again"),
                    ("open, fixed", "gaps that are open, and gaps that were repaired"),
                    ("● ◌ ~ ! ✗", "live, connecting, repairing, silent for too long, down"),
                    ("▶ ‖ ■ ?", "replaying, paused, ended, unknown since the feed was lost"),
                ),
            ),
            ("Audit", (("verified", "bars of one symbol and one minute that are equal to the exchange's own candles"),)),
        )
