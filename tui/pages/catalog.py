"""The pages there are, in the order of their numbers; a page is imported when it is first shown, so that the first one shows soon."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from tui.pages.page import Page


class Entry(msgspec.Struct, frozen=True):
    """One page."""

    name: str
    """In bindings, memory and commands."""
    title: str
    """On its tab."""
    load: Callable[[], type[Page]]

    def make(self) -> Page:
        """Make the page."""
        return self.load()()


def _overview() -> type[Page]:
    from tui.pages.overview import OverviewPage

    return OverviewPage


def _asset() -> type[Page]:
    from tui.pages.asset import AssetPage

    return AssetPage


def _alerts() -> type[Page]:
    from tui.pages.alerts import AlertsPage

    return AlertsPage


def _sources() -> type[Page]:
    from tui.pages.sources import SourcesPage

    return SourcesPage


CATALOG: Final[tuple[Entry, ...]] = (
    Entry("overview", "Overview", _overview),
    Entry("asset", "Asset", _asset),
    Entry("alerts", "Alerts", _alerts),
    Entry("sources", "Sources", _sources),
)
"""All of them: number keys and tabs count from here."""


def find(name: str) -> Entry | None:
    """Give a page by its name; None where there is none."""
    return next((entry for entry in CATALOG if entry.name == name), None)
