"""A trail of prices: the newest of each step of time, in order, bounded. Each symbol leaves a coarse one and a fine one of late."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, TypeAlias

from scoring.feed import Value, read_number
from tui.instants import instant

Trail: TypeAlias = tuple[tuple[float, float], ...]
"""Seconds since 1970 and price, rising."""

PAST_LIMIT: Final = 900
"""Prices of the feed's own grid: an hour and a quarter at 5 s."""
RECENT_LIMIT: Final = 300
"""Prices of the last five minutes."""
_RECENT_STEP_S: Final = 1.0


def with_points(past: Trail, points: Mapping[datetime, float]) -> Trail:
    """Add points of the feed's grid; one that is known already is replaced.

    >>> with_points(((5.0, 1.0), (10.0, 2.0)), {datetime.fromisoformat("1970-01-01T00:00:10Z"): 3.0})
    ((5.0, 1.0), (10.0, 3.0))
    """
    new = sorted((at.timestamp(), price) for at, price in points.items())
    if not past or not new or new[0][0] > past[-1][0]:
        return (*past, *new)[-PAST_LIMIT:]
    return tuple(sorted({**dict(past), **dict(new)}.items()))[-PAST_LIMIT:]


def with_sample(recent: Trail, cells: Mapping[str, Value]) -> Trail:
    """Add the price of a row of `risk_metrics`: the newest in each second; what is older than the last one is no news."""
    at, price = instant(cells.get("sampled_at")), read_number(cells.get("price"))
    if at is None or price is None:
        return recent
    at_s = at.timestamp()
    if not recent:
        return ((at_s, price),)
    if at_s <= recent[-1][0]:
        return recent
    same_second = at_s // _RECENT_STEP_S == recent[-1][0] // _RECENT_STEP_S
    kept = recent[:-1] if same_second else recent[-RECENT_LIMIT + 1 :]
    return (*kept, (at_s, price))
