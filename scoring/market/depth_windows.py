"""What a window knows of the book below its best price: how its five best levels lean."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, nan

import numpy as np

from scoring.market.imbalance import imbalance_top5
from scoring.market.sequential_sum import sequential_sum
from scoring.market.window_input import Window, WindowInput
from scoring.records import Column

_BIDS = tuple(f"bid_quantity_{level}" for level in range(1, 6))
_ASKS = tuple(f"ask_quantity_{level}" for level in range(1, 6))


class DepthWindow(Window):
    """The depth rows of one window."""

    depth_count: int = 0
    imbalance_sum: float = 0.0
    imbalance_count: int = 0
    """Depth rows with a quantity on either side; the others have no imbalance."""

    @property
    def imbalance_top5(self) -> float:
        """Give the mean over depth rows, −1 to 1; NaN without one."""
        return self.imbalance_sum / self.imbalance_count if self.imbalance_count else nan


class DepthWindows(WindowInput[DepthWindow]):
    """The depth rows of one symbol."""

    def _new(self, start_ns: int) -> DepthWindow:
        return DepthWindow(start_ns)

    def _take_rows(self, columns: Mapping[str, Column], start: int, stop: int) -> None:
        received = columns["received_ns"][start:stop].tolist()
        bids = zip(*(columns[name][start:stop].tolist() for name in _BIDS), strict=True)
        asks = zip(*(columns[name][start:stop].tolist() for name in _ASKS), strict=True)
        for received_ns, bid_quantities, ask_quantities in zip(received, bids, asks, strict=True):
            window = self.admit(received_ns)
            if window is not None:
                window.depth_count += 1
                bid, ask = _total(bid_quantities), _total(ask_quantities)
                if 0 < bid + ask < inf:
                    window.imbalance_sum += (bid - ask) / (bid + ask)
                    window.imbalance_count += 1

    def _take_columns(self, columns: Mapping[str, Column], start: int, stop: int) -> None:
        window = self.window_at(int(columns["received_ns"][start]))
        imbalances = imbalance_top5({name: columns[name][start:stop] for name in (*_BIDS, *_ASKS)})
        known = imbalances[~np.isnan(imbalances)]
        window.depth_count += stop - start
        window.imbalance_count += len(known)
        window.imbalance_sum = sequential_sum(window.imbalance_sum, known)


def _total(quantities: tuple[float, ...]) -> float:
    """Add from the best level outwards; a level the book does not have is NaN and counts as nothing."""
    total = 0.0
    for quantity in quantities:
        if quantity == quantity:
            total += quantity
    return total
