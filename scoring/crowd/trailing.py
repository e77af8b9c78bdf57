"""How unusual a value is against its own trailing day.

Raw counts do not compare between assets: forty posts in five minutes are a quiet morning for one and a stampede for another. So
each value is sampled at every whole minute of event time, silence included, and a value is told in standard deviations from the
mean of the samples before it. Mean and deviation are worked out from the ring of samples, oldest first, once a minute at most:
nothing drifts, and a night of silence costs one fill.

A dead-quiet day has no deviation, and then the first post would be infinitely unusual; `least` says below which deviation a value
is not taken to vary at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Self

import numpy as np
from numpy.typing import NDArray


class Trailing:
    """The last `length` minute samples of several series, and the z-scores of values against them.

    >>> trailing = Trailing(length=1440, warm=2, least=[1.0])
    >>> trailing.fill(0, 1, [3.0])
    >>> trailing.scores([9.0])
    [nan]
    >>> trailing.fill(0, 3, [6.0])
    >>> trailing.scores([9.0]) == [(9.0 - 5.0) / sqrt(3.0)]
    True
    """

    def __init__(self, length: int, warm: int, least: Sequence[float]) -> None:
        """Begin without a sample. `warm` samples, at least 2, come before the first score; `least` is one deviation per series."""
        self.length = length
        self._warm = warm
        self._least = tuple(least)
        self._ring = np.zeros((len(self._least), length))
        self._next: int | None = None  # number of the minute that is sampled next
        self._count = 0
        self._moments: list[tuple[float, float]] | None = None

    def copy(self) -> Self:
        """Give samples that go their own way from here."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._ring = self._ring.copy()
        return other

    @property
    def warming(self) -> bool:
        """There are too few samples to compare with."""
        return self._count < self._warm

    def fill(self, first: int, stop: int, values: Sequence[float]) -> None:
        """Sample every minute up to and without `stop` that was not sampled before: each series had this value then.

        The very first sample is that of the minute `first`.
        """
        start = first if self._next is None else self._next
        self._next = max(start, stop)
        fresh = min(self._next - start, self.length)
        if fresh:
            self._ring[:, np.arange(self._next - fresh, self._next) % self.length] = np.array(values)[:, np.newaxis]
            self._count = min(self._count + fresh, self.length)
            self._moments = None

    def scores(self, values: Sequence[float]) -> list[float]:
        """Give (value − mean) / deviation of each series; NaN while warming."""
        if self.warming:
            return [float("nan")] * len(values)
        if self._moments is None:
            self._moments = [_moments(samples) for samples in self._samples()]
        return [
            (value - mean) / max(deviation, least)
            for value, (mean, deviation), least in zip(values, self._moments, self._least, strict=True)
        ]

    def _samples(self) -> NDArray[np.float64]:
        """Give the samples, oldest first (float64[series, count])."""
        end = self._next or 0
        samples: NDArray[np.float64] = self._ring[:, np.arange(end - self._count, end) % self.length]
        return samples


def _moments(samples: NDArray[np.float64]) -> tuple[float, float]:
    """Give mean and standard deviation (ddof = 1), summed one after the other."""
    mean = float(np.add.accumulate(samples)[-1]) / len(samples)
    squares = (samples - mean) * (samples - mean)
    return mean, sqrt(float(np.add.accumulate(squares)[-1]) / (len(samples) - 1))
