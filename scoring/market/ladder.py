"""One side of an order book as sorted columns, and what a run of updates makes of it without a Python step per level.

The levels there were and the levels that the updates set are sorted together once. Then every price is a group: its quantity
after the run is the last one in the group. The best prices after each update are read from a table of prices by updates, and
that table is narrow: five levels that stay throughout the run bound how deep anybody has to look.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Indices: TypeAlias = NDArray[np.int64]

TOP_LEVELS: Final = 5
_ABSENT: Final = np.full(TOP_LEVELS, math.nan)
_STRIDE: Final = 32
"""Updates a table covers: the market moves, and with it how deep one has to look."""
_TRUE: Final = np.ones(1, np.bool_)
_RANKS: Final = np.arange(TOP_LEVELS)


class Ladder(msgspec.Struct, frozen=True):
    """Levels from the best one on, and at the end five that are not there: NaN is their price and their quantity."""

    keys: Floats
    """Price × sign, ascending, so that the best level is the smallest."""
    quantities: Floats

    def __len__(self) -> int:
        """Count the levels."""
        return len(self.keys) - TOP_LEVELS

    @classmethod
    def of(cls, quantities: Mapping[float, float]) -> Ladder:
        """Sort quantities by key."""
        keys = np.fromiter(quantities.keys(), np.float64, len(quantities))
        order = np.argsort(keys)
        found = np.fromiter(quantities.values(), np.float64, len(quantities))[order]
        return cls(np.concatenate((keys[order], _ABSENT)), np.concatenate((found, _ABSENT)))

    def run(self, keys: Floats, quantities: Floats, stops: Indices, limit: int) -> tuple[Ladder, Floats] | None:
        """Set levels, update by update; update i has those from `stops[i - 1]` up to `stops[i]`, and 0 removes a level.

        Gives the ladder after the last update, and keys and quantities of the best levels after each one (float64[n, 10]).
        Gives nothing where there might be more than `limit` levels at any time.
        """
        groups = _Groups(np.concatenate((self.keys, keys)), np.concatenate((self.quantities, quantities)), len(self.keys))
        if len(groups.starts) - TOP_LEVELS > limit:
            return None
        return groups.ladder(), groups.tops(stops)


class _Groups:
    """Levels before a run (the first `known` ones) and levels that it sets, in groups of one key each."""

    def __init__(self, keys: Floats, quantities: Floats, known: int) -> None:
        self.quantities = quantities
        self.known = known
        self.order = np.argsort(keys, kind="stable")  # so that each group is in tape order
        ordered = keys[self.order]
        self.is_first = np.concatenate((_TRUE, ordered[1:] != ordered[:-1]))  # NaN differs from NaN: each is a group
        self.starts = np.flatnonzero(self.is_first)
        self.keys = ordered[self.starts]

    def ladder(self) -> Ladder:
        """Give the levels after the run."""
        lasts = np.append(self.starts[1:], len(self.order)) - 1
        quantities = self.quantities[self.order[lasts]]
        stays = quantities != 0
        return Ladder(self.keys[stays], quantities[stays])

    def tops(self, stops: Indices) -> Floats:
        """Give keys and quantities of the best levels after each update."""
        held, groups, at = self._near()
        tops = np.empty((len(stops), 2 * TOP_LEVELS))
        quantities, ends = self.quantities[at], np.searchsorted(at, stops + self.known)
        start = 0
        for row in range(0, len(stops), _STRIDE):
            until = ends[row : row + _STRIDE]
            stop = int(until[-1])
            group, quantity = groups[start:stop], quantities[start:stop]
            self._fill(tops[row : row + _STRIDE], held, group, quantity, until - start)
            held[group] = quantity
            start = stop
        return tops

    def _near(self) -> tuple[Floats, Indices, Indices]:
        """Tell of the groups that can hold a best level, up to the fifth level that stays throughout the run.

        Gives their quantities before the run, and of the levels that set them the group and the place, in tape order.
        """
        smallest = np.minimum.reduceat(self.quantities[self.order], self.starts)
        is_known = self.order[self.starts] < self.known
        width = int(np.flatnonzero(is_known & ~(smallest <= 0))[TOP_LEVELS - 1]) + 1
        stop = self.starts[width] if width < len(self.starts) else len(self.order)
        places = self.order[:stop]
        groups = np.empty(len(self.order), np.int64)
        groups[places] = np.cumsum(self.is_first[:stop]) - 1
        places = np.sort(places)
        split = int(np.searchsorted(places, self.known))
        held = np.zeros(width)
        held[groups[places[:split]]] = self.quantities[places[:split]]
        return held, groups[places[split:]], places[split:]

    def _fill(self, tops: Floats, held: Floats, group: Indices, quantity: Floats, stops: Indices) -> None:
        """Read the best levels after each of a few updates off a table of all quantities that could be among them."""
        staying = held.copy()
        staying[group[quantity == 0]] = 0
        deepest = int(np.flatnonzero(staying != 0)[TOP_LEVELS - 1])
        at = np.flatnonzero(group <= deepest)
        counts = held[: deepest + 1] != 0
        counts[group[at]] = True
        columns = np.flatnonzero(counts)  # of the groups up to there those that have a quantity at any time
        width = len(columns)
        table = np.zeros((len(stops), width), np.int64)
        table[0] = np.arange(width)
        column = np.searchsorted(columns, group[at])
        table[np.searchsorted(stops, at, side="right"), column] = at + width  # the later one of two in one place
        quantities = np.concatenate((held[columns], quantity))[np.maximum.accumulate(table, axis=0)]
        found = np.flatnonzero(quantities != 0)  # of bools several times faster than of floats
        best = found[np.searchsorted(found, np.arange(len(stops)) * width)[:, np.newaxis] + _RANKS]
        tops[:, :TOP_LEVELS] = self.keys[columns[best % width]]
        tops[:, TOP_LEVELS:] = quantities.ravel()[best]
