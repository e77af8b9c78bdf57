"""How rows are cut into parts of one window, and which rows are late."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scoring.market.window_input import COLUMNAR_ROWS, Window, WindowInput, parts
from scoring.records import Column
from scoring.watermark import UNSET_NS

instants = st.lists(st.integers(0, 60), min_size=1).map(lambda values: np.array(values, np.int64))


class Arrivals(Window):
    """The receive times of a window."""

    received_ns: tuple[int, ...] = ()


class ArrivalWindows(WindowInput[Arrivals]):
    """Keeps receive times, and how many of them came as columns."""

    columnar_rows = 0

    def _new(self, start_ns: int) -> Arrivals:
        return Arrivals(start_ns)

    def _take_rows(self, columns: Mapping[str, Column], start: int, stop: int) -> None:
        for received_ns in columns["received_ns"][start:stop].tolist():
            window = self.admit(received_ns)
            if window is not None:
                window.received_ns += (received_ns,)

    def _take_columns(self, columns: Mapping[str, Column], start: int, stop: int) -> None:
        self.columnar_rows += stop - start
        received_ns = columns["received_ns"][start:stop].tolist()
        self.window_at(received_ns[0]).received_ns += tuple(received_ns)


@given(instants, st.sampled_from([UNSET_NS, 0, 25, 60]), st.integers(1, 40))
def test_parts_cover_every_row_once_and_keep_what_they_promise(received_ns: Column, reached_ns: int, width_ns: int) -> None:
    found = list(parts(received_ns, reached_ns, width_ns))
    assert [found[0][0], *(stop for _, stop, _ in found)] == [0, *(start for start, _, _ in found[1:]), len(received_ns)]
    for start, stop, in_order in found:
        part = received_ns[start:stop].tolist()
        assert part == sorted(part)
        assert part
        if in_order:
            assert part[0] >= reached_ns
            assert part[0] // width_ns == part[-1] // width_ns
        else:
            assert part[-1] < reached_ns
        reached_ns = max(reached_ns, part[-1])


def test_rows_in_order_are_cut_at_the_borders_of_windows_alone() -> None:
    found = list(parts(np.arange(100, 400), UNSET_NS, 100))
    assert found == [(0, 100, True), (100, 200, True), (200, 300, True)]


def test_a_row_is_late_once_its_window_has_ended_as_long_ago_as_is_allowed() -> None:
    side = ArrivalWindows(width_ns=30, lateness_ns=10)
    side.take({"received_ns": np.array([5, 39, 6, 40, 7, 31])})
    assert {start: (window.received_ns, window.late_rows) for start, window in side.windows.items()} == {
        0: ((5, 6), 0),
        30: ((39, 40, 31), 1),
    }


def test_a_mark_of_the_clock_closes_what_no_row_has_passed() -> None:
    side = ArrivalWindows(width_ns=30, lateness_ns=10)
    side.watermark.tick(99)
    side.take({"received_ns": np.array([59, 60])})
    assert {start: (window.received_ns, window.late_rows) for start, window in side.windows.items()} == {90: ((), 1), 60: ((60,), 0)}


@given(st.lists(st.integers(-8, 9), min_size=1, max_size=30), st.lists(st.integers(0, 600)))
def test_windows_and_late_rows_are_the_same_for_every_cut(steps: list[int], cuts: list[int]) -> None:
    received_ns = np.repeat(np.cumsum(np.array(steps) * 7), 20) + 1_000
    whole, cut = ArrivalWindows(30, 10), ArrivalWindows(30, 10)
    whole.take({"received_ns": received_ns})
    for start, stop in pairwise(sorted({0, len(received_ns), *(c for c in cuts if c < len(received_ns))})):
        cut.take({"received_ns": received_ns[start:stop]})
    assert whole.windows == cut.windows
    assert whole.watermark == cut.watermark


def test_long_parts_are_taken_as_columns_and_short_ones_row_by_row() -> None:
    side = ArrivalWindows(width_ns=1_000, lateness_ns=10)
    side.take({"received_ns": np.arange(COLUMNAR_ROWS - 1)})
    assert side.columnar_rows == 0
    side.take({"received_ns": np.concatenate([np.arange(100, 100 + COLUMNAR_ROWS), [50], np.arange(200, 205)])})
    assert side.columnar_rows == COLUMNAR_ROWS
