"""The bookkeeping of windows of one width."""

import math

import numpy as np

from scoring.market.tumbling import NEVER_NS, TumblingWindows
from scoring.market.windows import TradeColumns

MOST_RUNS = 7


def traded(windows: TumblingWindows, index: int, volume: float) -> None:
    windows.open_window(index).add(0, 1, 1.0, volume, False, 1, False)


def test_windows_close_in_order_and_only_those_with_trades_are_given() -> None:
    windows = TumblingWindows(10, spike_windows=3, retained=5, most_runs=MOST_RUNS)
    for index in (4, 2, 7):
        traded(windows, index, 1.0)
    windows.open_window(3).late_rows += 1
    assert windows.open_window(3).late_rows == 1
    assert windows.next_close_ns == 30
    assert [window.index for window in windows.close(50)] == [2, 4]
    assert windows.next_close_ns == 80
    assert sorted(windows.open) == [7]
    assert [window.index for window in windows.close(80)] == [7]
    assert windows.next_close_ns == NEVER_NS


def test_closed_windows_are_kept_by_position_not_by_number() -> None:
    windows = TumblingWindows(10, spike_windows=3, retained=2, most_runs=MOST_RUNS)
    for index in (1, 4, 5):
        traded(windows, index, 1.0)
    list(windows.close(60))
    assert sorted(windows.closed) == [4, 5]
    assert [windows.is_revisable(index, 60) for index in (3, 4, 5)] == [False, True, True]


def test_usual_volume_is_the_mean_of_the_last_windows_that_had_trades() -> None:
    windows = TumblingWindows(10, spike_windows=2, retained=9, most_runs=MOST_RUNS)
    for index, volume in ((1, 8.0), (2, 2.0), (5, 4.0), (6, 1.0)):
        traded(windows, index, volume)
    closed = list(windows.close(70))
    assert math.isnan(closed[0].usual_volume)
    assert [window.usual_volume for window in closed[1:]] == [8.0, 5.0, 3.0]


def test_a_revision_changes_what_is_usual_after_it_and_not_its_own_measure() -> None:
    windows = TumblingWindows(10, spike_windows=5, retained=9, most_runs=MOST_RUNS)
    traded(windows, 1, 2.0)
    traded(windows, 2, 4.0)
    list(windows.close(30))
    window = windows.closed_window(2)
    window.add(0, 2, 1.0, 6.0, False, 1, True)
    windows.revise(window)
    assert window.revised
    assert window.usual_volume == 2.0
    assert windows.usual_volume(3) == 6.0
    assert windows.revisions() == [window]


def test_windows_after_a_revision_are_told_again_where_what_is_usual_before_them_has_changed() -> None:
    windows = TumblingWindows(10, spike_windows=2, retained=9, most_runs=MOST_RUNS)
    for index, volume in ((1, 2.0), (2, 4.0), (3, 6.0), (6, 1.0)):
        traded(windows, index, volume)
    list(windows.close(70))
    for late in (5, 2):
        window = windows.closed_window(late)
        window.add(0, 2, 1.0, 8.0, False, 1, True)
        windows.revise(window)
    assert sorted((window.index, window.usual_volume) for window in windows.revisions()) == [(2, 2.0), (3, 7.0), (5, 9.0), (6, 7.0)]
    for window in windows.revisions():
        window.revised = False
    windows.revise(windows.closed_window(2))
    assert [window.index for window in windows.revisions()] == [2]


def test_what_was_usual_before_every_window_kept_is_remembered_and_no_more() -> None:
    windows = TumblingWindows(10, spike_windows=2, retained=3, most_runs=MOST_RUNS)
    for index in range(20):
        traded(windows, index, float(index))
        list(windows.close(10 * (index + 1)))
    assert sorted(windows.closed) == [17, 18, 19]
    assert windows.usual_volume(17) == 15.5
    assert len(windows.volumes) == 5


def test_every_window_keeps_as_many_runs_as_is_asked() -> None:
    windows = TumblingWindows(10, spike_windows=2, retained=3, most_runs=MOST_RUNS)
    assert windows.open_window(3).most_runs == windows.closed_window(1).most_runs == MOST_RUNS


def test_a_window_that_had_no_trades_is_made_for_a_repair() -> None:
    windows = TumblingWindows(10, spike_windows=5, retained=9, most_runs=MOST_RUNS)
    traded(windows, 1, 2.0)
    traded(windows, 4, 100.0)
    list(windows.close(50))
    made = windows.closed_window(3)
    assert (made.rows, made.usual_volume) == (0, 2.0)
    assert windows.closed_window(3) is made


def test_trades_are_put_into_their_windows_whatever_their_order() -> None:
    windows = TumblingWindows(10, spike_windows=2, retained=3, most_runs=MOST_RUNS)
    ones = np.ones(3)
    trades = TradeColumns(np.zeros(3, np.int64), np.array([1, 2, 3]), np.array([5.0, 6.0, 7.0]), ones, ones, ones, np.ones(3, np.int64))
    windows.fill(np.array([4, 3, 4]), trades)
    assert {index: (window.rows, window.runs[-1].close) for index, window in windows.open.items()} == {3: (1, 6.0), 4: (2, 7.0)}
