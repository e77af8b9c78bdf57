"""Positions marked to the market: what each is worth, what the whole is worth, and how far both fell from their peak.

The prices are those of `risk_metrics`, one subject per symbol, and subjects may come in any relative order. So an instant is
marked once every position's symbol has said that its rows are out up to there: the result is a function of the rows, not of who
came first. Instants at which no position has a new price are skipped. While one symbol lags, the others' prices wait, one per
instant: every symbol of a position has to be watched, and the recorder's clock moves the silent ones on.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import numpy as np
from numpy.typing import NDArray

from scoring.duration import Duration
from scoring.records import ALL_SYMBOLS, Column, Portfolio, Rows, Table, empty_columns
from scoring.watermark import UNSET_NS

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Position(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is held of one symbol."""

    symbol: str
    quantity: float
    """Base units, negative when short."""
    average_cost: float
    """Quote currency per unit of base, what was paid (or got, when short)."""


class PortfolioSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is held, and how often it is marked."""

    positions: tuple[Position, ...] = ()
    """At most one per symbol; all in one quote currency, or the whole has no meaning."""
    every: Duration = Duration.parse("1s")
    """Step of event time between two marks; above 0."""

    def __post_init__(self) -> None:
        """Refuse what cannot be marked.

        Raises:
            ValueError: a symbol is held twice, or the step is not above 0.
        """
        symbols = [position.symbol for position in self.positions]
        twice = sorted({symbol for symbol in symbols if symbols.count(symbol) > 1})
        if twice:
            raise ValueError(f"positions: {twice[0]} is held twice: expected one position per symbol, with the total")
        if self.every <= 0:
            raise ValueError(f"every = {self.every}: expected a duration above 0, such as '1s'")


class _Prices:
    """The prices of one symbol that are not marked yet: the last of each step."""

    def __init__(self) -> None:
        self.through_ns = UNSET_NS
        self.last = float("nan")
        self._steps: list[Integers] = []
        self._prices: list[Floats] = []

    def take(self, sampled_ns: Integers, price: Floats, every: int) -> None:
        """Take rows in order."""
        step = -(-sampled_ns // every)
        newest = np.append(step[1:] != step[:-1], True)
        self._steps.append(step[newest])
        self._prices.append(price[newest])

    def pop(self, through: int) -> tuple[Integers, Floats]:
        """Give what there is up to a step, the rows of one step still in order, and keep the rest."""
        if not self._steps:
            return np.empty(0, np.int64), np.empty(0)
        steps, prices = np.concatenate(self._steps), np.concatenate(self._prices)
        cut = int(np.searchsorted(steps, through, side="right"))
        self._steps, self._prices = ([steps[cut:]], [prices[cut:]]) if cut < len(steps) else ([], [])
        return steps[:cut], prices[:cut]


class Holdings:
    """The portfolio, marked to the last price of each of its symbols."""

    def __init__(self, settings: PortfolioSettings) -> None:
        """Begin without prices."""
        self._every = int(settings.every)
        self._quantity = np.array([position.quantity for position in settings.positions], np.float64)
        self._cost = np.array([position.quantity * position.average_cost for position in settings.positions], np.float64)
        self._names = np.array([*(position.symbol for position in settings.positions), ALL_SYMBOLS], object)
        self._prices = {position.symbol: _Prices() for position in settings.positions}
        self._peaks = np.full(len(self._names), -np.inf)
        self._through_ns = UNSET_NS

    def update(self, items: Iterable[Rows]) -> list[Rows]:
        """Take `risk_metrics` rows of any symbols, each symbol's in order, and give the marks that have become certain."""
        for rows in items:
            prices = self._prices.get(rows.symbol)
            if prices is None or rows.provisional or rows.table is not Table.RISK_METRICS:
                continue
            if len(rows):
                prices.take(rows.columns["sampled_ns"], rows.columns["price"], self._every)
            prices.through_ns = max(prices.through_ns, rows.through_ns)
        through_ns = min((prices.through_ns for prices in self._prices.values()), default=UNSET_NS)
        if through_ns <= self._through_ns:
            return []
        self._through_ns = through_ns
        return [Rows(Table.PORTFOLIO, ALL_SYMBOLS, self._mark(through_ns // self._every), through_ns)]

    def _mark(self, through: int) -> dict[str, Column]:
        """Mark every step up to `through` that has a new price."""
        found = [prices.pop(through) for prices in self._prices.values()]
        steps = np.unique(np.concatenate([fresh for fresh, _ in found]))
        if not len(steps):
            return empty_columns(Portfolio)
        price = np.empty((len(steps), len(self._names)))
        for place, (prices, (fresh, marks)) in enumerate(zip(self._prices.values(), found, strict=True)):
            known = np.append(prices.last, marks)
            price[:, place] = known[np.searchsorted(fresh, steps, side="right")]
            prices.last = known.item(-1)
        price[:, -1] = np.nan
        return self._columns(steps, price)

    def _columns(self, steps: Integers, price: Floats) -> dict[str, Column]:
        """Work out positions and the whole from their prices (float64[steps, positions + 1]); NaN where there is none yet."""
        value, cost, exposure = np.empty_like(price), np.empty_like(price), np.empty_like(price)
        value[:, :-1] = price[:, :-1] * self._quantity
        cost[:, :-1] = self._cost
        exposure[:, :-1] = np.abs(value[:, :-1])
        for column in (value, cost, exposure):
            column[:, -1] = np.add.accumulate(column[:, :-1], axis=1)[:, -1]
        peak = np.fmax.accumulate(np.vstack((self._peaks, value)), axis=0)[1:]
        self._peaks = peak[-1]
        drawdown = np.full_like(value, np.nan)
        np.divide(peak - value, peak, out=drawdown, where=peak > 0)
        whole = {
            "symbol": np.broadcast_to(self._names, price.shape),
            "sampled_ns": np.broadcast_to((steps * self._every)[:, np.newaxis], price.shape),
            "quantity": np.broadcast_to(np.append(self._quantity, np.nan), price.shape),
            "price": price,
            "value": value,
            "cost": cost,
            "unrealised_profit": value - cost,
            "exposure": exposure,
            "drawdown": drawdown,
        }
        known = ~np.isnan(value)
        return {name: column[known] for name, column in whole.items()}
