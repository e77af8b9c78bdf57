"""The deepest fall below a running peak, as a fraction of the peak, for many windows in one pass.

Maxima are exact, so the peaks of a window may be taken over any cut of its rows. The running peak is what makes this a matter of
order: the same prices in another order fall less or more.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def deepest_falls(
    prices: NDArray[np.float64], starts: NDArray[np.intp], peaks: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the deepest fall (0 to 1) and the last peak of each segment, both float64[k].

    `prices` float64[n] in tape order; `starts` intp[k], strictly rising from 0, where each segment begins; `peaks` float64[k],
    the peak a segment starts below, -inf for none. A peak that is not above 0 has no fractions: nothing falls from it.

    >>> falls, peaks = deepest_falls(np.array([4.0, 5.0, 4.0, 8.0, 6.0]), np.array([0, 3]), np.array([-np.inf, 10.0]))
    >>> falls, peaks
    (array([0.2, 0.4]), array([ 5., 10.]))
    """
    running = np.empty_like(prices)
    bounds = [*starts.tolist(), len(prices)]
    for start, stop, peak in zip(bounds, bounds[1:], peaks.tolist(), strict=False):
        segment = running[start:stop]
        np.maximum.accumulate(prices[start:stop], out=segment)
        if peak > segment[0]:
            # A maximum may be taken in any order: the carried peak is laid over the segment.
            np.maximum(segment, peak, out=segment)
    falls = running - prices
    if running[starts].min() > 0:
        falls /= running
    else:
        falls = np.divide(falls, running, out=np.zeros_like(falls), where=running > 0)
    return np.maximum.reduceat(falls, starts), running[np.array(bounds[1:]) - 1]
