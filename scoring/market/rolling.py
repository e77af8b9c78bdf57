"""Sliding windows that never drift: sums, and the largest drawdown, over the last n samples of a grid.

A running sum that adds what enters and subtracts what leaves keeps the rounding errors of everything it ever saw, and its
result depends on where it began. Here nothing is subtracted. The grid is cut into blocks of n samples at multiples of n of the
absolute sample number, and a window that ends inside a block is the end of the block before it (a suffix, folded from its right)
with the beginning of this block (a prefix, folded from its left): van Herk's method, also known as two stacks. So a result is a
function of the samples in the window and of their absolute numbers alone, and windows of zeros sum to exactly zero.

The ring of n places holds, at and before the current place, this block's samples as they came, and behind it the suffixes of the
block before: a sample overwrites the suffix that has just been used for the last time. Each window takes one sample (`push`) or
many (`extend`), by the same additions in the same order. Sources: van Herk (1992), Gil and Werman (1993).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray


class RollingSums:
    """Sums of several series over the last `length` samples; samples before the first count as 0.

    >>> window = RollingSums(1, 3)
    >>> [window.push(number, [value])[0] for number, value in enumerate([1.0, 2.0, 3.0, 4.0], start=7)]
    [1.0, 3.0, 6.0, 9.0]
    """

    def __init__(self, series: int, length: int) -> None:
        """Begin without samples."""
        self.length = length
        self._ring = np.zeros((series, length))
        self._prefix = [0.0] * series

    def restart(self) -> None:
        """Forget every sample."""
        self._ring.fill(0.0)
        self._prefix = [0.0] * len(self._prefix)

    def copy(self) -> Self:
        """Give a window that goes its own way from here."""
        other = type(self)(len(self._prefix), self.length)
        other._ring[:] = self._ring
        other._prefix = self._prefix
        return other

    def push(self, number: int, values: Sequence[float]) -> list[float]:
        """Take sample `number` (one above the last, unless restarted) and give each series' sum over the window that it ends."""
        place = number % self.length
        ring = self._ring
        self._prefix = prefix = [before + value for before, value in zip(self._prefix, values, strict=True)] if place else list(values)
        if place == self.length - 1:
            ring[:, place] = values
            ring[:] = np.add.accumulate(ring[:, ::-1], axis=1)[:, ::-1]
            return prefix
        sums = []
        for row, value in enumerate(values):
            sums.append(prefix[row] + ring.item(row, place + 1))
            ring[row, place] = value
        return sums

    def extend(self, start: int, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Take samples `start`, `start` + 1, … (float64[series, m], m > 0) and give the sums at each of them (float64[series, m])."""
        series, count = values.shape
        first = start % self.length
        if first and first + count < self.length:
            return self._extend_inside(first, values)
        blocks = np.zeros((series, -(-(first + count) // self.length), self.length))
        flat = blocks.reshape(series, -1)
        flat[:, :first] = self._ring[:, :first]
        flat[:, first : first + count] = values
        prefixes = np.add.accumulate(blocks, axis=2)
        suffixes = np.add.accumulate(blocks[:, :, ::-1], axis=2)[:, :, ::-1]
        before = np.zeros_like(blocks)
        before[:, 0, :-1] = self._ring[:, 1:]
        before[:, 1:, :-1] = suffixes[:, :-1, 1:]
        last = (first + count - 1) % self.length
        self._prefix = prefixes[:, -1, last].tolist()
        _refill(self._ring, blocks, suffixes, last)
        sums: NDArray[np.float64] = (prefixes + before).reshape(series, -1)[:, first : first + count]
        return sums

    def _extend_inside(self, first: int, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Do what `extend` does where the samples neither begin nor end a block."""
        stop = first + values.shape[1]
        prefixes = np.add.accumulate(np.concatenate((np.array(self._prefix)[:, np.newaxis], values), axis=1), axis=1)[:, 1:]
        sums: NDArray[np.float64] = prefixes + self._ring[:, first + 1 : stop + 1]
        self._ring[:, first:stop] = values
        self._prefix = prefixes[:, -1].tolist()
        return sums


class RollingDrawdown:
    """The largest fall below the running peak, as a fraction of the peak, over the last `length` prices.

    Prices before the first count as equal to it, which changes no drawdown. Two neighbouring stretches combine to the largest of
    the fall inside the left, the fall inside the right, and the fall from the left's highest price to the right's lowest.

    >>> window = RollingDrawdown(3)
    >>> window.restart(100.0)
    >>> [window.push(number, price) for number, price in enumerate([100.0, 90.0, 99.0, 99.0])]
    [0.0, 0.1, 0.1, 0.0]
    """

    def __init__(self, length: int) -> None:
        """Begin without prices: `restart` comes first."""
        self.length = length
        self._ring = np.ones((2, length))  # prices, then highest prices of suffixes; unused, then falls of suffixes
        self._high = self._low = 1.0
        self._fall = 0.0

    def restart(self, price: float) -> None:
        """Forget every price, as if it had always been this one."""
        self._ring[0] = price
        self._ring[1] = 0.0
        self._high = self._low = price
        self._fall = 0.0

    def copy(self) -> Self:
        """Give a window that goes its own way from here."""
        other = type(self)(self.length)
        other._ring[:] = self._ring
        other._high, other._low, other._fall = self._high, self._low, self._fall
        return other

    def push(self, number: int, price: float) -> float:
        """Take sample `number` (one above the last, unless restarted) and give the drawdown over the window that it ends."""
        place = number % self.length
        if place == 0:
            self._high = self._low = price
            self._fall = 0.0
        else:
            self._high = max(self._high, price)
            self._low = min(self._low, price)
            self._fall = max(self._fall, (self._high - price) / self._high)
        self._ring[0, place] = price
        if place == self.length - 1:
            highs, falls = _suffixes(self._ring[0])
            self._ring[0], self._ring[1] = highs, falls
            return self._fall
        peak, fall = self._ring.item(0, place + 1), self._ring.item(1, place + 1)
        return max(self._fall, fall, (peak - self._low) / peak)

    def extend(self, start: int, prices: NDArray[np.float64]) -> NDArray[np.float64]:
        """Take samples `start`, `start` + 1, … (float64[m], m > 0) and give the drawdown at each of them (float64[m])."""
        count = len(prices)
        first = start % self.length
        blocks = np.full((-(-(first + count) // self.length), self.length), prices[-1])
        flat = blocks.reshape(-1)
        flat[:first] = self._ring[0, :first]
        flat[first : first + count] = prices
        highs = np.maximum.accumulate(blocks, axis=1)
        lows = np.minimum.accumulate(blocks, axis=1)
        falls = np.maximum.accumulate((highs - blocks) / highs, axis=1)
        suffixes = np.stack(_suffixes(blocks))
        before = np.stack((highs, falls))  # in the last place of a block there is nothing before: its own prefix changes nothing
        before[:, 0, :-1] = self._ring[:, 1:]
        before[:, 1:, :-1] = suffixes[:, :-1, 1:]
        last = (first + count - 1) % self.length
        self._high, self._low, self._fall = float(highs[-1, last]), float(lows[-1, last]), float(falls[-1, last])
        _refill(self._ring, np.stack((blocks, np.zeros_like(blocks))), suffixes, last)
        worst = np.maximum(np.maximum(falls, before[1]), (before[0] - lows) / before[0])
        # A whole block is its prefix, and nothing but its prefix.
        worst[:, -1] = falls[:, -1]
        result: NDArray[np.float64] = worst.reshape(-1)[first : first + count]
        return result


def _suffixes(prices: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the highest price and the drawdown from each place to the end of its block (the last axis)."""
    backwards = prices[..., ::-1]
    lows = np.minimum.accumulate(backwards, axis=-1)
    highs = np.maximum.accumulate(backwards, axis=-1)
    falls = np.maximum.accumulate((backwards - lows) / backwards, axis=-1)
    return highs[..., ::-1], falls[..., ::-1]


def _refill(ring: NDArray[np.float64], blocks: NDArray[np.float64], suffixes: NDArray[np.float64], last: int) -> None:
    """Leave in the ring what the place `last` of the last block leaves: its samples up to there, the suffixes before behind it."""
    if last == ring.shape[1] - 1:
        ring[:] = suffixes[:, -1]
        return
    if blocks.shape[1] > 1:
        ring[:, last + 1 :] = suffixes[:, -2, last + 1 :]
    ring[:, : last + 1] = blocks[:, -1, : last + 1]
