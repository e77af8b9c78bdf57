"""The price on a grid: a sample at each instant, as old as the last trade at or before it.

A symbol is sampled from the step of its first trade. Between trades the last price is carried forward, until the symbol has been
silent for the longest horizon: then no window holds a trade any more and sampling stops, to begin afresh, with empty windows, at
the next trade. So one trade costs at most one horizon of samples, whatever its timestamp says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from scoring.market.buckets import Bucket, Traded
from scoring.market.measures import HORIZONS_NS, Measures

FEW: Final = 24
"""Up to so many samples the loop of `walk` is faster than the columns of `sample`; the result is the same."""

_NEVER: Final = -(1 << 62)


class Samples(NamedTuple):
    """Neighbouring samples, in order."""

    step: NDArray[np.int64]
    """int64[n], number of the instant."""
    price: NDArray[np.float64]
    event_ns: NDArray[np.int64]
    """int64[n], instant of the trade with that price."""
    measures: NDArray[np.float64]
    """float64[15, n]: `MEASURES`, and the repaired trades of the longest horizon."""


class Sampler:
    """Turns steps with trades into samples of every step."""

    def __init__(self, grid_ns: int, samples: int) -> None:
        """Begin before the first trade."""
        self._longest = HORIZONS_NS[-1] // grid_ns
        self._measures = Measures(grid_ns, samples)
        self._last = (_NEVER, 0.0, 0)  # step, price and instant of the last trade
        self._sampled = _NEVER

    def copy(self) -> Self:
        """Give a sampler that goes its own way from here."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._measures = self._measures.copy()
        return other

    def walk(self, steps: Iterable[int], bucket_of: Callable[[int], Bucket | None]) -> Samples | None:
        """Take the next steps one by one and give their samples; None where the symbol is silent."""
        found = []
        for step in steps:
            bucket = bucket_of(step)
            fresh = step - self._last[0] > self._longest
            if bucket is not None:
                if fresh:
                    self._measures.restart(bucket.price)
                self._last = (step, bucket.price, bucket.event_ns)
                volumes = (bucket.quote, bucket.base, float(bucket.repaired))
            elif fresh:
                continue
            else:
                volumes = (0.0, 0.0, 0.0)
            _, price, event_ns = self._last
            found.append((step, price, event_ns, self._measures.push(step, price, volumes)))
            self._sampled = step
        if not found:
            return None
        numbers, prices, events, measures = zip(*found, strict=True)
        columns = np.array(list(zip(*measures, strict=True)))
        return Samples(np.array(numbers, np.int64), np.array(prices, np.float64), np.array(events, np.int64), columns)

    def sample(self, through: int, traded: Traded) -> list[Samples]:
        """Take the trades of the steps after the last sample up to `through`, and give the samples up to there, run by run."""
        last_step, last_price, last_ns = self._last
        step = np.concatenate(([last_step], traded.step))
        price = np.concatenate(([last_price], traded.price))
        event_ns = np.concatenate(([last_ns], traded.event_ns))
        volumes = np.concatenate((np.zeros((3, 1)), traded.volumes), axis=1)
        begins = [0, *(np.flatnonzero(np.diff(step) > self._longest) + 1).tolist()]
        found = []
        for begin, end in zip(begins, [*begins[1:], len(step)], strict=True):
            if begin:
                self._measures.restart(price.item(begin))
            # A run's own first step is a trade, but for the first run: there it is the last trade of an earlier call.
            part = slice(begin, end)
            run = self._run(Traded(step[part], price[part], event_ns[part], volumes[:, part]), through)
            if run is not None:
                found.append(run)
        self._last = (step.item(-1), price.item(-1), event_ns.item(-1))
        return found

    def _run(self, traded: Traded, through: int) -> Samples | None:
        """Sample every step of one run after the last sample."""
        first = max(self._sampled + 1, traded.step.item(0))
        last = min(through, traded.step.item(-1) + self._longest)
        if last < first or traded.step.item(0) == _NEVER:
            return None
        self._sampled = last
        starts = np.maximum(traded.step, first)
        lengths = np.diff(starts, append=last + 1)
        prices = np.repeat(traded.price, lengths)
        volumes = np.zeros((3, last - first + 1))
        new = traded.step >= first
        volumes[:, starts[new] - first] = traded.volumes[:, new]
        return Samples(
            np.arange(first, last + 1), prices, np.repeat(traded.event_ns, lengths), self._measures.extend(first, prices, volumes)
        )
