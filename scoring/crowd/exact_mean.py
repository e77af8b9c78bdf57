"""A mean that values enter and leave without a trace: exact inside, rounded once when it is read.

A running sum of floats that adds and subtracts keeps the rounding errors of everything it ever saw, and its last bit depends on
the order. Every float64 is a whole multiple of the smallest one, 2^-1074, so the sum is kept as a whole number of those: Python's
integers have no end, and one of this width is added in some 50 ns. So a mean is a function of the values in it and of nothing else.
"""

from __future__ import annotations

from typing import Final, Self

_SMALLEST_BITS: Final = 1074
"""2^-1074 is the smallest float64 above 0 (IEEE 754)."""


class ExactMean:
    """Mean of a changing collection of finite numbers.

    >>> scores = ExactMean()
    >>> for score in (1e-17, 1.0, 0.5):
    ...     scores.add(score)
    >>> scores.remove(1.0), scores.remove(0.5)
    (None, None)
    >>> scores.mean()
    1e-17
    """

    def __init__(self) -> None:
        """Begin without a number."""
        self.count = 0
        self._sum = 0

    def copy(self) -> Self:
        """Give a mean that goes its own way from here."""
        other = type(self)()
        other.count, other._sum = self.count, self._sum
        return other

    def add(self, value: float) -> None:
        """Take a number in.

        Raises:
            ValueError: it is NaN.
            OverflowError: it is infinite.
        """
        self._sum += _multiple(value)
        self.count += 1

    def remove(self, value: float) -> None:
        """Take out a number that is in."""
        self._sum -= _multiple(value)
        self.count -= 1

    def mean(self) -> float:
        """Give the exact mean, rounded to the nearest float64; NaN without a number."""
        return self._sum / (self.count << _SMALLEST_BITS) if self.count else float("nan")


def _multiple(value: float) -> int:
    """Say how many times the smallest float64 a number is."""
    numerator, denominator = value.as_integer_ratio()
    return numerator << (_SMALLEST_BITS + 1 - denominator.bit_length())
