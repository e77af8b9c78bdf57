"""`spread_metrics`: what trading cost at the best price, in tumbling windows of 30 seconds on receive time.

Quotes carry no time of the exchange, so the windows lie on the recorder's clock, whose marks close them while a market is
silent. Quotes and depth are two inputs that know nothing of each other (`window_input`); here they meet when both have passed the
end of a window. A window is given out if it had a quote. Gaps may be told late, so the rows of the last windows are kept and
given out again where such a gap changes how complete they are.

Bounded by settings: the windows within the allowed lateness, `retained_windows` rows, and the gaps of two ledgers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import nan
from typing import Final

import msgspec
import numpy as np

from scoring.duration import Duration
from scoring.market.completeness import completeness
from scoring.market.depth_windows import DepthWindow, DepthWindows
from scoring.market.quote_windows import QuoteWindow, QuoteWindows
from scoring.records import (
    ALL_SYMBOLS,
    END_NS,
    NANOSECONDS_PER_SECOND,
    Batch,
    Clock,
    Column,
    End,
    Gap,
    Kind,
    MarketItem,
    Rows,
    SpreadMetrics,
    Table,
    empty_columns,
)


class SpreadSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How spreads are measured."""

    width: Duration = Duration.parse("30s")
    """Length of a window; windows are aligned to it."""
    lateness: Duration = Duration.parse("10s")
    """How long a window waits for rows that were received before the newest one."""
    warning_ratio: float = 3.0
    """`spread_warning` is set where the widest spread of a window is more than so many times its narrowest."""
    retained_windows: int = 20
    """For so many widths after its close a window is told again when news of a gap changes its completeness."""


class _Told(msgspec.Struct):
    """A row that was given out, and the open gaps in it by the input they concern."""

    row: SpreadMetrics
    quote_gaps: int
    depth_gaps: int


_RowsByStart = dict[int, SpreadMetrics]

_QUOTE_KINDS: Final = frozenset({Kind.QUOTE.value})
_DEPTH_KINDS: Final = frozenset({Kind.DEPTH.value})
_GAPS_OF_QUOTES: Final = frozenset({Kind.QUOTE.value, ALL_SYMBOLS})
_NO_ROW: Final = empty_columns(SpreadMetrics)


