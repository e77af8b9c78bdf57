"""Trails of prices stay in order and bounded, whatever comes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from scoring.feed import Value
from tui.trail import PAST_LIMIT, RECENT_LIMIT, Trail, with_points, with_sample

START = datetime(2026, 8, 1, 12, tzinfo=UTC)
START_S = START.timestamp()


def points(*seconds: float, price: float = 2.0) -> list[tuple[datetime, float]]:
    return [(START + timedelta(seconds=second), price) for second in seconds]


def sample(second: float, price: Value = 2.0) -> dict[str, Value]:
    return {"sampled_at": (START + timedelta(seconds=second)).isoformat(), "price": price}


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [((5, 10), (0, 5, 10)), ((0,), (0,)), ((-5, 5), (-5, 0, 5)), ((), (0,))],
    ids=["newer", "revised", "older too", "none"],
)
def test_points_are_merged_in_order(seconds: tuple[float, ...], expected: tuple[float, ...]) -> None:
    trail = with_points(((START_S, 1.0),), points(*seconds))
    assert [at_s - START_S for at_s, _ in trail] == list(expected)
    assert dict(trail)[START_S] == (2.0 if 0 in seconds else 1.0)


def test_the_oldest_points_go() -> None:
    trail: Trail = with_points((), points(*range(2 * PAST_LIMIT)))
    assert len(trail) == PAST_LIMIT
    assert len(with_points(trail, points(9_999))) == PAST_LIMIT
    assert with_points(trail, points(9_999))[-1][0] == START_S + 9_999


def test_of_each_second_the_newest_price_stays() -> None:
    trail: Trail = ()
    for second, price in ((0.0, 1.0), (0.5, 2.0), (1.0, 3.0), (0.9, 9.0), (0.7, 8.0), (1.5, 4.0)):
        trail = with_sample(trail, sample(second, price))
    assert trail == ((START_S + 0.9, 9.0), (START_S + 1.5, 4.0))


def test_the_oldest_seconds_go() -> None:
    trail: Trail = ()
    for second in range(2 * RECENT_LIMIT):
        trail = with_sample(trail, sample(second))
    assert len(trail) == RECENT_LIMIT
    assert trail[-1][0] == START_S + 2 * RECENT_LIMIT - 1


@pytest.mark.parametrize("cells", [{}, {"sampled_at": "never", "price": 1.0}, sample(0, None), sample(0, "1")])
def test_a_row_without_instant_or_price_says_nothing(cells: dict[str, Value]) -> None:
    assert with_sample((), cells) == ()
