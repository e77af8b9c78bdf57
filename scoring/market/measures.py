"""The rolling risk of one unbroken run of samples: volatility, drawdown, momentum and volume-weighted prices.

A run begins with a trade and holds one sample per step of the grid until the symbol has been silent for too long. All its windows
are fed here together, one step at a time (`push`) or many at once (`extend`) with the same arithmetic, so that a live symbol pays
microseconds for a step and a replay pays them for a thousand.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from scoring.market.returns import log_return
from scoring.market.rolling import RollingDrawdown, RollingSums
from scoring.records import NANOSECONDS_PER_SECOND

SECOND_NS: Final = NANOSECONDS_PER_SECOND
"""Step of the samples behind the volatilities over minutes, which are per second."""

HORIZONS_NS: Final = (60 * SECOND_NS, 300 * SECOND_NS, 900 * SECOND_NS)
"""1, 5 and 15 minutes: what volatilities, momenta and volume-weighted prices look back over."""

ANNUAL: Final = math.sqrt(365 * 86_400)
"""A volatility per second times this is one per year: markets that never close have 365 days of 86 400 seconds."""

MEASURES: Final = (
    "volatility",
    "drawdown",
    "volatility_1m",
    "volatility_5m",
    "volatility_15m",
    "volatility_1m_annualised",
    "volatility_5m_annualised",
    "volatility_15m_annualised",
    "momentum_1m",
    "momentum_5m",
    "momentum_15m",
    "vwap_1m",
    "vwap_5m",
    "vwap_15m",
)
"""What is measured at each sample, in order; the names of `records.RiskMetrics`."""

Floats = NDArray[np.float64]


class Measures:
    """All windows of one run; `restart` comes first."""

    def __init__(self, grid_ns: int, samples: int) -> None:
        """Begin without samples, on a grid that divides a second, with windows of `samples` for volatility and drawdown."""
        steps = [horizon // grid_ns for horizon in HORIZONS_NS]
        self._per_second = SECOND_NS // grid_ns
        self._fluctuation = RollingSums(2, samples - 1)  # n samples hold n − 1 returns
        self._drawdown = RollingDrawdown(samples)
        self._fluctuations = [RollingSums(2, horizon // SECOND_NS) for horizon in HORIZONS_NS]
        self._volumes = [RollingSums(3, step) for step in steps]
        self._steps = steps
        self._history = np.full(steps[-1], np.nan)
        self.restart(math.nan)

    def restart(self, price: float) -> None:
        """Forget every sample; the next one has this price."""
        self._taken = 0
        self._seconds = 0
        self._price = price
        self._price_of_second = math.nan
        self._held = [math.nan] * len(HORIZONS_NS)
        self._history.fill(math.nan)
        self._drawdown.restart(price)
        for window in (self._fluctuation, *self._fluctuations, *self._volumes):
            window.restart()

    def copy(self) -> Self:
        """Give a run that goes its own way from here."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._fluctuation = self._fluctuation.copy()
        other._drawdown = self._drawdown.copy()
        other._fluctuations = [window.copy() for window in self._fluctuations]
        other._volumes = [window.copy() for window in self._volumes]
        other._history = self._history.copy()
        other._held = list(self._held)
        return other

    def push(self, number: int, price: float, volumes: Sequence[float]) -> list[float]:
        """Take the sample at step `number`, with its Σ price × quantity, Σ quantity and repaired trades.

        Gives `MEASURES` at it, and after them the repaired trades of the longest horizon.
        """
        change = log_return(price, self._price)
        total, squares = self._fluctuation.push(number, (change, change * change))
        volatility = _deviation(min(self._taken, self._fluctuation.length), total, squares)
        if number % self._per_second == 0:
            self._push_second(number // self._per_second, price)
        past = [self._history.item((number - step) % len(self._history)) for step in self._steps]
        self._history[number % len(self._history)] = price
        self._taken += 1
        self._price = price
        sums = [window.push(number, volumes) for window in self._volumes]
        return [
            volatility,
            self._drawdown.push(number, price),
            *self._held,
            *[each * ANNUAL for each in self._held],
            *[(price - old) / old for old in past],
            *[quote / base if base > 0 else math.nan for quote, base, _ in sums],
            sums[-1][2],
        ]

    def _push_second(self, second: int, price: float) -> None:
        change = log_return(price, self._price_of_second) if self._seconds else 0.0
        for place, window in enumerate(self._fluctuations):
            total, squares = window.push(second, (change, change * change))
            self._held[place] = _deviation(min(self._seconds, window.length), total, squares)
        self._seconds += 1
        self._price_of_second = price

    def extend(self, start: int, prices: Floats, volumes: Floats) -> Floats:
        """Take the samples at steps `start`, `start` + 1, … (float64[m], float64[3, m], m > 0): `push` for each.

        Gives float64[15, m].
        """
        count = len(prices)
        measured = np.empty((len(MEASURES) + 1, count))
        changes = log_return(prices, np.concatenate(([self._price], prices[:-1])))
        measured[0] = _deviations(self._fluctuation, start, changes, self._taken)
        measured[1] = self._drawdown.extend(start, prices)
        measured[2:5] = self._extend_seconds(start, prices)
        np.multiply(measured[2:5], ANNUAL, out=measured[5:8])
        longest = len(self._history)
        known = np.concatenate((np.roll(self._history, -(start % longest)), prices))
        for row, step in enumerate(self._steps, start=8):
            past = known[longest - step : longest - step + count]
            measured[row] = (prices - past) / past
        self._history = np.roll(known[-longest:], (start + count) % longest)
        for row, window in enumerate(self._volumes, start=11):
            quote, base, repaired = window.extend(start, volumes)
            measured[row] = np.nan
            np.divide(quote, base, out=measured[row], where=base > 0)
        measured[14] = repaired
        self._taken += count
        self._price = float(prices[-1])
        return measured

    def _extend_seconds(self, start: int, prices: Floats) -> Floats:
        """Give the volatilities over minutes at each step (float64[3, m]): those of the last whole second."""
        offset = -start % self._per_second
        seconds = prices[offset :: self._per_second]
        table = np.empty((len(HORIZONS_NS), len(seconds) + 1))
        table[:, 0] = self._held
        if len(seconds):
            before = self._price_of_second if self._seconds else float(seconds[0])
            changes = log_return(seconds, np.concatenate(([before], seconds[:-1])))
            for row, window in enumerate(self._fluctuations):
                table[row, 1:] = _deviations(window, (start + offset) // self._per_second, changes, self._seconds)
            self._seconds += len(seconds)
            self._price_of_second = float(seconds[-1])
            self._held = table[:, -1].tolist()
        passed: Floats = table[:, (np.arange(len(prices)) - offset) // self._per_second + 1]
        return passed


def _deviation(count: int, total: float, squares: float) -> float:
    """Give the sample standard deviation (ddof = 1) from n, Σr and Σr²; NaN below two."""
    if count < 2:
        return math.nan
    return math.sqrt(max(squares - total * total / count, 0.0) / (count - 1))


def _deviations(window: RollingSums, start: int, changes: Floats, taken: int) -> Floats:
    """Feed returns to a window and give the deviation at each (float64[m]); `taken` returns are known before, the first is none."""
    total, squares = window.extend(start, np.stack((changes, changes * changes)))
    count = np.minimum(np.arange(taken, taken + len(changes)), window.length)
    enough = np.maximum(count, 2)
    spread: Floats = np.sqrt(np.maximum(squares - total * total / enough, 0.0) / (enough - 1))
    spread[count < 2] = np.nan
    return spread
