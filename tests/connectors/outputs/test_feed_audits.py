"""Verdicts on minutes: kept lean, told by the hundred, each change once."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence

from connectors.outputs.feed_audits import Audits
from scoring.feed import NewRows
from scoring.records import NANOSECONDS_PER_MINUTE, Audit, Rows, Table, to_columns


def rows(symbol: str, *at: int, verdict: str = "verified") -> Rows:
    found = [Audit(symbol, minute * NANOSECONDS_PER_MINUTE, verdict, "".join(["{", "}"]), "complete") for minute in at]
    return Rows(Table.AUDITS, symbol, to_columns(Audit, found), 0)


def told(audits: Audits, sequence: int = 0) -> Sequence[NewRows]:
    return [write() for _, write in audits.since(sequence)]


def minutes(message: NewRows) -> list[str]:
    return [str(at)[11:16] for at in message.columns["open_at"]]


def test_a_new_reader_hears_each_symbol_at_once_and_later_only_what_changed() -> None:
    audits = Audits(limit=10)
    audits.put(rows("A", 1, 2), 1)
    audits.put(rows("B", 1), 2)
    audits.put(rows("A", 1, verdict="differs"), 3)
    assert {message.symbol: minutes(message) for message in told(audits)} == {"A": ["00:02", "00:01"], "B": ["00:01"]}
    (changed,) = told(audits, sequence=2)
    assert (changed.table, changed.symbol, changed.provisional) == ("audits", "A", False)
    assert changed.columns == {
        "symbol": ["A"],
        "open_at": ["1970-01-01T00:01:00.000000Z"],
        "verdict": ["differs"],
        "differences": ["{}"],
        "completeness": ["complete"],
    }
    assert told(audits, sequence=3) == []


def test_those_changed_longest_ago_go_first() -> None:
    audits = Audits(limit=3)
    audits.put(rows("A", 1, 2, 3), 1)
    audits.put(rows("A", 1, verdict="no candle"), 2)
    audits.put(rows("A", 4), 3)
    assert len(audits) == 3
    (message,) = told(audits)
    assert minutes(message) == ["00:03", "00:01", "00:04"]


def test_a_message_holds_no_more_than_a_screen_takes() -> None:
    audits = Audits(limit=1_000)
    audits.put(rows("A", *range(250)), 1)
    assert [len(message.columns["verdict"]) for message in told(audits)] == [100, 100, 50]


def test_a_minute_takes_a_few_hundred_bytes() -> None:
    audits, many = Audits(limit=3_000), 2_000
    one_by_one = [rows("A", minute) for minute in range(1, many + 1)]
    tracemalloc.start()
    try:
        for sequence, each in enumerate(one_by_one):
            audits.put(each, sequence)
        assert tracemalloc.get_traced_memory()[0] / many < 450
    finally:
        tracemalloc.stop()
