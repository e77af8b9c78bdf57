"""Scores as whole numbers, so that sums of them neither drift nor depend on an order.

A running sum of floats that adds and subtracts keeps the rounding errors of everything it ever saw. A score is at most 1, so as a
multiple of 2^-100 it is a whole number, and exactly so unless it is smaller than 2^-47 in size: what is finer is cut off. Sums of
these are exact, and a mean is rounded once, when it is read: a function of the scores in it and of nothing else.
"""

from __future__ import annotations

from typing import Final

_BITS: Final = 100
_SCALE: Final = float(1 << _BITS)


def to_fixed(score: float) -> int:
    """Count the multiples of 2^-100 in a score.

    Raises:
        ValueError: it is NaN.
        OverflowError: it is infinite.
    """
    return int(score * _SCALE)


def mean_of(total: int, count: int) -> float:
    """Give the mean of `count` scores with this sum, rounded to the nearest float64; NaN without a score.

    >>> total = to_fixed(0.1) + to_fixed(1e-14) + to_fixed(-0.1)
    >>> mean_of(total, 1)
    1e-14
    """
    return total / (count << _BITS) if count else float("nan")
