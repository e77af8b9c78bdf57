"""Ranges, zoom and crosshair, as tables; what axes say."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.ranges import RANGES, Scale, View, Window, moved, ranged, scale_of, time_text, time_ticks, window_of, zoomed

NOW = 1_785_585_600.0
OLD = NOW - 7_200


def window(view: View, columns: int = 100) -> Window:
    return window_of(view, OLD, NOW, columns)


@pytest.mark.parametrize(
    ("start", "steps", "expected"),
    [("15m", 1, "1h"), ("15m", -1, "5m"), ("1m", -1, "1m"), ("all", 1, "all"), ("all", -1, "1h"), ("rubbish", 1, "1h")],
)
def test_ranges_follow_each_other(start: str, steps: int, expected: str) -> None:
    assert ranged(View(start, zoom=3, end_s=5.0, cursor_s=4.0), steps) == View(expected, 0, 5.0, 4.0)


@pytest.mark.parametrize(("name", "long_s"), [("1m", 60), ("5m", 300), ("15m", 900), ("1h", 3_600), ("all", 7_200), ("rubbish", 900)])
def test_a_range_is_as_long_as_it_says_and_ends_now(name: str, long_s: float) -> None:
    seen = window(View(name))
    assert seen.end_s - seen.start_s == pytest.approx(long_s)
    assert NOW <= seen.end_s < NOW + seen.column_s + 1e-6


def test_what_follows_the_tape_moves_by_whole_columns() -> None:
    starts = {window_of(View("15m"), OLD, NOW + tenth / 10, 100).start_s for tenth in range(1, 90)}
    assert len(starts) == 1


def test_of_an_empty_history_there_is_a_window_too() -> None:
    seen = window_of(View("all"), NOW, NOW, 0)
    assert (seen.columns, seen.end_s - seen.start_s) == (1, 10.0)


def test_zooming_in_and_out_comes_back() -> None:
    view = View("15m")
    near = zoomed(view, 1, window(view), NOW - 7_200, NOW)
    assert window(near).end_s - window(near).start_s == 450
    assert zoomed(near, -1, window(near), NOW - 7_200, NOW) == view


def test_zooming_keeps_the_crosshair_where_it_is() -> None:
    view = View("15m", cursor_s=NOW - 600)
    near = zoomed(view, 1, window(view), NOW - 7_200, NOW)
    assert abs(window(near).column(NOW - 600) - window(view).column(NOW - 600)) <= 1


@pytest.mark.parametrize(("name", "steps"), [("1m", 3), ("all", -30)])
def test_nothing_is_zoomed_beyond_what_makes_sense(name: str, steps: int) -> None:
    view = View(name)
    assert zoomed(view, steps, window(view), NOW - 7_200, NOW) is view


def test_zooming_out_ends_where_all_that_is_known_is_seen() -> None:
    view = View("15m")
    assert zoomed(view, -1, window(view), NOW - 60, NOW) is view
    assert zoomed(view, -1, window(view), NOW - 1_800, NOW).zoom == -1
    near = View("15m", zoom=1)
    assert zoomed(near, -1, window(near), NOW - 60, NOW) == view, "what was zoomed in comes back"
    past = View("15m", end_s=NOW - 600)
    assert zoomed(past, -1, window(past), NOW - 660, NOW).zoom == -1, "there is more behind its end"


def test_zooming_out_to_the_newest_follows_it_again() -> None:
    view = View("15m", end_s=NOW - 300, cursor_s=NOW - 1_000)
    wide = zoomed(view, -1, window(view), NOW - 7_200, NOW)
    assert (wide.end_s, wide.zoom) == (None, -1)


def test_the_crosshair_begins_at_the_newest_and_moves() -> None:
    view = moved(View("15m"), -1, window(View("15m")), NOW)
    assert view.cursor_s is not None
    assert window(view).column(view.cursor_s) == 99
    back = moved(view, -3, window(view), NOW)
    assert back.cursor_s is not None
    assert window(back).column(back.cursor_s) == 96
    assert back.is_followed


def test_the_crosshair_pushes_the_window_into_the_past_and_back_to_now() -> None:
    view = moved(View("15m"), -1, window(View("15m")), NOW)
    far = moved(view, -120, window(view), NOW)
    assert not far.is_followed
    assert window(far).end_s == pytest.approx(window(view).end_s - 21 * 9, abs=1e-3)
    assert far.cursor_s is not None
    assert window(far).column(far.cursor_s) == 0
    home = moved(far, 300, window(far), NOW)
    assert home.is_followed
    assert home.cursor_s == NOW


@pytest.mark.parametrize(
    ("at_s", "step_s", "text"),
    [
        (0.0, 1, "00:00:00"),
        (61.0, 30, "00:01:01"),
        (60.0, 60, "00:01"),
        (0.0, 86_400, "01-01"),
        (1e300, 1, "23:59:59"),
        (-5.0, 1, "00:00:00"),
    ],
)
def test_a_time_says_what_matters(at_s: float, step_s: float, text: str) -> None:
    assert time_text(at_s, step_s) == text


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([name for name, _ in RANGES]), st.integers(-8, 4), st.integers(10, 240), st.integers(6, 30))
def test_marks_of_the_time_are_apart_and_inside(name: str, zoom: int, columns: int, apart: int) -> None:
    marks = [column for column, _ in time_ticks(window(View(name, zoom), columns), apart)]
    assert all(0 <= column < columns for column in marks)
    assert all(later - earlier >= apart - 1 for earlier, later in itertools.pairwise(marks))


@settings(max_examples=80, deadline=None)
@given(st.floats(-1e15, 1e15), st.floats(-1e15, 1e15), st.integers(3, 60))
def test_a_scale_holds_what_it_is_made_of(one: float, other: float, rows: int) -> None:
    low, high = sorted((one, other))
    scale = scale_of(low, high)
    assert 0 <= scale.row(high, rows) <= scale.row(low, rows) < rows
    ticks = scale.ticks(rows, 4)
    assert all(0 <= row < rows for row, _ in ticks)
    assert [row for row, _ in ticks] == sorted({row for row, _ in ticks})


@pytest.mark.parametrize(("value", "row"), [(99.0, 9), (101.0, 0), (100.0, 5), (1e9, -10), (-1e9, 20)])
def test_a_value_has_a_row_and_none_where_it_is_outside(value: float, row: int) -> None:
    assert Scale(99.0, 101.0).row(value, 10) == row


def test_a_price_that_does_not_move_lies_in_the_middle() -> None:
    assert scale_of(100.0, 100.0).row(100.0, 11) == 5
    assert math.isfinite(scale_of(0.0, 0.0).high)
