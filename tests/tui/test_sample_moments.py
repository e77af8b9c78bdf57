"""The moments pages are pictured in."""

from __future__ import annotations

from functools import reduce as fold

import pytest

from tui.readings import read
from tui.sample_moments import MOMENTS
from tui.state import Link, State, reduce
from tui.widgets.tape_bar import bar


def known(name: str) -> State:
    return fold(reduce, MOMENTS[name](), State())


@pytest.mark.parametrize("name", MOMENTS)
def test_each_is_the_same_each_time(name: str) -> None:
    assert MOMENTS[name]() == MOMENTS[name]()


def test_when_it_is_calm_nothing_fires_nothing_is_missing_and_nobody_shouts() -> None:
    calm = known("calm")
    assert calm.link is Link.OPEN
    assert not calm.alerts
    assert not calm.ledger.gaps
    assert {read(symbol, "15m").completeness for symbol in calm.symbols.values()} == {"complete"}
    assert all(abs(stance.hype_momentum_z or 0) < 4 for stance in calm.crowd.stances.values())


def test_when_it_is_busy_every_symbol_has_its_numbers_and_its_line() -> None:
    busy = known("busy")
    assert len(busy.symbols) > 40
    assert all(read(symbol, "15m").last.value and symbol.points for symbol in busy.symbols.values())


def test_a_paused_tape_has_its_bar_and_its_place_on_it() -> None:
    text, start, length = bar(known("paused"), 120)
    assert "‖ paused ×60" in text.plain
    assert text.plain[start : start + length].index("◆") == round(length * 1000 / 1200) - 1


def test_the_others_are_what_they_are_called() -> None:
    assert any(alert.state == "firing" and alert.severity == "critical" for alert in known("alert").alerts.values())
    assert known("lost").link is Link.LOST
    assert known("lost").symbols
    assert known("empty").hello is None
    assert known("empty").loss is not None
