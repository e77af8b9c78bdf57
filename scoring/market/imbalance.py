"""Which side of the book is heavier, from −1 (only asks) to 1 (only bids).

The levels of a side are added from the best one outwards, one after the other, so that the last bit of the result is the same
on every machine and for every cut of a tape. A level that the book does not have counts as nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from scoring.records import Column

Imbalances: TypeAlias = NDArray[np.float64]
"""float64[n], −1 to 1, NaN where there is nothing on either side."""

_LEVELS = 5


def imbalance(bid_quantity: NDArray[np.float64], ask_quantity: NDArray[np.float64]) -> Imbalances:
    """Compute (bid − ask) / (bid + ask); NaN where both are 0.

    >>> imbalance(np.array([3.0, 0.0]), np.array([1.0, 0.0]))
    array([0.5, nan])
    """
    total = bid_quantity + ask_quantity
    result = np.full(len(total), np.nan)
    np.divide(bid_quantity - ask_quantity, total, out=result, where=total > 0)
    return result


def imbalance_top1(columns: Mapping[str, Column]) -> Imbalances:
    """Compare the best level of each side of depth rows (`records.Depth`)."""
    return imbalance(_side(columns, "bid", 1), _side(columns, "ask", 1))


def imbalance_top5(columns: Mapping[str, Column]) -> Imbalances:
    """Compare the five best levels of each side of depth rows (`records.Depth`)."""
    return imbalance(_side(columns, "bid", _LEVELS), _side(columns, "ask", _LEVELS))


def _side(columns: Mapping[str, Column], side: str, levels: int) -> NDArray[np.float64]:
    total = _known(columns[f"{side}_quantity_1"])
    for level in range(2, levels + 1):
        total = total + _known(columns[f"{side}_quantity_{level}"])
    return total


def _known(quantity: Column) -> NDArray[np.float64]:
    return np.where(np.isnan(quantity), 0.0, quantity)
