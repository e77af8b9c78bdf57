"""The mean of a value that stands until the next one comes: each value weighs as long as it stood.

Lengths of time are whole nanoseconds and add without error; values times lengths are added in order of time.
"""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from scoring.market.sequential_sum import sequential_sum


class TimeWeighted(msgspec.Struct):
    """A time-weighted mean in the making.

    >>> spread = TimeWeighted()
    >>> spread.add(2.0, 30)
    >>> spread.add(6.0, 10)
    >>> spread.mean(otherwise=0.0)
    3.0
    """

    total: float = 0.0
    """Σ value × length."""
    stood_ns: int = 0
    """Σ length, nanoseconds."""

    def add(self, value: float, length_ns: int) -> None:
        """Let a value stand for so long."""
        self.total += value * length_ns
        self.stood_ns += length_ns

    def add_columns(self, values: NDArray[np.float64], lengths_ns: NDArray[np.int64], stood_ns: int) -> None:
        """Let float64[n] stand for int64[n], one after the other, `stood_ns` in all: the same bits as `add` one by one."""
        self.total = sequential_sum(self.total, values * lengths_ns)
        self.stood_ns += stood_ns

    def mean(self, otherwise: float, standing: float = 0.0, standing_ns: int = 0) -> float:
        """Give the mean with one more value standing for `standing_ns`, or `otherwise` where no time has passed."""
        stood_ns = self.stood_ns + standing_ns
        return (self.total + standing * standing_ns) / stood_ns if stood_ns else otherwise
