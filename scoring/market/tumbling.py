"""Which windows of one width are open, which are closed but still revisable, and what volume is usual.

Kept apart from what a window holds and from when it closes, because this is the bookkeeping of memory: open windows are bounded
by the allowed lateness, closed ones by `retained`, the usual volume by `spike_windows`. Every decision depends on windows and
instants alone, never on the moment somebody looks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from scoring.market.windows import TradeWindow

NEVER_NS: Final = (1 << 63) - 1
"""Later than every instant."""


class TumblingWindows:
    """The windows of one width: [k × width, (k + 1) × width)."""

    def __init__(self, width_ns: int, spike_windows: int, retained: int) -> None:
        """Keep `retained` closed window positions for revision and the volumes of the last `spike_windows` windows with trades."""
        self.width_ns = width_ns
        self.spike_windows = spike_windows
        self.retained = retained
        self.next_close_ns = NEVER_NS
        """End of the earliest open window."""
        self.open: dict[int, TradeWindow] = {}
        self.closed: dict[int, TradeWindow] = {}
        self.volumes: dict[int, float] = {}

    def open_window(self, index: int) -> TradeWindow:
        """Give an open window, a new one where there is none yet."""
        window = self.open.get(index)
        if window is None:
            window = self.open[index] = TradeWindow(index)
            self.next_close_ns = min(self.next_close_ns, (index + 1) * self.width_ns)
        return window

    def is_revisable(self, index: int, closed_ns: int) -> bool:
        """Say whether a window closed so short a while before `closed_ns` that it may still change."""
        return index >= closed_ns // self.width_ns - self.retained

    def closed_window(self, index: int) -> TradeWindow:
        """Give a closed, revisable window; one that had no trades so far is made, with the volume usual before it."""
        window = self.closed.get(index)
        if window is None:
            window = self.closed[index] = TradeWindow(index, usual_volume=self.usual_volume(index))
        return window

    def revise(self, window: TradeWindow) -> None:
        """Note that a closed window has changed: what is usual after it changes too."""
        window.revised = True
        self._note_volume(window)

    def close(self, closed_ns: int) -> Iterator[TradeWindow]:
        """Close the windows that end at or before `closed_ns`, in order, and give those that had trades."""
        ending = sorted(index for index in self.open if (index + 1) * self.width_ns <= closed_ns)
        for index in ending:
            window = self.open.pop(index)
            if window.rows:
                window.usual_volume = self.usual_volume(index)
                self._note_volume(window)
                self.closed[index] = window
                yield window
        self.next_close_ns = (min(self.open) + 1) * self.width_ns if self.open else NEVER_NS
        for index in [index for index in self.closed if not self.is_revisable(index, closed_ns)]:
            del self.closed[index]

    def usual_volume(self, index: int) -> float:
        """Give the mean volume of the last windows with trades before this one; NaN without one."""
        total, count = 0.0, 0
        for other in sorted(self.volumes):
            if other < index:
                total += self.volumes[other]
                count += 1
        return total / count if count else math.nan

    def _note_volume(self, window: TradeWindow) -> None:
        self.volumes[window.index] = window.volume_base
        if len(self.volumes) > self.spike_windows:
            del self.volumes[min(self.volumes)]
