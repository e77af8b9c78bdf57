"""Which windows of one width are open, which are closed but still revisable, and what volume is usual.

Kept apart from what a window holds and from when it closes, because this is the bookkeeping of memory: open windows are bounded
by the allowed lateness, closed ones by `retained`, the usual volume by both and `spike_windows`. Every decision depends on windows
and instants alone, never on the moment somebody looks. A closed window that changes changes what was usual before those after it:
they are told again too, so that in the end every row is what it would be had nothing come late.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scoring.market.windows import TradeColumns, TradeWindow, add_columns
from scoring.records import NANOSECONDS_PER_MINUTE, Batch

NEVER_NS: Final = (1 << 63) - 1
"""Later than every instant."""
MOST_BEFORE: Final = 2_000
"""Windows kept from before the first trade; the exchange gives a thousand at once."""


class TumblingWindows:
    """The windows of one width: [k × width, (k + 1) × width)."""

    def __init__(self, width_ns: int, spike_windows: int, retained: int, most_runs: int) -> None:
        """Keep `retained` closed window positions for revision, and the volumes of `spike_windows` windows with trades before them."""
        self.width_ns = width_ns
        self.spike_windows = spike_windows
        self.retained = retained
        self.most_runs = most_runs
        self.next_close_ns = NEVER_NS
        """End of the earliest open window."""
        self.open: dict[int, TradeWindow] = {}
        self.closed: dict[int, TradeWindow] = {}
        self.volumes: dict[int, float] = {}
        self.first_index: int | None = None
        """Window of the very first trade; None before it."""
        self.before: dict[int, tuple[float, int]] = {}
        """Volumes of windows that may turn out to lie before it, with when they were received."""
        self.changed_index: int | None = None
        """The earliest closed window whose volume has changed since `revisions` were asked for."""

    def warm(self, candles: Batch) -> None:
        """Take the exchange's own minutes from before our first trade, where windows are minutes: what is usual is known at once then.

        A minute counts only if it was received before our first window ended, whatever was handed on first: nothing has closed by then.
        """
        if self.width_ns != NANOSECONDS_PER_MINUTE:
            return
        names = ("open_ns", "volume_base", "received_ns")
        for open_ns, volume, received_ns in zip(*(candles[name].tolist() for name in names), strict=True):
            if self.first_index is not None:
                self._warm(self.first_index, open_ns // NANOSECONDS_PER_MINUTE, volume, received_ns)
            elif len(self.before) < MOST_BEFORE:
                self.before[open_ns // NANOSECONDS_PER_MINUTE] = volume, received_ns

    def begin(self, index: int) -> None:
        """Hear in which window the very first trade lies."""
        self.first_index = index
        for earlier, (volume, received_ns) in self.before.items():
            self._warm(index, earlier, volume, received_ns)
        self.before.clear()

    def _warm(self, first_index: int, index: int, volume: float, received_ns: int) -> None:
        if index < first_index and received_ns < (first_index + 1) * self.width_ns and volume > 0:
            self.volumes.setdefault(index, volume)

    def open_window(self, index: int) -> TradeWindow:
        """Give an open window, a new one where there is none yet."""
        window = self.open.get(index)
        if window is None:
            window = self.open[index] = TradeWindow(index, most_runs=self.most_runs)
            self.next_close_ns = min(self.next_close_ns, (index + 1) * self.width_ns)
        return window

    def fill(self, index: NDArray[np.int64], trades: TradeColumns) -> None:
        """Put trades into their open windows, `index` int64[n], keeping tape order inside each."""
        steps = index[1:] - index[:-1]
        if bool((steps < 0).any()):
            order = np.argsort(index, kind="stable")
            index, trades = index[order], trades.take(order)
            steps = index[1:] - index[:-1]
        starts = np.append(0, steps.nonzero()[0] + 1)
        add_columns([self.open_window(at) for at in index[starts].tolist()], starts, trades)

    def is_revisable(self, index: int, closed_ns: int) -> bool:
        """Say whether a window closed so short a while before `closed_ns` that it may still change."""
        return index >= closed_ns // self.width_ns - self.retained

    def closed_window(self, index: int) -> TradeWindow:
        """Give a closed, revisable window; one that had no trades so far is made, with the volume usual before it."""
        window = self.closed.get(index)
        if window is None:
            window = self.closed[index] = TradeWindow(index, most_runs=self.most_runs, usual_volume=self.usual_volume(index))
        return window

    def revise(self, window: TradeWindow) -> None:
        """Note that a closed window has changed: what is usual after it changes too."""
        window.revised = True
        self.volumes[window.index] = window.volume_base
        self.changed_index = window.index if self.changed_index is None else min(self.changed_index, window.index)

    def revisions(self) -> list[TradeWindow]:
        """Give the closed windows that have changed since they were told, also those after which only the usual volume has."""
        if self.changed_index is not None:
            for window in self.closed.values():
                if window.index > self.changed_index:
                    usual_volume = self.usual_volume(window.index)
                    if usual_volume != window.usual_volume:
                        window.usual_volume = usual_volume
                        window.revised = window.rows > 0
            self.changed_index = None
        return [window for window in self.closed.values() if window.revised]

    def close(self, closed_ns: int) -> Iterator[TradeWindow]:
        """Close the windows that end at or before `closed_ns`, in order, and give those that had trades."""
        ending = sorted(index for index in self.open if (index + 1) * self.width_ns <= closed_ns)
        for index in ending:
            window = self.open.pop(index)
            window.usual_volume = self.usual_volume(index)
            # Kept without a trade too: one that comes late finds the count of late rows that is there.
            self.closed[index] = window
            if window.rows:
                self.volumes[index] = window.volume_base
                yield window
        self.next_close_ns = (min(self.open) + 1) * self.width_ns if self.open else NEVER_NS
        for index in [index for index in self.closed if not self.is_revisable(index, closed_ns)]:
            del self.closed[index]
        past = sorted(index for index in self.volumes if not self.is_revisable(index, closed_ns))
        for index in past[: max(0, len(past) - self.spike_windows)]:
            del self.volumes[index]

    def usual_volume(self, index: int) -> float:
        """Give the mean volume of the last windows with trades before this one; NaN without one."""
        before = sorted(other for other in self.volumes if other < index)[-self.spike_windows :]
        total = 0.0
        for other in before:
            total += self.volumes[other]
        return total / len(before) if before else math.nan
