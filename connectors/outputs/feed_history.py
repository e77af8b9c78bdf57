"""Prices of one symbol, thinned to a grid of event time: what the small line of a screen is drawn from.

Each step of the grid keeps its last price. A client is told the points that changed since it last asked, so a screen that joins
late and one that was slow draw the same line.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scoring.feed import PricePoints, moment
from scoring.records import NANOSECONDS_PER_SECOND

_SLACK: Final = 2
"""Old points are cut off when there are this many times too many, not at each new one."""


class PriceHistory:
    """At most `limit` points are told, of a grid of `step_ns`."""

    __slots__ = ("_limit", "_points", "_sequence", "_step_ns", "_symbol")

    def __init__(self, symbol: str, step_ns: int, limit: int) -> None:
        """Start empty."""
        self._symbol = symbol
        self._step_ns = step_ns
        self._limit = limit
        self._points: dict[int, tuple[float, int]] = {}
        """Step of the grid → price and the number it was put under, in the order of the last change."""
        self._sequence = 0

    def put(self, sampled_ns: NDArray[np.int64], price: NDArray[np.float64], sequence: int) -> None:
        """Take samples in order of their instants (int64[n], float64[n]) under a number that rises with each change."""
        self._sequence = sequence
        if len(price) == 1:
            self._put(int(sampled_ns[0]) // self._step_ns, float(price[0]), sequence)
        else:
            steps = sampled_ns // self._step_ns
            last_of_step = np.append(np.flatnonzero(steps[1:] != steps[:-1]), len(steps) - 1)[-self._limit :]
            for step, value in zip(steps[last_of_step].tolist(), price[last_of_step].tolist(), strict=True):
                self._put(step, value, sequence)
        if len(self._points) > _SLACK * self._limit:
            oldest_kept = sorted(self._points)[-self._limit]
            self._points = {step: point for step, point in self._points.items() if step >= oldest_kept}

    def _put(self, step: int, price: float, sequence: int) -> None:
        if math.isfinite(price):
            self._points.pop(step, None)
            self._points[step] = (price, sequence)

    def since(self, sequence: int) -> PricePoints | None:
        """Give the points put under a later number; None where there is none."""
        if sequence >= self._sequence:
            return None
        fresh: list[int] = []
        for step, (_, changed) in reversed(self._points.items()):
            if changed <= sequence:
                break
            fresh.append(step)
        fresh = sorted(fresh)[-self._limit :]
        if not fresh:
            return None
        return PricePoints(
            symbol=self._symbol,
            step_s=self._step_ns / NANOSECONDS_PER_SECOND,
            at=[moment(step * self._step_ns) for step in fresh],
            price=[self._points[step][0] for step in fresh],
        )
