"""The table of symbols and the words for when there is none."""

from __future__ import annotations

from functools import reduce as fold

from scoring.feed import Hello
from tui import sample
from tui.state import Connecting, State, reduce
from tui.widgets.symbols import invitation, table

SAMPLE = fold(reduce, sample.events(), State())


def test_each_symbol_has_a_line_in_the_order_of_the_settings() -> None:
    heading, body = table(SAMPLE, 116)
    assert heading.plain.split()[0] == "Symbol"
    assert [line.split()[0] for line in body.plain.splitlines()] == ["BTCUSDT", "ETHUSDT", "DOGEUSDT", "SOLUSDT", "PEPEUSDT"]


def test_where_nothing_is_heard_it_says_how_to_get_something() -> None:
    waiting = reduce(State(), Connecting("ws://10.0.0.7:8765"))
    assert "ws://10.0.0.7:8765" in invitation(waiting).plain
    assert "./justw demo" in invitation(waiting).plain
    assert invitation(reduce(waiting, Hello("0", "s", "live", [], []))).plain == "No symbol has been heard of yet."
