"""Log returns that are the same on every machine.

A logarithm from a mathematics library differs in its last bit between processors, and a result here may not. So the logarithm
of a ratio close to 1 is summed as the series of the inverse hyperbolic tangent, from additions, multiplications and one
division only, each of which IEEE 754 rounds exactly, in a fixed order. The same lines work on a float and on a column, so the
two agree to the last bit by construction.
"""

from __future__ import annotations

from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

TERMS: Final = 14
"""Terms of the series: with 12 the rest is below the last bit of a double up to a ratio of 1.5, with 14 it is 2e-15 up to a ratio of 2."""

_COEFFICIENTS: Final = tuple(1.0 / (2 * term + 1) for term in reversed(range(TERMS)))

Numbers = TypeVar("Numbers", float, NDArray[np.float64])


def log_return(price: Numbers, previous: Numbers) -> Numbers:
    """Give ln(price / previous); both above 0.

    ln(p/q) = 2 artanh(z) = 2 (z + z³/3 + z⁵/5 + …) with z = (p − q) / (p + q). Full double precision for |z| ≤ 0.2 (a ratio of
    1.5), within 1e-13 of it for |z| ≤ 1/3 (a ratio of 2). Beyond that, which between two samples of a market does not happen,
    it stays finite, monotone and too small.

    >>> log_return(100.0, 100.0), log_return(101.0, 100.0)
    (0.0, 0.009950330853168082)
    """
    ratio = (price - previous) / (price + previous)
    square = ratio * ratio
    series = square * _COEFFICIENTS[0] + _COEFFICIENTS[1]
    for coefficient in _COEFFICIENTS[2:]:
        series = series * square + coefficient
    return 2.0 * ratio * series
