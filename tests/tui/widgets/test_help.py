"""The page of help."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from tui.looks import DARK, LIGHT
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
