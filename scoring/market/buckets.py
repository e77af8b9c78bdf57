"""Trades gathered per step of the sampling grid, until the step is closed.

A step is named by the number of the instant that ends it: step k holds the trades with (k − 1) · grid < event time ≤ k · grid,
so that a trade exactly at an instant belongs to the sample at that instant. Trades may come out of order while their step is
open. The price of a step is that of its highest trade id (of equal ids, the one that came last), its sums are added in tape order.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Bucket(msgspec.Struct):
    """One step so far."""

    trade_id: int
    """Highest trade id, whose price and instant these are:"""
    price: float
    event_ns: int
    quote: float
    """Σ price × quantity."""
    base: float
    """Σ quantity."""
    repaired: int
    """Trades fetched after the fact."""


class Traded(NamedTuple):
    """Steps in which there were trades, in order."""

    step: Integers
    """int64[n], strictly rising."""
    price: Floats
    event_ns: Integers
    volumes: Floats
    """float64[3, n]: Σ price × quantity, Σ quantity, repaired trades."""


class Buckets:
    """The steps that are still open; bounded by the lateness they wait for."""

    def __init__(self) -> None:
        """Begin without trades."""
        self._open: dict[int, Bucket] = {}

    def add(self, step: int, trade_id: int, event_ns: int, price: float, quantity: float, repaired: bool) -> None:
        """Take one trade."""
        bucket = self._open.get(step)
        if bucket is None:
            self._open[step] = Bucket(trade_id, price, event_ns, price * quantity, quantity, int(repaired))
            return
        if trade_id >= bucket.trade_id:
            bucket.trade_id, bucket.price, bucket.event_ns = trade_id, price, event_ns
        bucket.quote += price * quantity
        bucket.base += quantity
        bucket.repaired += repaired

    def get(self, step: int) -> Bucket | None:
        """Give one step as it is, and keep it; None where it had no trade."""
        return self._open.get(step)

    def pop(self, step: int) -> Bucket | None:
        """Give one step, and forget it; None where it had no trade."""
        return self._open.pop(step, None)

    def take(self, through: int) -> Traded:
        """Give the steps up to `through`, and keep the rest."""
        steps = sorted(step for step in self._open if step <= through)
        return _columns(steps, [self._open.pop(step) for step in steps])

    def take_with(
        self,
        step: Integers,
        trade_id: Integers,
        event_ns: Integers,
        price: Floats,
        quantity: Floats,
        repaired: NDArray[np.bool_],
        through: int,
    ) -> Traded:
        """Take many trades, in tape order, and give the steps up to `through`: `add` for each, then `take`, without a loop."""
        known = sorted(self._open)
        before = [self._open[each] for each in known]
        carried = _columns(known, before)
        # What is known comes before the rows, so that sums go on from it and, of equal ids, the newer row wins.
        step = np.concatenate((carried.step, step))
        trade_id = np.concatenate((np.array([bucket.trade_id for bucket in before], np.int64), trade_id))
        ends, group = _grouped(step, trade_id)
        sums = np.zeros((3, len(ends)))
        for place, weights in enumerate((price * quantity, quantity, repaired)):
            if place < 2 or repaired.any() or carried.volumes[place].any():
                sums[place] = np.bincount(group, np.concatenate((carried.volumes[place], weights)))
        steps = step[ends]
        prices = np.concatenate((carried.price, price))[ends]
        events = np.concatenate((carried.event_ns, event_ns))[ends]
        cut = int(np.searchsorted(steps, through, side="right"))
        self._open = {
            at: Bucket(last, last_price, last_ns, quote, base, int(fetched))
            for at, last, last_price, last_ns, (quote, base, fetched) in zip(
                steps[cut:].tolist(),
                trade_id[ends[cut:]].tolist(),
                prices[cut:].tolist(),
                events[cut:].tolist(),
                sums[:, cut:].T.tolist(),
                strict=True,
            )
        }
        return Traded(steps[:cut], prices[:cut], events[:cut], sums[:, :cut])


def _columns(steps: list[int], buckets: list[Bucket]) -> Traded:
    volumes = [[bucket.quote for bucket in buckets], [bucket.base for bucket in buckets], [bucket.repaired for bucket in buckets]]
    return Traded(
        np.array(steps, np.int64),
        np.array([bucket.price for bucket in buckets], np.float64),
        np.array([bucket.event_ns for bucket in buckets], np.int64),
        np.array(volumes, np.float64),
    )


def _grouped(step: Integers, trade_id: Integers) -> tuple[Integers, Integers]:
    """Find the row with the highest id of each step, the newer of equals (int64[steps]), and number the step of each row (int64[n])."""
    moved = step[1:] != step[:-1]
    if (step[1:] >= step[:-1]).all() and (trade_id[1:] >= trade_id[:-1]).all():
        return np.append(np.flatnonzero(moved), len(step) - 1), np.concatenate(([0], np.cumsum(moved)))
    order = np.lexsort((trade_id, step))
    moved = step[order][1:] != step[order][:-1]
    group = np.empty(len(step), np.int64)
    group[order] = np.concatenate(([0], np.cumsum(moved)))
    return order[np.append(np.flatnonzero(moved), len(step) - 1)], group
