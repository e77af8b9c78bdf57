"""What a window knows of its quotes: spreads, how long they stood, and which side was heavier.

A quote stands until the next one, also over a silence and across the borders of windows, so the last quote is kept beside the
windows. Time runs forward for it: a quote that was received a little before the one ahead of it counts in its own window, but
stands only from the instant the tape had come to.

A quote that has a side missing (price 0) or no finite price has no spread: it is passed over, and the one before stands on.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, nan

import msgspec
import numpy as np
from numpy.typing import NDArray

from scoring.market.sequential_sum import sequential_sum, sequential_sums
from scoring.market.time_weighted import TimeWeighted
from scoring.market.window_input import Window, WindowInput
from scoring.records import Column
from scoring.watermark import UNSET_NS

Floats = NDArray[np.float64]

_BPS = 1e4
_COLUMNS = ("received_ns", "bid_price", "bid_quantity", "ask_price", "ask_quantity")


class QuoteWindow(Window):
    """The quotes of one window."""

    quote_count: int = 0
    spread_sum: float = 0.0
    minimum_spread: float = inf
    maximum_spread: float = -inf
    bps_sum: float = 0.0
    minimum_bps: float = inf
    maximum_bps: float = -inf
    imbalance_sum: float = 0.0
    imbalance_count: int = 0
    """Quotes with a quantity on either side; the others have no imbalance."""
    bid_close: float = nan
    """Of the last quote in tape order."""
    ask_close: float = nan
    standing: TimeWeighted = msgspec.field(default_factory=TimeWeighted)
    """The spread, weighted with the time it stood inside the window."""

    def add(self, bid_price: float, bid_quantity: float, ask_price: float, ask_quantity: float) -> None:
        """Take one quote."""
        spread = ask_price - bid_price
        bps = spread / ((ask_price + bid_price) / 2) * _BPS
        self.quote_count += 1
        self.spread_sum += spread
        self.bps_sum += bps
        self._widen(spread, spread, bps, bps)
        total = bid_quantity + ask_quantity
        if total > 0:
            self.imbalance_sum += (bid_quantity - ask_quantity) / total
            self.imbalance_count += 1
        self.bid_close, self.ask_close = bid_price, ask_price

    def add_columns(self, spread: Floats, bid_price: Floats, bid_quantity: Floats, ask_price: Floats, ask_quantity: Floats) -> None:
        """Take float64[n], n > 0, with ask − bid beside them: the same bits as `add` one by one."""
        bps = spread / ((ask_price + bid_price) / 2) * _BPS
        self.quote_count += len(spread)
        self.spread_sum, self.bps_sum = sequential_sums((self.spread_sum, self.bps_sum), spread, bps)
        self._widen(float(spread.min()), float(spread.max()), float(bps.min()), float(bps.max()))
        total = bid_quantity + ask_quantity
        difference = bid_quantity - ask_quantity
        if not total.min() > 0:
            known = total > 0
            total, difference = total[known], difference[known]
        self.imbalance_sum = sequential_sum(self.imbalance_sum, difference / total)
        self.imbalance_count += len(total)
        self.bid_close, self.ask_close = float(bid_price[-1]), float(ask_price[-1])

    def _widen(self, least: float, most: float, least_bps: float, most_bps: float) -> None:
        """Let the extremes cover these."""
        if least < self.minimum_spread:
            self.minimum_spread = least
        if most > self.maximum_spread:
            self.maximum_spread = most
        if least_bps < self.minimum_bps:
            self.minimum_bps = least_bps
        if most_bps > self.maximum_bps:
            self.maximum_bps = most_bps

    def stand(self, spread: float, from_ns: int, to_ns: int, width_ns: int) -> None:
        """Let a spread stand over [from, to), as far as that lies in the window."""
        length_ns = min(to_ns, self.start_ns + width_ns) - max(from_ns, self.start_ns)
        if length_ns > 0:
            self.standing.add(spread, length_ns)


class QuoteWindows(WindowInput[QuoteWindow]):
    """The quotes of one symbol."""

    def __init__(self, width_ns: int, lateness_ns: int) -> None:
        """Start without a quote."""
        super().__init__(width_ns, lateness_ns)
        self.spread = nan
        """Of the quote that stands."""
        self.since_ns = UNSET_NS
        """Up to here its time is counted."""

    def time_weighted_spread(self, window: QuoteWindow, until_ns: int) -> float:
        """Give it for a window with quotes, the last quote standing until `until_ns`; the plain mean where no time has passed."""
        standing_ns = max(0, until_ns - max(self.since_ns, window.start_ns))
        return window.standing.mean(window.spread_sum / window.quote_count, self.spread, standing_ns)

    def _new(self, start_ns: int) -> QuoteWindow:
        return QuoteWindow(start_ns)

    def _take_rows(self, columns: Mapping[str, Column], start: int, stop: int) -> None:
        lists = [columns[name][start:stop].tolist() for name in _COLUMNS]
        for received_ns, bid_price, bid_quantity, ask_price, ask_quantity in zip(*lists, strict=True):
            window = self.admit(received_ns)
            if window is not None and 0 < bid_price < inf and 0 < ask_price < inf:
                self._stand_until(received_ns if received_ns > self.since_ns else self.since_ns)
                window.add(bid_price, bid_quantity, ask_price, ask_quantity)
                self.spread = ask_price - bid_price

    def _take_columns(self, columns: Mapping[str, Column], start: int, stop: int) -> None:
        received_ns, bid_price, bid_quantity, ask_price, ask_quantity = (columns[name][start:stop] for name in _COLUMNS)
        if not (bid_price.min() > 0 and ask_price.min() > 0 and bid_price.max() < inf and ask_price.max() < inf):
            usable = (bid_price > 0) & (ask_price > 0) & (bid_price < inf) & (ask_price < inf)
            if usable.any():
                self._take_columns({name: columns[name][start:stop][usable] for name in _COLUMNS}, 0, int(np.count_nonzero(usable)))
            return
        first_ns, last_ns = int(received_ns[0]), int(received_ns[-1])
        window = self.window_at(first_ns)
        self._stand_until(first_ns)
        spread = ask_price - bid_price
        window.standing.add_columns(spread[:-1], received_ns[1:] - received_ns[:-1], last_ns - first_ns)
        window.add_columns(spread, bid_price, bid_quantity, ask_price, ask_quantity)
        self.spread, self.since_ns = float(spread[-1]), last_ns

    def _stand_until(self, at_ns: int) -> None:
        """Let the quote before stand until the next one comes; `at_ns` never lies before `since_ns`."""
        since_ns, self.since_ns = self.since_ns, at_ns
        if since_ns in (UNSET_NS, at_ns):
            return
        newest_ns = at_ns - at_ns % self.width_ns
        if since_ns >= newest_ns:
            self.windows[newest_ns].standing.add(self.spread, at_ns - since_ns)
            return
        # A window that is passed over without a quote may still get one that is out of order.
        for start_ns in range(max(since_ns, self.watermark.closed_ns) // self.width_ns * self.width_ns, newest_ns, self.width_ns):
            self.window_at(start_ns)
        for window in self.windows.values():
            window.stand(self.spread, since_ns, at_ns, self.width_ns)