class Spreads:
    """Spreads of one symbol."""

    def __init__(self, symbol: str, settings: SpreadSettings, provisional: bool = True) -> None:
        """Start without data; `provisional` also shows the newest window at whole seconds."""
        self.symbol = symbol
        self.settings = settings
        self.provisional = provisional
        self.quotes = QuoteWindows(int(settings.width), int(settings.lateness))
        self.depth = DepthWindows(int(settings.width), int(settings.lateness))
        self.told: dict[int, _Told] = {}
        """The last rows given out, by window start."""
        self.late_rows = 0
        """Late rows of windows without a quote: the next window with one counts them."""
        self.shown_quote: tuple[int, int] = (0, 0)
        """Window start and number of its quotes when it was last shown."""

    def update(self, items: Iterable[MarketItem]) -> list[Rows]:
        """Take items of the symbol in tape order; give the rows of the windows they closed, and what is known so far."""
        sequence = items if isinstance(items, Sequence) else list(items)
        show_ns = _newest_second(sequence) if self.provisional else 0
        told: list[Rows] = []
        ready: _RowsByStart = {}
        so_far: SpreadMetrics | None = None
        moved = False
        for item in sequence:
            if isinstance(item, Batch):
                self._take(item)
            elif isinstance(item, Clock):
                moved = True
                self._pass(item.at_ns)
                if item.at_ns == show_ns:
                    so_far = self._as_of(show_ns)
            elif isinstance(item, End):
                moved = True
                self._pass(END_NS + int(self.settings.lateness))
            elif isinstance(item, Gap):
                self._close(ready)
                revised: _RowsByStart = {}
                self._learn(item, revised)
                if revised:
                    # Apart from the rows they revise: rules judge what was said first, however the tape was cut.
                    told += self._wrap(ready, None, False) + self._wrap(revised, None, False)
                    ready = {}
        self._close(ready)
        return told + self._wrap(ready, so_far, moved)

    @property
    def through_ns(self) -> int:
        """Windows that end at or before this instant of receive time are closed for both inputs."""
        return min(self.quotes.watermark.closed_ns, self.depth.watermark.closed_ns)

    def _take(self, batch: Batch) -> None:
        if batch.kind == Kind.QUOTE:
            self.quotes.take(batch.columns)
        elif batch.kind == Kind.DEPTH:
            self.depth.take(batch.columns)

    def _pass(self, at_ns: int) -> None:
        self.quotes.watermark.tick(at_ns)
        self.depth.watermark.tick(at_ns)

    def _close(self, ready: _RowsByStart) -> None:
        """Give out the windows that are closed for both inputs, in order."""
        width_ns, through_ns = self.quotes.width_ns, self.through_ns
        starts = {start for side in (self.quotes, self.depth) for start in side.windows if start + width_ns <= through_ns}
        for start_ns in sorted(starts):
            quotes, depth = self.quotes.windows.pop(start_ns, None), self.depth.windows.pop(start_ns, None)
            if quotes and quotes.quote_count:
                told = self.told[start_ns] = self._measure(quotes, depth, start_ns + width_ns)
                ready[start_ns] = told.row
                self.late_rows = 0
            else:
                self.late_rows += _late_rows(quotes, depth)
        if starts:
            self._forget(through_ns - width_ns * self.settings.retained_windows)

    def _forget(self, before_ns: int) -> None:
        """Let go of what no gap can change any more, and of gaps that no window can lie in any more."""
        for start_ns in [start for start in self.told if start + self.quotes.width_ns <= before_ns]:
            del self.told[start_ns]
        # The oldest row kept may have begun up to a width earlier.
        self.quotes.gaps.forget_before(before_ns - self.quotes.width_ns)
        self.depth.gaps.forget_before(before_ns - self.quotes.width_ns)

    def _learn(self, gap: Gap, ready: _RowsByStart) -> None:
        """Take a gap, judged by the event time of the input it concerns; one in all kinds concerns the quotes."""
        side: QuoteWindows | DepthWindows
        if gap.kind in _GAPS_OF_QUOTES:
            side = self.quotes
        elif gap.kind == Kind.DEPTH:
            side = self.depth
        else:
            return
        side.gaps.add(gap)
        kept_ns = side.watermark.closed_ns - side.width_ns * self.settings.retained_windows
        for start_ns, told in self.told.items():
            row = told.row
            if row.window_end_ns <= kept_ns:
                continue
            if side is self.quotes:
                told.quote_gaps = self._quote_gaps(start_ns, row.window_end_ns)
            else:
                told.depth_gaps = self._depth_gaps(start_ns, row.window_end_ns)
            open_gaps = told.quote_gaps + told.depth_gaps
            if open_gaps != row.open_gaps:
                told.row = msgspec.structs.replace(row, open_gaps=open_gaps, completeness=completeness(open_gaps, repaired=0))
                ready[start_ns] = told.row

    def _quote_gaps(self, start_ns: int, end_ns: int) -> int:
        return self.quotes.gaps.open_in(start_ns, end_ns, _QUOTE_KINDS)

    def _depth_gaps(self, start_ns: int, end_ns: int) -> int:
        return self.depth.gaps.open_in(start_ns, end_ns, _DEPTH_KINDS)

    def _as_of(self, at_ns: int) -> SpreadMetrics | None:
        """Measure the newest window as of a whole second, if quotes came since it was last shown."""
        window = self.quotes.windows.get((at_ns - 1) // self.quotes.width_ns * self.quotes.width_ns)
        if window is None or not window.quote_count or self.shown_quote == (window.start_ns, window.quote_count):
            return None
        self.shown_quote = (window.start_ns, window.quote_count)
        return self._measure(window, self.depth.windows.get(window.start_ns), at_ns).row

    def _measure(self, quotes: QuoteWindow, depth: DepthWindow | None, until_ns: int) -> _Told:
        """Make the row of a window with quotes, the last of them standing until `until_ns`."""
        start_ns, end_ns = quotes.start_ns, quotes.start_ns + self.quotes.width_ns
        quote_gaps, depth_gaps = self._quote_gaps(start_ns, end_ns), self._depth_gaps(start_ns, end_ns)
        least, most = quotes.minimum_spread, quotes.maximum_spread
        row = SpreadMetrics(
            symbol=self.symbol,
            window_start_ns=start_ns,
            window_end_ns=end_ns,
            quote_count=quotes.quote_count,
            average_spread=quotes.spread_sum / quotes.quote_count,
            minimum_spread=least,
            maximum_spread=most,
            average_spread_bps=quotes.bps_sum / quotes.quote_count,
            minimum_spread_bps=quotes.minimum_bps,
            maximum_spread_bps=quotes.maximum_bps,
            time_weighted_spread=self.quotes.time_weighted_spread(quotes, until_ns),
            imbalance_top1=quotes.imbalance_sum / quotes.imbalance_count if quotes.imbalance_count else nan,
            imbalance_top5=depth.imbalance_top5 if depth else nan,
            depth_count=depth.depth_count if depth else 0,
            bid_close=quotes.bid_close,
            ask_close=quotes.ask_close,
            spread_ratio=most / least if least > 0 else nan,
            spread_warning=most > self.settings.warning_ratio * least,
            late_rows=self.late_rows + _late_rows(quotes, depth),
            open_gaps=quote_gaps + depth_gaps,
            completeness=completeness(quote_gaps + depth_gaps, repaired=0),
        )
        return _Told(row, quote_gaps, depth_gaps)

    def _wrap(self, ready: _RowsByStart, so_far: SpreadMetrics | None, moved: bool) -> list[Rows]:
        """Wrap up what one update has to say."""
        told = []
        if ready or moved:
            rows = [ready[start_ns] for start_ns in sorted(ready)]
            told.append(Rows(Table.SPREAD_METRICS, self.symbol, _columns(rows), self.through_ns))
        if so_far is not None and so_far.window_start_ns not in ready:
            told.append(Rows(Table.SPREAD_METRICS, self.symbol, _columns([so_far]), self.through_ns, provisional=True))
        return told


def _late_rows(quotes: QuoteWindow | None, depth: DepthWindow | None) -> int:
    return (quotes.late_rows if quotes else 0) + (depth.late_rows if depth else 0)


def _newest_second(items: Sequence[MarketItem]) -> int:
    """Find the last mark of the clock on a whole second; 0 without one.

    All rows received before it have come by then, and none received after it: the state is exactly as of that second.
    """
    marks = (item.at_ns for item in items if isinstance(item, Clock))
    return max((at_ns for at_ns in marks if at_ns % NANOSECONDS_PER_SECOND == 0), default=0)


def _columns(rows: Sequence[SpreadMetrics]) -> dict[str, Column]:
    """Do what `to_columns` does, with the types looked up once."""
    if not rows:
        return _NO_ROW
    return {name: np.array([getattr(row, name) for row in rows], dtype=column.dtype) for name, column in _NO_ROW.items()}
