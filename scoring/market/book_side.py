"""One side of an order book: thousands of levels of which the best few are read after every update.

It has two forms and takes the one that what comes next asks for. A few updates, as they come live, find all levels in a dict
and the near ones also in a short sorted list, complete up to `_bound`: most updates are far from the best price and cost one
dict access; near ones cost a bisection of some dozen numbers. Many updates at once find a `Ladder`. Both give the same.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np

from scoring.market.ladder import TOP_LEVELS, Floats, Indices, Ladder

Levels: TypeAlias = Sequence[Sequence[float]]
"""(price, quantity) in any order."""

_NEAR: Final = 64
"""Levels in the sorted list after it was made; it is cut back when it has grown to twice as many."""
_FEW: Final = 12
"""Fewer updates than these are applied one by one."""
_MANY: Final = 256
"""More updates than these are halved: that is where a ladder is fastest."""


class Side:
    """Bids or asks."""

    __slots__ = ("_bound", "_ladder", "_largest", "_near", "_quantities", "_sign")

    def __init__(self, sign: int, largest: int) -> None:
        """Take −1 for bids or 1 for asks, and how many levels to keep."""
        self._sign = sign
        self._largest = largest
        self._quantities: dict[float, float] = {}  # by price × sign, so that the best level is always the smallest
        self._near: list[float] = []
        self._bound = math.inf
        self._ladder: Ladder | None = None  # where it is there, the dict and the list are not

    def __len__(self) -> int:
        """Count the levels."""
        return len(self._quantities if self._ladder is None else self._ladder)

    def replace(self, levels: Levels) -> None:
        """Forget all levels and take these."""
        sign = self._sign
        self._ladder = None
        self._quantities = {price * sign: quantity for price, quantity in levels if quantity}
        self._trim()
        self._renew()

    def apply(self, levels: Levels) -> None:
        """Set the quantity at each price; 0 removes the level."""
        self._loosen()
        sign, quantities, near, bound = self._sign, self._quantities, self._near, self._bound
        for price, quantity in levels:
            key = price * sign
            if not quantity:
                if quantities.pop(key, None) is not None and key <= bound:
                    del near[bisect_left(near, key)]
            elif key in quantities:
                quantities[key] = quantity
            else:
                quantities[key] = quantity
                if key <= bound:
                    insort(near, key)
        if len(quantities) > self._limit:
            self._trim()
            self._renew()
        elif len(near) > 2 * _NEAR:
            del near[_NEAR:]
            self._bound = near[-1]

    def best(self, count: int) -> tuple[list[float], list[float]]:
        """Give prices and quantities of the best levels, NaN for levels that are not there; `count` is at most 64."""
        self._loosen()
        if len(self._near) < count and len(self._near) < len(self._quantities):
            self._renew()
        keys = self._near[:count]
        missing = [math.nan] * (count - len(keys))
        sign, quantities = self._sign, self._quantities
        return [key * sign for key in keys] + missing, [quantities[key] for key in keys] + missing

    def run(self, levels: Floats, stops: Indices) -> Floats:
        """Apply updates one after the other; update i has the levels (float64[m, 2]) `levels[stops[i - 1] : stops[i]]`.

        Gives float64[n, 10]: the five best prices and their quantities after each, NaN for levels that are not there.
        """
        count = len(stops)
        if count < _FEW:
            return self._run_one_by_one(levels.tolist(), stops.tolist())
        if count <= _MANY:
            self._ladder = self._laid_out()
            found = self._ladder.run(levels[:, 0] * self._sign, levels[:, 1], stops, self._limit)
            if found:
                self._ladder, top = found
                top[:, :TOP_LEVELS] *= self._sign
                return top
        half = count // 2
        middle = stops[half - 1]
        return np.concatenate((self.run(levels[:middle], stops[:half]), self.run(levels[middle:], stops[half:] - middle)))

    def _run_one_by_one(self, levels: Levels, stops: list[int]) -> Floats:
        rows, start = [], 0
        for stop in stops:
            self.apply(levels[start:stop])
            prices, quantities = self.best(TOP_LEVELS)
            rows.append(prices + quantities)
            start = stop
        return np.array(rows)

    @property
    def _limit(self) -> int:
        """From here on levels are dropped: a quarter of slack, so that sorting them all stays rare."""
        return self._largest * 5 // 4

    def _trim(self) -> None:
        """Keep the best levels only."""
        if len(self._quantities) > self._largest:
            self._quantities = {key: self._quantities[key] for key in sorted(self._quantities)[: self._largest]}

    def _renew(self) -> None:
        self._near = sorted(self._quantities)[:_NEAR]
        self._bound = self._near[-1] if len(self._near) < len(self._quantities) else math.inf

    def _laid_out(self) -> Ladder:
        """Give the form for many updates."""
        return Ladder.of(self._quantities) if self._ladder is None else self._ladder  # an empty one is one too

    def _loosen(self) -> None:
        """Take the form for a few updates."""
        if self._ladder is not None:
            count, ladder, self._ladder = len(self._ladder), self._ladder, None
            self._quantities = dict(zip(ladder.keys[:count].tolist(), ladder.quantities[:count].tolist(), strict=True))
            self._renew()

    def __getstate__(self) -> tuple[int, int, bytes]:
        """Give the levels as packed floats: 16 bytes each."""
        ladder = self._laid_out()
        return self._sign, self._largest, np.concatenate((ladder.keys, ladder.quantities)).tobytes()

    def __setstate__(self, state: tuple[int, int, bytes]) -> None:
        """Come back with the same levels."""
        self._sign, self._largest, packed = state
        keys, quantities = np.frombuffer(packed, np.float64).reshape(2, -1)
        self._ladder = Ladder(keys, quantities)
        self._loosen()
