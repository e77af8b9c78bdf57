"""The page of help."""

from __future__ import annotations

import io

from rich.console import Console

from tui.columns import columns
from tui.widgets.crowd import FIELDS
from tui.widgets.help import page


def test_every_column_mark_and_key_is_on_the_page() -> None:
    console = Console(file=io.StringIO(), width=100, color_system=None)
    every = columns("15m", 60.0)
    with console.capture() as capture:
        console.print(page(every))
    text = capture.get()
    for column in every:
        assert column.title in text
        assert column.meaning.split(";")[0] in " ".join(text.split())
    for field in FIELDS:
        assert field.meaning.split(";")[0] in " ".join(text.split())
    for words in ("Columns", "Crowd", "in the place of alerts and sources", "Marks", "Keys", "quit", "▲ ▼ ="):
        assert words in text
