"""The rest of the made-up moment."""

from __future__ import annotations

from functools import reduce as fold
from itertools import pairwise

import pytest

from scoring.feed import NewRows, read_instant
from scoring.records import TABLES, stored_name
from tui import sample, sample_books
from tui.ledger import WHOLE
from tui.state import State, reduce

ROWS = [*sample_books.rows(sample.AT), *sample_books.bars("BTCUSDT", [100.0 + n % 7 for n in range(60)], sample.AT, 5)]
STATE = fold(reduce, sample.live_events(), State())


@pytest.mark.parametrize("rows", ROWS, ids=lambda rows: f"{rows.table} {rows.symbol}")
def test_it_says_nothing_that_a_flow_would_not_say(rows: NewRows) -> None:
    [table] = [table for name, table in TABLES.items() if name == rows.table]
    assert set(rows.columns) <= {stored_name(name) for name in table.row.__struct_fields__}
    for name, values in rows.columns.items():
        if name.endswith("_at") and values != [None]:
            at = read_instant(values[0])
            assert at is not None
            assert at <= sample.AT


def test_the_whole_portfolio_is_the_sum_of_its_positions() -> None:
    positions = {name: row for name, row in STATE.ledger.positions.items() if name != WHOLE}
    for column in ("value", "cost", "unrealised_profit", "exposure"):
        numbers = [row[column] for row in positions.values()]
        assert STATE.ledger.positions[WHOLE][column] == pytest.approx(sum(n for n in numbers if isinstance(n, float)))


def test_windows_follow_each_other_and_end_before_the_moment() -> None:
    bars = STATE.symbols["BTCUSDT"].bars
    assert len(bars) > 10
    assert all(before.end == after.start for before, after in pairwise(bars))
    assert bars[-1].end <= sample.AT
    assert all(bar.low <= bar.vwap <= bar.high for bar in bars if bar.low and bar.vwap and bar.high)


def test_its_bad_day_has_an_input_of_each_trouble_and_one_that_is_well() -> None:
    assert {health.state for health in STATE.healths.values()} == {"live", "repairing", "down"}
