"""The line of tabs."""

from __future__ import annotations

import pytest

from tui.pages.catalog import CATALOG
from tui.widgets.tabs import at, tabs


@pytest.mark.parametrize("name", [entry.name for entry in CATALOG])
def test_the_page_that_is_shown_has_a_mark_and_every_name_leads_to_its_page(name: str) -> None:
    text = tabs(name).plain
    for number, entry in enumerate(CATALOG, start=1):
        place = text.index(f"{number} {entry.title}")
        assert (text[place - 1] == "▸") == (entry.name == name)
        assert at(place) == at(place + len(entry.title)) == entry.name
    assert at(len(text)) == ""
