"""Trades of a window in the order of their ids, however they came.

A connection that was lost is repaired after the fact, and networks swap what they carry: trades of lower ids come after trades of
higher ones. Open, close and the deepest fall are matters of order, so a window keeps its trades as runs: stretches of ids without a
hole, each with its candle and its deepest fall, in order of ids. A trade goes to the end of the run it continues; one that
continues none begins a run; runs that have become neighbours are joined. Joining loses nothing: the deepest fall of two stretches
is the deepest of each, or that from the peak of the first to the low of the second. So a window that is whole has one run, with the
numbers the unbroken sequence gives. (To the last bit where peaks differ by more than rounding, as prices on a tick do.)
"""

from __future__ import annotations

from bisect import bisect_right
from functools import reduce

import msgspec


class Run(msgspec.Struct):
    """A stretch of trades with consecutive ids; made with its first trade."""

    first_id: int
    last_id: int
    open: float
    """Price of the lowest id, the first that came where ids repeat."""
    high: float
    """Also the running peak."""
    low: float
    close: float
    """Price of the highest id, the first that came where ids repeat."""
    fall: float = 0.0
    """The deepest fall below the running peak, as a fraction of the peak."""

    def add(self, trade_id: int, price: float) -> None:
        """Take a trade at the end; one whose id the run already spans leaves its ends as they are."""
        if trade_id > self.last_id:
            self.last_id = trade_id
            self.close = price
        if price < self.low:
            self.low = price
        if price >= self.high:
            self.high = price
        elif self.high > 0:
            fall = (self.high - price) / self.high
            if fall > self.fall:
                self.fall = fall


def begin_run(trade_id: int, price: float) -> Run:
    """Begin a run with its first trade."""
    return Run(trade_id, trade_id, price, price, price, price)


def join(earlier: Run, later: Run) -> Run:
    """Give what two runs are, one after the other.

    >>> falling, rising = Run(1, 4, open=10.0, high=12.0, low=9.0, close=9.0, fall=0.25), Run(5, 6, 6.0, 15.0, 6.0, 15.0)
    >>> join(falling, rising)
    Run(first_id=1, last_id=6, open=10.0, high=15.0, low=6.0, close=15.0, fall=0.5)
    """
    across = (earlier.high - later.low) / earlier.high if earlier.high > 0 else 0.0
    return Run(
        earlier.first_id,
        later.last_id,
        earlier.open,
        max(earlier.high, later.high),
        min(earlier.low, later.low),
        later.close,
        max(earlier.fall, later.fall, across),
    )


def join_all(runs: list[Run]) -> Run:
    """Give what runs are, one after the other; there is at least one."""
    return reduce(join, runs)


def place(runs: list[Run], trade_id: int, price: float, most: int) -> None:
    """Put a trade where its id belongs. Above `most` runs the lowest two become one, and the hole between them is forgotten.

    >>> runs: list[Run] = []
    >>> for trade_id in (7, 8, 11, 10, 9):
    ...     place(runs, trade_id, 1.0, most=9)
    ...     print([(run.first_id, run.last_id) for run in runs])
    [(7, 7)]
    [(7, 8)]
    [(7, 8), (11, 11)]
    [(7, 8), (10, 11)]
    [(7, 11)]
    """
    at = bisect_right(runs, trade_id, key=_first_id)
    if at and trade_id <= runs[at - 1].last_id + 1:
        at -= 1
        runs[at].add(trade_id, price)
    else:
        runs.insert(at, begin_run(trade_id, price))
    if at + 1 < len(runs) and runs[at].last_id + 1 == runs[at + 1].first_id:
        runs[at : at + 2] = [join(runs[at], runs[at + 1])]
    elif len(runs) > most:
        runs[:2] = [join(runs[0], runs[1])]


def _first_id(run: Run) -> int:
    return run.first_id
