"""The list of the pages."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tui.pages.catalog import CATALOG, Entry, find
from tui.pages.page import Page


@pytest.mark.parametrize("entry", CATALOG, ids=lambda entry: entry.name)
def test_every_entry_makes_the_page_it_names(entry: Entry) -> None:
    page = entry.make()
    assert isinstance(page, Page)
    assert entry.name == page.NAME
    assert find(entry.name) is entry


def test_a_name_nobody_has_is_found_nowhere() -> None:
    assert find("") is None
    assert find("overvieW") is None


def test_names_and_titles_are_different_and_keys_reach_them_all() -> None:
    assert len({entry.name for entry in CATALOG}) == len({entry.title for entry in CATALOG}) == len(CATALOG)
    assert len(CATALOG) <= 9


def test_no_page_is_imported_before_it_is_shown() -> None:
    said = subprocess.run(
        [sys.executable, "-c", "import sys, tui.pages.catalog; print([name for name in sys.modules if name.startswith('tui.pages.')])"],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout
    assert said.strip() == "['tui.pages.catalog']"
