"""One side of an order book: thousands of levels of which the best few are read after every update.

All levels live in a dict; the near ones also in a short sorted list, complete up to `_bound`. Most updates are far from the
best price and cost one dict access; near ones cost a bisection of some dozen numbers. The list is a cache: what is read never
depends on how long it happens to be.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np

Levels: TypeAlias = Sequence[tuple[float, float]]
"""(price, quantity) in any order."""

_NEAR: Final = 64
"""Levels in the sorted list after it was made; it is cut back when it has grown to twice as many."""


class Side:
    """Bids or asks."""

    __slots__ = ("_bound", "_largest", "_near", "_quantities", "_sign")

    def __init__(self, sign: int, largest: int) -> None:
        """Take −1 for bids or 1 for asks, and how many levels to keep."""
        self._sign = sign
        self._largest = largest
        self._quantities: dict[float, float] = {}  # by price × sign, so that the best level is always the smallest
        self._near: list[float] = []
        self._bound = math.inf

    def __len__(self) -> int:
        """Count the levels."""
        return len(self._quantities)

    def replace(self, levels: Levels) -> None:
        """Forget all levels and take these."""
        sign = self._sign
        self._quantities = {price * sign: quantity for price, quantity in levels if quantity}
        self._trim()
        self._renew()

    def apply(self, levels: Levels) -> None:
        """Set the quantity at each price; 0 removes the level."""
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
        if len(quantities) > self._largest * 5 // 4:  # a quarter of slack, so that sorting them all stays rare
            self._trim()
            self._renew()
        elif len(near) > 2 * _NEAR:
            del near[_NEAR:]
            self._bound = near[-1]

    def best(self, count: int) -> tuple[list[float], list[float]]:
        """Give prices and quantities of the best levels, NaN for levels that are not there; `count` is at most 64."""
        if len(self._near) < count and len(self._near) < len(self._quantities):
            self._renew()
        keys = self._near[:count]
        missing = [math.nan] * (count - len(keys))
        sign, quantities = self._sign, self._quantities
        return [key * sign for key in keys] + missing, [quantities[key] for key in keys] + missing

    def _trim(self) -> None:
        """Keep the best levels only."""
        if len(self._quantities) > self._largest:
            self._quantities = {key: self._quantities[key] for key in sorted(self._quantities)[: self._largest]}

    def _renew(self) -> None:
        self._near = sorted(self._quantities)[:_NEAR]
        self._bound = self._near[-1] if len(self._near) < len(self._quantities) else math.inf

    def __getstate__(self) -> tuple[int, int, bytes]:
        """Give the levels as packed floats: 16 bytes each."""
        keys = np.fromiter(self._quantities.keys(), np.float64)
        return self._sign, self._largest, np.concatenate((keys, np.fromiter(self._quantities.values(), np.float64))).tobytes()

    def __setstate__(self, state: tuple[int, int, bytes]) -> None:
        """Come back with the same levels."""
        self._sign, self._largest, packed = state
        keys, quantities = np.frombuffer(packed, np.float64).reshape(2, -1).tolist()
        self._quantities = dict(zip(keys, quantities, strict=True))
        self._renew()
