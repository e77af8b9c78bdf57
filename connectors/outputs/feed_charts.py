"""What the charts of a screen are drawn from, kept so that a screen that connects late draws what one draws that was there all along.

Of each symbol: prices thinned to a coarse grid and, of the last minutes, to a second, and its closed windows of trades of the
narrowest width. Of each asset: its mood and number of posts on the coarse grid. Of all of it only the columns a chart is drawn
from. What a client hears as the newest row of its table is not told a second time; only prices of the coarse grid are, each once,
when its step is over.

Memory: 24 bytes for a row and 8 for each number in it; at the usual settings 15 MB for 200 symbols and 64 assets.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from connectors.outputs.feed_history import History
from connectors.outputs.feed_settings import FeedSettings
from scoring.duration import moment
from scoring.feed import Message, NewRows, PricePoints, Topic, Value, instant_text
from scoring.records import NANOSECONDS_PER_SECOND, Column, Rows, Table, stored_name

_RECENT_STEP_NS: Final = NANOSECONDS_PER_SECOND
_RECENT_POINTS: Final = 300
"""Of the fine grid: five minutes."""
_FEW: Final = 16
"""Up to so many samples a loop is faster than arrays."""
_WINDOW: Final = ("open", "high", "low", "close", "vwap", "price_stddev", "volume_base", "trade_count")
"""Beside start, end and completeness."""
_MOOD: Final = ("average_vibe", "message_count")
"""Beside instant and asset."""

_KEPT: Final = 2_560
"""Instants remembered as they are written, somewhat more than the past of one symbol has: those of one symbol are those of all, for
windows close together and grids are one."""
_moment: Final = functools.lru_cache(_KEPT)(moment)
_text: Final = functools.lru_cache(_KEPT)(instant_text)

Told: TypeAlias = tuple[str, str, Callable[[], Message]]
"""A topic, a symbol, and what writes the message."""


class PriceHistory:
    """Prices of one symbol, thinned: each step keeps its last."""

    __slots__ = ("_is_recent", "_limit", "_step_ns", "_symbol", "history")

    def __init__(self, symbol: str, step_ns: int, limit: int, is_recent: bool = False) -> None:
        """Start empty; `is_recent` for the fine ones of late, which a client hears as rows when they are new."""
        self._symbol = symbol
        self._step_ns = step_ns
        self._limit = limit
        self._is_recent = is_recent
        self.history = History(step_ns, limit, is_news_late=not is_recent)

    def put(self, sampled_ns: NDArray[np.int64], price: NDArray[np.float64], sequence: int) -> None:
        """Take samples, finite prices in order of their instants (int64[n], float64[n]), under a number that rises with each change."""
        if not len(price):
            return
        steps = sampled_ns // self._step_ns
        is_last = np.ones(len(steps), np.bool_)
        np.not_equal(steps[1:], steps[:-1], out=is_last[:-1])
        self.history.put_many(sampled_ns[is_last][-self._limit :], price[is_last][-self._limit :], sequence)

    def since(self, sequence: int) -> Callable[[], PricePoints] | None:
        """Give what writes the points put under a later number, but for the newest; None where there is none."""
        found = self.history.since(sequence, but_newest=True)
        return partial(self._message, found[0], found[1][0]) if found else None

    def _message(self, instants: list[int], prices: list[float]) -> PricePoints:
        step_ns = self._step_ns
        at = [_moment(at_ns if self._is_recent else at_ns - at_ns % step_ns) for at_ns in instants]
        return PricePoints(self._symbol, step_ns / NANOSECONDS_PER_SECOND, at, prices, self._is_recent)


class RowHistory:
    """The past of the rows of one table about one subject."""

    __slots__ = ("_history", "_instant", "_numbers", "_table", "_word", "symbol")

    def __init__(self, table: Table, symbol: str, instant: str, numbers: tuple[str, ...], word: str, history: History) -> None:
        """Keep these columns: an instant, numbers, and a word."""
        self._table = table
        self.symbol = symbol
        self._instant = instant
        self._numbers = numbers
        self._word = word
        self._history = history

    def put(self, columns: Mapping[str, Column], sequence: int) -> None:
        """Take rows under a number that rises with each change."""
        if len(columns[self._instant]) == 1:
            row = tuple(columns[name].item() for name in self._numbers)
            self._history.put(columns[self._instant].item(), row, sequence, columns[self._word].item())
            return
        cells = zip(*(columns[name].tolist() for name in self._numbers), strict=True)
        for at_ns, numbers, word in zip(columns[self._instant].tolist(), cells, columns[self._word].tolist(), strict=True):
            self._history.put(at_ns, numbers, sequence, word)

    @property
    def newest_ns(self) -> int:
        """Instant of the newest row."""
        return self._history.newest_ns

    def since(self, sequence: int) -> Callable[[], NewRows] | None:
        """Give what writes the rows put under a later number, but for the newest; None where there is none."""
        found = self._history.since(sequence, but_newest=True)
        return partial(self._message, *found) if found else None

    def _message(self, instants: list[int], numbers: list[list[float]], words: list[str]) -> NewRows:
        columns: dict[str, list[Value]] = {stored_name(self._instant): [_text(at_ns) for at_ns in instants]}
        for name, column in zip(self._numbers, numbers, strict=True):
            columns[name] = [number if math.isfinite(number) else None for number in column]
        return NewRows(self._table, self.symbol, False, {**columns, self._word: [*words]}, past=True)


class WindowHistory(RowHistory):
    """Closed windows of trades of one symbol and one width."""

    __slots__ = ("width_ns",)

    def __init__(self, symbol: str, width_ns: int, limit: int) -> None:
        """Start empty."""
        super().__init__(Table.TRADE_METRICS, symbol, "window_start_ns", _WINDOW, "completeness", History(1, limit, len(_WINDOW)))
        self.width_ns = width_ns

    def _message(self, instants: list[int], numbers: list[list[float]], words: list[str]) -> NewRows:
        rows = super()._message(instants, numbers, words)
        rows.columns[stored_name("window_end_ns")] = [_text(start + self.width_ns) for start in instants]
        return rows


class Charts:
    """All of it."""

    def __init__(self, settings: FeedSettings) -> None:
        """Keep at most so many points and windows of each as the settings say, of no more symbols and assets than `cells`."""
        self._settings = settings
        self._prices: dict[str, tuple[PriceHistory, PriceHistory]] = {}
        self._windows: dict[str, WindowHistory] = {}
        self._moods: dict[str, RowHistory] = {}

    def put(self, rows: Rows, sequence: int) -> None:
        """Take rows, at least one, under a number that rises with each change."""
        if rows.table is Table.RISK_METRICS:
            self._put_prices(rows, sequence)
        elif rows.provisional:
            return
        elif rows.table is Table.TRADE_METRICS:
            self._put_windows(rows, sequence)
        elif rows.table is Table.DECOUPLING_SIGNALS:
            self._put_moods(rows, sequence)

    def is_past(self, symbol: str, start_ns: int, width_ns: int) -> bool:
        """Say whether a window of trades is one of those kept, and not the newest."""
        known = self._windows.get(symbol)
        return known is not None and width_ns == known.width_ns and start_ns < known.newest_ns

    def past_since(self, sequence: int) -> Iterator[Told]:
        """Give what has changed since a number and is not the newest row of its table."""
        for topic, symbol, history in self.pasts():
            if write := history.since(sequence):
                yield topic, symbol, write

    def pasts(self) -> Iterator[tuple[str, str, RowHistory | PriceHistory]]:
        """Give each history: moods first, there are fewest of them, then the prices of small lines, which are seen on the first page."""
        for moods in self._moods.values():
            yield Topic.DECOUPLING_SIGNALS, moods.symbol, moods
        for symbol, (coarse, _) in self._prices.items():
            yield Topic.POINTS, symbol, coarse
        for symbol, windows in self._windows.items():
            yield Topic.TRADE_METRICS, symbol, windows
        for symbol, (_, recent) in self._prices.items():
            yield Topic.POINTS, symbol, recent

    def _put_prices(self, rows: Rows, sequence: int) -> None:
        known = self._prices.get(rows.symbol)
        if known is None:
            if len(self._prices) >= self._settings.cells:
                return
            known = self._prices[rows.symbol] = (
                PriceHistory(rows.symbol, self._settings.history_step, self._settings.history_points),
                PriceHistory(rows.symbol, _RECENT_STEP_NS, _RECENT_POINTS, is_recent=True),
            )
        sampled_ns, prices = rows.columns["sampled_ns"], rows.columns["price"]
        coarse, recent = known
        if len(prices) < _FEW:
            for at_ns, price in zip(sampled_ns.tolist(), prices.tolist(), strict=True):
                if math.isfinite(price) and recent.history.put(at_ns, (price,), sequence):
                    coarse.history.put(at_ns, (price,), sequence)
            return
        is_known = np.isfinite(prices)
        if not is_known.all():
            sampled_ns, prices = sampled_ns[is_known], prices[is_known]
        coarse.put(sampled_ns, prices, sequence)
        recent.put(sampled_ns, prices, sequence)

    def _put_windows(self, rows: Rows, sequence: int) -> None:
        widths = rows.columns["window_end_ns"] - rows.columns["window_start_ns"]
        narrowest = int(widths.min()) if len(widths) > 1 else widths.item()
        known = self._windows.get(rows.symbol)
        if known is None or narrowest < known.width_ns:
            if known is None and len(self._windows) >= self._settings.cells:
                return
            known = self._windows[rows.symbol] = WindowHistory(rows.symbol, narrowest, self._settings.history_windows)
        if len(widths) > 1:
            chosen = widths == known.width_ns
            known.put({name: column[chosen] for name, column in rows.columns.items()}, sequence)
        elif narrowest == known.width_ns:
            known.put(rows.columns, sequence)

    def _put_moods(self, rows: Rows, sequence: int) -> None:
        asset = str(rows.columns["asset"][0])
        known = self._moods.get(asset)
        if known is None:
            if len(self._moods) >= self._settings.cells:
                return
            history = History(self._settings.history_step, self._settings.history_points, len(_MOOD))
            known = self._moods[asset] = RowHistory(Table.DECOUPLING_SIGNALS, rows.symbol, "evaluated_ns", _MOOD, "asset", history)
        known.put(rows.columns, sequence)
