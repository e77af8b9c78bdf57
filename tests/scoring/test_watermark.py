"""The watermark: judged row by row, whatever the batches."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scoring.records import CLOCK_GRID_NS
from scoring.watermark import Watermark

ROWS = st.lists(st.tuples(st.integers(0, 10**10), st.integers(0, 10**9)), max_size=40)


def stamped(rows: list[tuple[int, int]]) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Turn (event, wait) pairs into event times and receive times that never go back."""
    events = np.array([event for event, _ in rows], np.int64)
    return events, np.cumsum(np.array([wait for _, wait in rows], np.int64))


@given(ROWS, st.lists(st.integers(0, 40), max_size=5))
def test_any_cut_judges_every_row_alike(rows: list[tuple[int, int]], cuts: list[int]) -> None:
    events, received = stamped(rows)
    whole = Watermark()
    expected = whole.advance(events, received)
    pieces, edges = Watermark(), sorted({0, len(rows), *(cut for cut in cuts if cut < len(rows))})
    found = [pieces.advance(events[a:b], received[a:b]) for a, b in itertools.pairwise(edges)]
    assert np.concatenate([*found, np.empty(0, np.int64)]).tolist() == expected.tolist()
    assert pieces.reached_ns == whole.reached_ns


@given(ROWS)
def test_one_row_at_a_time_is_the_same_arithmetic(rows: list[tuple[int, int]]) -> None:
    events, received = stamped(rows)
    columns, single = Watermark(), Watermark()
    expected = columns.advance(events, received).tolist()
    assert [single.advance_one(int(event), int(at)) for event, at in zip(events, received, strict=True)] == expected


def test_the_clock_moves_a_silent_symbol_on() -> None:
    watermark = Watermark(lateness_ns=10, idle_ns=3)
    watermark.tick(100)
    assert watermark.reached_ns == 97
    assert watermark.closed_ns == 87
    watermark.tick(50)
    assert watermark.reached_ns == 97


def test_a_row_is_judged_by_the_mark_its_receive_time_has_passed() -> None:
    watermark = Watermark(idle_ns=0)
    received = 3 * CLOCK_GRID_NS + 5
    assert watermark.advance(np.array([1], np.int64), np.array([received], np.int64)).tolist() == [3 * CLOCK_GRID_NS]
