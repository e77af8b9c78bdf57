"""The page of help."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from textual.pilot import Pilot

from tests.tui.seen import press, show
from tui.app import Ghosttape
from tui.looks import DARK, LIGHT
from tui.pages.catalog import CATALOG
from tui.widgets.help import MARKS, key_name, page


def test_every_name_and_its_meaning_is_on_the_page() -> None:
    console = Console(file=io.StringIO(), width=100, color_system=None)
    with console.capture() as capture:
        console.print(page([("Columns", [("Last", "price [bold]of[/] it")]), ("Marks", MARKS)], DARK))
    text = capture.get()
    for words in ("Columns", "Last", "price [bold]of[/] it", "Marks", "▲ ▼ =", "Times are of the tape"):
        assert words in text


def test_it_is_written_in_the_colours_of_the_theme() -> None:
    def drawn(look: object) -> str:
        console = Console(file=io.StringIO(), width=100, color_system="truecolor", force_terminal=True)
        with console.capture() as capture:
            console.print(page([("A", [("b", "c")])], DARK if look is DARK else LIGHT))
        return capture.get()

    assert drawn(DARK) != drawn(LIGHT)


@pytest.mark.parametrize(("key", "name"), [("question_mark", "?"), ("ctrl+p", "Ctrl+p"), ("up", "↑"), ("pagedown", "PgDn"), ("G", "G")])
def test_keys_are_named_as_people_do(key: str, name: str) -> None:
    assert key_name(key) == name


def test_each_number_says_which_page_it_shows() -> None:
    async def act(pilot: Pilot[None], app: Ghosttape) -> None:
        text = await press(pilot, app, "question_mark")
        for number, entry in enumerate(CATALOG, start=1):
            assert [line.strip(" │").split()[:3] for line in text.splitlines() if f"show {entry.title}" in line] == [
                [str(number), "show", entry.title]
            ]

    show(act, size=(120, 60))
