"""The list of sources."""

from __future__ import annotations

from functools import reduce as fold

import msgspec
import pytest
from rich.cells import cell_len

from tui import palette, sample
from tui.state import State, reduce
from tui.widgets.sources import line, listing

SAMPLE = fold(reduce, sample.events(), State())
BINANCE = SAMPLE.sources["binance"]


def test_each_source_says_what_it_gave_what_was_bad_and_how_long_it_is_silent() -> None:
    heading, *lines = listing(SAMPLE, 42).plain.splitlines()
    assert heading.split() == ["source", "frames", "rejects", "gaps", "silent"]
    assert [text.split() for text in lines] == [
        ["▶", "binance", "1.28M", "3", "1", "0.2s"],
        ["▶", "prices", "50", "0", "0", "19s"],
        ["▶", "telegram", "418", "0", "0", "7.0s"],
    ]


@pytest.mark.parametrize("width", [42, 60, 120])
def test_lines_stand_under_their_heading(width: int) -> None:
    lengths = {cell_len(text) for text in listing(SAMPLE, width).plain.splitlines()}
    assert len(lengths) == 1
    assert max(lengths) <= width


@pytest.mark.parametrize(("state", "mark"), [("live", "●"), ("replaying", "▶"), ("ended", "■"), ("odd", "○")])
def test_the_state_has_a_shape(state: str, mark: str) -> None:
    assert line(msgspec.structs.replace(BINANCE, state=state), SAMPLE, 9).plain[0] == mark


def test_a_source_that_was_never_heard_has_no_age() -> None:
    assert line(msgspec.structs.replace(BINANCE, last_at=None), SAMPLE, 9).plain.endswith("–")


def test_rejects_and_gaps_stand_out() -> None:
    tints = [span.style.color.name for span in line(BINANCE, SAMPLE, 9).spans if not isinstance(span.style, str) and span.style.color]
    assert tints.count(palette.WARNING) == 2
