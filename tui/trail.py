"""A trail of prices: the newest of each step of time, in order, bounded. Each symbol leaves a coarse one and a fine one of late."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, TypeAlias

from scoring.feed import Value, read_number
from tui.instants import instant

Trail: TypeAlias = tuple[tuple[float, float], ...]
"""Seconds since 1970 and price, rising."""

PAST_LIMIT: Final = 720
"""Prices of the feed's own grid: an hour at 5 s, as many as it tells."""
RECENT_LIMIT: Final = 300
"""Prices of the last five minutes, one in a second."""


def with_points(past: Trail, points: Iterable[tuple[datetime, float]]) -> Trail:
    """Add points of the feed's grid; one that is known already is replaced.

    >>> with_points(((5.0, 1.0), (10.0, 2.0)), [(datetime.fromisoformat("1970-01-01T00:00:10Z"), 3.0)])
    ((5.0, 1.0), (10.0, 3.0))
    """
    new = sorted((at.timestamp(), price) for at, price in points)
    if not past or not new or new[0][0] > past[-1][0]:
        return (*past, *new)[-PAST_LIMIT:]
    return tuple(sorted({**dict(past), **dict(new)}.items()))[-PAST_LIMIT:]


def with_recent(recent: Trail, points: Iterable[tuple[float, float]]) -> Trail:
    """Add samples as seconds since 1970 and price: the last in each second stays, in whichever order they come.

    >>> with_recent(((5.0, 1.0), (6.5, 2.0)), [(5.5, 3.0), (6.0, 4.0)])
    ((5.5, 3.0), (6.5, 2.0))
    """
    by_second = {int(point[0]): point for point in recent}
    for point in points:
        known = by_second.get(int(point[0]))
        if known is None or point[0] >= known[0]:
            by_second[int(point[0])] = point
    return tuple(by_second[second] for second in sorted(by_second)[-RECENT_LIMIT:])


def with_sample(recent: Trail, cells: Mapping[str, Value]) -> Trail:
    """Add the price of a row of `risk_metrics`."""
    at, price = instant(cells.get("sampled_at")), read_number(cells.get("price"))
    if at is None or price is None:
        return recent
    sample = (at.timestamp(), price)
    if recent and sample[0] > recent[-1][0]:
        kept = recent[:-1] if int(sample[0]) == int(recent[-1][0]) else recent[-RECENT_LIMIT + 1 :]
        return (*kept, sample)
    return recent if sample in recent[-1:] else with_recent(recent, [sample])
