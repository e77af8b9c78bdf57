"""A sum that does not depend on how its terms were cut into batches.

Floating-point addition is not associative: `np.sum` adds in pairs, so its last bit moves with the length of the array. Adding
strictly one term after the other, on top of what was carried so far, gives the same bits for every cut, and the same as a
scalar loop.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def sequential_sum(carry: float, values: NDArray[np.float64]) -> float:
    """Add float64[n] to `carry`, one after the other. `values` is used up: it holds the running sums afterwards.

    >>> sequential_sum(0.1, np.array([0.2, 0.3])) == (0.1 + 0.2) + 0.3
    True
    """
    if not len(values):
        return carry
    values[0] = carry + values[0]
    return float(np.add.accumulate(values, out=values)[-1])


def sequential_sums(carry: tuple[float, float], first: NDArray[np.float64], second: NDArray[np.float64]) -> tuple[float, float]:
    """Do `sequential_sum` for two float64[n] at once, n > 0, at little more than the price of one.

    One addition waits for the one before, so most of the time is latency; the two parts of a complex number are added side by
    side and do not touch each other.
    """
    sums = np.empty(len(first), np.complex128)
    sums.real, sums.imag = first, second
    sums[0] = complex(carry[0] + first[0], carry[1] + second[0])
    last = np.add.accumulate(sums, out=sums)[-1]
    return float(last.real), float(last.imag)
