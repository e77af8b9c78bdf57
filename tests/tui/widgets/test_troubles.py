"""Gaps, rejects and the audit as lines."""

from __future__ import annotations

from functools import reduce as fold

import msgspec
import pytest
from rich.cells import cell_len

from tui import sample
from tui.ledger import Ledger
from tui.state import State, reduce
from tui.widgets.troubles import audit, gaps, rejects

SAMPLE = fold(reduce, sample.events(), State())


def test_the_newest_gap_comes_first_and_says_what_became_of_it() -> None:
    lines = gaps(SAMPLE, 100).plain.splitlines()
    assert [line.split()[:2] for line in lines] == [["!", "12:12:52"], ["!", "12:09:58"], ["~", "12:05:59"]]
    assert ["still open" in lines[0], "closed" in lines[1], "fixed 12 of 12" in lines[2]] == [True] * 3
    assert "disconnected" in lines[1]


def test_a_jump_in_the_trades_of_a_symbol_names_it_once() -> None:
    [key, row], *_ = SAMPLE.ledger.gaps.items()
    state = msgspec.structs.replace(SAMPLE, ledger=Ledger(gaps={key: {**row, "source": "ETHUSDT", "symbol": "ETHUSDT"}}))
    assert gaps(state, 120).plain.count("ETHUSDT") == 1


def test_a_reject_says_why_and_shows_its_bytes() -> None:
    lines = rejects(SAMPLE, 100).plain.splitlines()
    assert "expected JSON, found a control character" in lines[0]
    assert lines[1].strip() == "\\x00\\x1b[2J\\xff\\xfe not json"


def test_the_audit_counts_and_names_what_differs() -> None:
    lines = audit(SAMPLE, 100).plain.splitlines()
    assert lines[0].strip() == "! verified 27 of 28 one-minute candles of 2 symbols"
    assert "SOLUSDT" in lines[1]
    assert "volume_base" in lines[1]
    rows = {key: row for key, row in SAMPLE.ledger.audits.items() if row["verdict"] == "verified"}
    whole = msgspec.structs.replace(SAMPLE, ledger=Ledger(audits=rows))
    assert audit(whole, 100).plain.strip() == "✓ verified 27 of 27 one-minute candles of 2 symbols"


def test_the_audit_counts_candles_and_not_time_also_where_there_is_little_room() -> None:
    one = {key: row for key, row in SAMPLE.ledger.audits.items() if row["symbol"] == "SOLUSDT"}
    state = msgspec.structs.replace(SAMPLE, ledger=Ledger(audits=one))
    assert audit(state, 100).plain.splitlines()[0].strip() == "! verified 13 of 14 one-minute candles"
    assert audit(SAMPLE, 40).plain.splitlines()[0].strip() == "! verified 27 of 28 one-minute candles"


@pytest.mark.parametrize("width", [20, 40, 60, 76, 120])
def test_no_line_is_wider_than_its_pane(width: int) -> None:
    for write in (gaps, rejects, audit):
        assert all(cell_len(line) <= width for line in write(SAMPLE, width).plain.splitlines())


def test_rows_of_nonsense_are_lines_all_the_same() -> None:
    odd = Ledger(gaps={("a",): {"from_at": 3, "missing": "x"}}, rejects={("b",): {}}, audits={("c",): {"verdict": None}})
    state = msgspec.structs.replace(SAMPLE, ledger=odd)
    for write in (gaps, rejects, audit):
        assert write(state, 80).plain.replace("\n", "").isprintable()
