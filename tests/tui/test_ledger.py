"""Gaps, rejects, audits and the portfolio."""

from __future__ import annotations

from functools import reduce as fold

from scoring.feed import NewRows, Value
from tui import sample
from tui.ledger import AUDIT_LIMIT, ROW_LIMIT, TEXT_LIMIT, WHOLE, Ledger, enter
from tui.state import State, reduce


def rows(table: str, **cells: Value) -> NewRows:
    return NewRows(table, "S", False, {name: [value] for name, value in cells.items()})


def after(*messages: NewRows) -> Ledger:
    return fold(enter, messages, Ledger())


def gap(start: int, end: str | None = None) -> NewRows:
    return rows("gaps", source="live", symbol="S", kind="trade", from_at=f"t{start}", to_at=end)


def test_a_gap_that_is_repaired_takes_the_place_of_the_open_one() -> None:
    ledger = after(gap(1), gap(2), gap(1, "t9"))
    assert [row["to_at"] for row in ledger.gaps.values()] == [None, "t9"]


def test_all_of_it_is_bounded() -> None:
    ledger = after(
        *(gap(n) for n in range(3 * ROW_LIMIT)),
        *(rows("rejects", source="a", position=n, payload="x" * 9_999) for n in range(3 * ROW_LIMIT)),
        *(rows("portfolio", symbol=f"S{n}") for n in range(700)),
    )
    assert (len(ledger.gaps), len(ledger.rejects), len(ledger.positions)) == (ROW_LIMIT, ROW_LIMIT, 500)
    assert {len(str(row["payload"])) for row in ledger.rejects.values()} == {TEXT_LIMIT}
    assert next(iter(ledger.gaps.values()))["from_at"] == f"t{2 * ROW_LIMIT}"


def test_audited_minutes_are_counted_once_and_bounded() -> None:
    verdicts = ["verified", "differs", "verified", "verified"]
    ledger = after(*(rows("audits", symbol="S", open_at=f"m{place % 3}", verdict=verdict) for place, verdict in enumerate(verdicts)))
    assert ledger.verified() == (2, 3)
    many = fold(enter, (rows("audits", symbol="S", open_at=n, verdict="verified") for n in range(AUDIT_LIMIT + 5)), ledger)
    assert many.verified() == (AUDIT_LIMIT, AUDIT_LIMIT)


def test_several_rows_of_one_message_are_all_taken() -> None:
    message = NewRows("audits", "S", False, {"symbol": ["S", "S"], "open_at": ["a", "b"], "verdict": ["verified", "differs"]})
    assert after(message).verified() == (1, 2)


def test_of_two_rows_under_one_key_in_one_message_the_later_counts_and_is_the_latest_change() -> None:
    message = NewRows("gaps", "S", False, {"source": ["s"] * 3, "from_at": ["t1", "t2", "t1"], "to_at": [None, None, "t9"]})
    assert [(row["from_at"], row["to_at"]) for row in after(message).gaps.values()] == [("t2", None), ("t1", "t9")]


def test_rows_that_make_no_sense_stop_nothing() -> None:
    ledger = after(NewRows("gaps", "S", False, {}), rows("rejects", odd=3), rows("audits"), rows("portfolio", symbol=7))
    assert ledger.verified()[0] == 0


def test_a_portfolio_is_no_symbol_of_the_list() -> None:
    state = fold(reduce, sample.events(), State())
    assert WHOLE in state.ledger.positions
    assert WHOLE not in state.symbols


def test_a_new_snapshot_begins_anew() -> None:
    state = fold(reduce, [*sample.events(), rows("gaps", source="x", from_at="t"), *sample.events()], State())
    assert len(state.ledger.gaps) == 3
