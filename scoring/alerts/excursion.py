"""Where a price went after an instant: how far it stood from its entry at the end, and how far it strayed on the way.

Beside `study`, which asks whether that means anything. All returns are fractions of the entry price, as a buyer sees them: `best`
is never below 0 and `worst` never above. What a recording does not hold is NaN, not zero: an entry without a fresh price, or a
horizon that reaches beyond the end.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Instants: TypeAlias = NDArray[np.int64]
Fractions: TypeAlias = NDArray[np.float64]


class Track(NamedTuple):
    """Prices of one symbol in one recording."""

    instants: Instants
    """int64[n], ascending, ns."""
    prices: NDArray[np.float64]
    """float64[n], above 0."""


class Excursions(NamedTuple):
    """What followed each of k instants, all float64[k]."""

    forward: Fractions
    """Return at the end of the horizon."""
    best: Fractions
    """Highest return on the way."""
    worst: Fractions
    """Lowest return on the way."""


def follow(track: Track, entries: Instants, horizon_ns: int, stale_ns: int) -> Excursions:
    """Measure what followed each entry; a price older than `stale_ns` is none.

    >>> track = Track(np.array([0, 10, 20]), np.array([100.0, 90.0, 105.0]))
    >>> [each.tolist() for each in follow(track, np.array([0, 15]), 20, 10)]
    [[0.05, nan], [0.05, nan], [-0.1, nan]]
    """
    result = Excursions(*(np.full(len(entries), np.nan) for _ in Excursions._fields))
    firsts = np.searchsorted(track.instants, entries, "right") - 1
    stops = np.searchsorted(track.instants, entries + horizon_ns, "right")
    for i, (entry_ns, first, stop) in enumerate(zip(entries.tolist(), firsts.tolist(), stops.tolist(), strict=True)):
        if first < 0 or entry_ns - track.instants[first] > stale_ns or entry_ns + horizon_ns > track.instants[-1]:
            continue
        way = track.prices[first:stop]
        for returns, price in zip(result, (way[-1], way.max(), way.min()), strict=True):
            returns[i] = (price - way[0]) / way[0]
    return result


def eligible(track: Track, avoid: Instants, apart_ns: int, horizon_ns: int) -> Instants:
    """Give the instants of a track that have a whole horizon before them and none of `avoid` within `apart_ns`."""
    instants: Instants = track.instants
    free = instants + horizon_ns <= instants[-1] if len(instants) else np.zeros(0, np.bool_)
    for avoided in avoid.tolist():
        free &= np.abs(instants - avoided) > apart_ns
    chosen: Instants = instants[free]
    return chosen
