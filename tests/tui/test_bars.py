"""The closed windows of trades."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.feed import NewRows, Value
from tui.bars import LIMIT, Bar, after, after_all
from tui.state import State, reduce

AT = datetime(2026, 8, 1, 12, tzinfo=UTC)


def row(minute: int, close: float = 1.0, width: int = 60) -> dict[str, Value]:
    start = AT + timedelta(minutes=minute)
    return {"window_start": start.isoformat(), "window_end": (start + timedelta(seconds=width)).isoformat(), "close": close}


def closes(bars: tuple[Bar, ...]) -> list[float | None]:
    return [bar.close for bar in bars]


def test_a_window_that_is_revised_is_replaced() -> None:
    bars = after(after(after((), row(0, 1.0)), row(1, 2.0)), row(0, 3.0))
    assert closes(bars) == [3.0, 2.0]


def test_only_the_narrowest_windows_are_kept() -> None:
    wide, narrow = row(0, 1.0, 300), row(0, 2.0)
    assert closes(after(after((), wide), narrow)) == [2.0]
    assert closes(after(after((), narrow), wide)) == [2.0]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 300), st.sampled_from([60, 60, 300])), max_size=40), st.integers(0, 40))
def test_windows_that_come_all_at_once_are_those_that_come_one_by_one(windows: list[tuple[int, int]], cut: int) -> None:
    rows = [row(minute, float(number), width) for number, (minute, width) in enumerate(windows)]
    one_by_one: tuple[Bar, ...] = ()
    for each in rows:
        one_by_one = after(one_by_one, each)
    assert after_all(after_all((), rows[:cut]), rows[cut:]) == one_by_one


def test_a_row_without_a_window_is_none() -> None:
    assert after((), {"close": 1.0}) == ()
    assert after((), {**row(0), "window_end": row(0)["window_start"]}) == ()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 2 * LIMIT), max_size=400))
def test_they_are_in_order_without_doubles_and_bounded(minutes: list[int]) -> None:
    bars: tuple[Bar, ...] = ()
    for minute in minutes:
        bars = after(bars, row(minute))
    starts = [bar.start for bar in bars]
    assert starts == sorted(set(starts))
    assert len(starts) <= LIMIT
    assert not minutes or max(starts) == AT + timedelta(minutes=max(minutes))


def test_a_window_that_is_still_open_is_no_bar() -> None:
    columns = {name: [value] for name, value in row(0).items()}
    assert reduce(State(), NewRows("trade_metrics", "S", True, columns)).symbols["S"].bars == ()
    assert len(reduce(State(), NewRows("trade_metrics", "S", False, columns)).symbols["S"].bars) == 1
