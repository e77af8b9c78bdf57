"""Tumbling windows of trades: price, volume, drawdown and what was wrong with them, one row a window.

A window closes when event time has passed its end by the allowed lateness, asked row by row, and its row is then out. A trade
that comes later all the same (fetched to repair a gap, or late) or a change of a gap revises a window closed a short while ago,
and its row comes again under the same key. Such revisions are collected and come out before whatever is next: a mark of the
clock, the close of a window, the end. So the sequence of rows is a function of the tape, however it is cut, and the last row of a
window is that of its trades in order of their ids, however they came. Only what comes for a window no longer retained is dropped.

A lost connection may have cost trades or not. The first newer trade after it shows which: `Continuity` has told, in front of that
trade, which ids are missing, and these are a gap of their own. From then on the lost connection says nothing about trades.

Rows are taken as columns where there are many and one by one where there are few (live there are one to five), with the same
arithmetic; repaired and late rows are always taken one by one, because each may land in a closed window.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from scoring.market.bar_settings import BarSettings
from scoring.market.completeness import GapKey, GapLedger, completeness
from scoring.market.emission import Emission
from scoring.market.tumbling import NEVER_NS, TumblingWindows
from scoring.market.windows import TradeColumns, TradeWindow
from scoring.records import (
    ALL_SYMBOLS,
    CLOCK_GRID_NS,
    END_NS,
    NANOSECONDS_PER_SECOND,
    Batch,
    Clock,
    End,
    Gap,
    Kind,
    MarketItem,
    Rows,
    TradeMetrics,
)
from scoring.watermark import Instants, Watermark

_TRADES: Final = frozenset({str(Kind.TRADE)})
_AS_OF_GRID_NS: Final = NANOSECONDS_PER_SECOND


class Bars:
    """`trade_metrics` of one symbol."""

    def __init__(self, symbol: str, settings: BarSettings | None = None, provisional: bool = False) -> None:
        """Start without a trade. `provisional` also shows the open window at each whole second of event time."""
        self.symbol = symbol
        self.settings = settings = settings or BarSettings()
        self.watermark = Watermark(settings.lateness, settings.idle)
        self.widths = [
            TumblingWindows(width, settings.spike_windows, settings.retained_windows, settings.runs) for width in settings.widths
        ]
        self.gaps = GapLedger(settings.gaps)
        self.held: list[Gap] = []
        """Jumps of ids just told: the trade that showed them comes next, and what closed before it arrived knew nothing of them."""
        self.unproven: set[GapKey] = set()
        """Lost connections that are back, while no trade newer than `newest_id` has come."""
        self.newest_id = 0
        self.through_ns = self.watermark.closed_ns
        self.next_second_ns = 0 if provisional else NEVER_NS
        self.has_begun = self.has_revisions = False
        self.has_news = False
        """Rows came since the last provisional row."""

    def update(self, items: Iterable[MarketItem]) -> list[Rows]:
        """Take trades, gaps, candles and marks of the clock in tape order; everything else is ignored."""
        emission = Emission(self.symbol)
        for item in items:
            if isinstance(item, Batch):
                if item.kind is Kind.TRADE:
                    self._take(item, emission)
                elif item.kind is Kind.CANDLE:
                    for windows in self.widths:
                        windows.warm(item)
            elif isinstance(item, Clock):
                self._let_go()
                self._revise(emission)
                self.watermark.tick(item.at_ns)
                self._pass(emission)
                emission.is_due = True
            elif isinstance(item, Gap):
                if self.gaps.is_news(item):
                    self.held.append(item)
                else:
                    self._take_gap(item)
            elif isinstance(item, End):
                self._let_go()
                self._revise(emission)
                self.watermark.reached_ns = END_NS + self.settings.lateness
                self._close(emission)
                emission.is_due = True
        return emission.rows(self.through_ns)

    def _let_go(self) -> None:
        """Count the gaps that were held from here on."""
        for gap in self.held:
            self._take_gap(gap)
        self.held.clear()

    def _take(self, batch: Batch, emission: Emission) -> None:
        if not self.has_begun and len(batch):
            self.has_begun = True
            for windows in self.widths:
                windows.begin(int(batch["event_ns"][0]) // windows.width_ns)
        if self.held and len(batch):
            self.watermark.tick(int(batch["received_ns"][0]) // CLOCK_GRID_NS * CLOCK_GRID_NS)
            self._pass(emission)
            self._let_go()
        newer = np.flatnonzero(batch["trade_id"] > self.newest_id) if self.unproven else None
        if newer is not None and len(newer):
            first = int(newer[0])
            if first:
                self._take_part(batch.slice(0, first), emission)
            self._prove()
            batch = batch.slice(first, len(batch))
        self._take_part(batch, emission)

    def _take_part(self, batch: Batch, emission: Emission) -> None:
        if len(batch) < self.settings.columnar_rows or bool(batch["repaired"].any()):
            self._take_rows(batch, emission)
            return
        second_at, second_ns = self._newest_second(batch)
        if second_at is None:
            self._take_columns(batch, emission)
            return
        # What is shown is the state before the row that brings event time to the newest second.
        if second_at:
            self._take_columns(batch.slice(0, second_at), emission)
        self._show(second_ns, emission)
        self._take_columns(batch.slice(second_at, len(batch)), emission)

    def _take_rows(self, batch: Batch, emission: Emission) -> None:
        """Take trades one by one."""
        watermark, lateness_ns = self.watermark, self.watermark.lateness_ns
        columns = batch.columns
        for received_ns, event_ns, trade_id, price, quantity, buyer_is_maker, first_id, last_id, repaired in zip(
            columns["received_ns"].tolist(),
            columns["event_ns"].tolist(),
            columns["trade_id"].tolist(),
            columns["price"].tolist(),
            columns["quantity"].tolist(),
            columns["buyer_is_maker"].tolist(),
            columns["first_id"].tolist(),
            columns["last_id"].tolist(),
            columns["repaired"].tolist(),
            strict=True,
        ):
            watermark.advance_one(event_ns, received_ns)
            self._pass(emission)
            # Asked of the time reached before the row; the row's own event time can only close windows that end before it.
            closed_ns = watermark.reached_ns - lateness_ns
            for windows in self.widths:
                index = event_ns // windows.width_ns
                is_closed = (index + 1) * windows.width_ns <= closed_ns
                is_kept = not is_closed or windows.is_revisable(index, closed_ns)
                if is_closed and not (repaired and is_kept):
                    windows.open_window(watermark.reached_ns // windows.width_ns).late_rows += 1
                if is_kept:
                    window = windows.closed_window(index) if is_closed else windows.open_window(index)
                    window.add(received_ns - event_ns, trade_id, price, quantity, buyer_is_maker, last_id - first_id + 1, repaired)
                    if is_closed:
                        windows.revise(window)
                        self.has_revisions = True
            self.has_news = True

    def _take_columns(self, batch: Batch, emission: Emission) -> None:
        """Take trades that are not repaired, all at once."""
        event_ns, received_ns = batch["event_ns"], batch["received_ns"]
        reached_ns = self.watermark.reached_ns
        before_ns = self.watermark.advance(event_ns, received_ns)
        if int((before_ns - event_ns).max()) > self.watermark.lateness_ns:
            late = self._late(event_ns, before_ns)
            if len(late):
                self.watermark.reached_ns = reached_ns
                self._take_pieces(batch, int(late[0]), int(late[-1]) + 1, emission)
                return
        quantity, price = batch["quantity"], batch["price"]
        trades = TradeColumns(
            delay_ns=received_ns - event_ns,
            trade_id=batch["trade_id"],
            price=price,
            volume_base=quantity,
            volume_quote=price * quantity,
            taker_buy_base=np.where(batch["buyer_is_maker"], 0.0, quantity),
            single_trades=batch["last_id"] - batch["first_id"] + 1,
        )
        for windows in self.widths:
            windows.fill(event_ns // windows.width_ns, trades)
        self.has_news = True
        self._close(emission)

    def _late(self, event_ns: Instants, before_ns: Instants) -> NDArray[np.intp]:
        """Find the rows that come after a window of theirs has closed, given the event time reached before each."""
        ends_ns = np.min([(event_ns // windows.width_ns + 1) * windows.width_ns for windows in self.widths], axis=0)
        return np.flatnonzero(ends_ns <= before_ns - self.watermark.lateness_ns)

    def _take_pieces(self, batch: Batch, start: int, stop: int, emission: Emission) -> None:
        """Take the rows from `start` up to `stop` one by one, those around them as columns."""
        if start:
            self._take_columns(batch.slice(0, start), emission)
        self._take_rows(batch.slice(start, stop), emission)
        if stop < len(batch):
            self._take_columns(batch.slice(stop, len(batch)), emission)

    def _newest_second(self, batch: Batch) -> tuple[int | None, int]:
        """Find the newest whole second event time comes to, and the row that brings it there: None where none does."""
        if self.next_second_ns == NEVER_NS:
            return None, NEVER_NS
        ahead = copy.copy(self.watermark)
        reached_ns = np.maximum(ahead.advance(batch["event_ns"], batch["received_ns"]), batch["event_ns"])
        second_ns = ahead.reached_ns // _AS_OF_GRID_NS * _AS_OF_GRID_NS
        return int(np.searchsorted(reached_ns, second_ns)) if second_ns >= self.next_second_ns else None, second_ns

    def _take_gap(self, gap: Gap) -> None:
        """Note a gap, and which closed windows it says something new about."""
        if gap.kind not in (Kind.TRADE, ALL_SYMBOLS):
            return
        closed_ns = self.watermark.closed_ns
        self.gaps.forget_before(min(closed_ns - (windows.retained + 1) * windows.width_ns for windows in self.widths))
        self.gaps.add(gap)
        if gap.kind == ALL_SYMBOLS and gap.to_ns:
            self.unproven = {*self.unproven, (gap.source, gap.symbol, gap.kind, gap.from_ns)} & self.gaps.gaps.keys()
            held = (window for windows in self.widths for window in (*windows.closed.values(), *windows.open.values()))
            self.newest_id = max((window.runs[-1].last_id for window in held if window.runs), default=self.newest_id)
        self._compare(closed_ns)

    def _prove(self) -> None:
        """Let go of lost connections: what they cost is known by its ids."""
        for key in self.unproven:
            self.gaps.gaps.pop(key, None)
        self.unproven = set()
        self._compare(self.watermark.closed_ns)

    def _compare(self, closed_ns: int) -> None:
        """Note which closed windows are not as whole as was said, or more."""
        for windows in self.widths:
            for window in windows.closed.values():
                said = completeness(self._open_gaps(windows, window), window.repaired_trades)
                if window.rows and windows.is_revisable(window.index, closed_ns) and said != window.told:
                    window.revised = self.has_revisions = True

    def _pass(self, emission: Emission) -> None:
        """Show and close what event time has passed."""
        reached_ns = self.watermark.reached_ns
        if reached_ns >= self.next_second_ns:
            self._show(reached_ns // _AS_OF_GRID_NS * _AS_OF_GRID_NS, emission)
        self._close(emission)

    def _show(self, second_ns: int, emission: Emission) -> None:
        """Show the window of the first width as of a whole second, if rows came since the last time."""
        self.next_second_ns = second_ns + _AS_OF_GRID_NS
        windows = self.widths[0]
        window = windows.open.get((second_ns - 1) // windows.width_ns)
        if window is not None and window.rows and self.has_news:
            usual_volume = windows.usual_volume(window.index)
            emission.as_of = self._row(windows, msgspec.structs.replace(window, usual_volume=usual_volume))
            self.has_news = False

    def _close(self, emission: Emission) -> None:
        """Close the windows that event time has passed by the allowed lateness."""
        closed_ns = self.watermark.closed_ns
        if any(windows.next_close_ns <= closed_ns for windows in self.widths):
            self._revise(emission)
            for windows in self.widths:
                for window in windows.close(closed_ns):
                    emission.closed.append(self._tell(windows, window))
        self.through_ns = closed_ns

    def _revise(self, emission: Emission) -> None:
        """Tell the closed windows that have changed since they were told."""
        if self.has_revisions:
            self.has_revisions = False
            changed = [(windows, window) for windows in self.widths for window in windows.revisions()]
            emission.revise([self._tell(windows, window) for windows, window in changed], self.through_ns)

    def _tell(self, windows: TumblingWindows, window: TradeWindow) -> TradeMetrics:
        row = self._row(windows, window)
        window.told = row.completeness
        window.revised = False
        return row

    def _row(self, windows: TumblingWindows, window: TradeWindow) -> TradeMetrics:
        return window.metrics(self.symbol, windows.width_ns, self._open_gaps(windows, window))

    def _open_gaps(self, windows: TumblingWindows, window: TradeWindow) -> int:
        start_ns = window.index * windows.width_ns
        return self.gaps.open_in(start_ns, start_ns + windows.width_ns, _TRADES) if self.gaps.gaps else 0
