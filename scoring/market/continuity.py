"""No trade twice, none missing without a word.

The exchange numbers the trades of a symbol one by one, so the ids alone say what was lost: a jump becomes a `Gap`, exactly
between the rows it separates; a missing trade that comes later fills its gap; any other id seen before is a duplicate of a
reconnect or a repair and goes no further. Behind this state every trade exists once, and whatever counts windows can say how
whole they are. Quotes replace one another: one that is not newer than the last is stale.

Ids are looked at as columns, a whole batch at once; only a batch that is not simply the next n ids is walked row by row.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec
import numpy as np

from scoring.records import Batch, BookUpdates, Gap, Kind, MarketItem

MOST_INTERVALS: Final = 256
"""Intervals of missing trade ids kept per symbol; above that the lowest is given up and trades in it count as duplicates.

It bounds memory and is nothing to tune: gaps beside each other are one request of the repair, which closes them in seconds, so so
many open ones are only left where nothing is repaired at all.
"""


class Interval(msgspec.Struct):
    """Trade ids that are missing, and the gap they belong to."""

    from_id: int
    to_id: int
    gap_ns: int
    """`from_ns` of the gap."""


class Continuity:
    """Makes the trades and quotes of one symbol aware of what is missing; everything else passes untouched."""

    def __init__(self, source: str, last_id: int | None = None, last_event_ns: int = 0) -> None:
        """Watch one symbol of the tape partition `source`.

        `last_id` and `last_event_ns` are the newest trade already known; without them the first trade sets the baseline.
        """
        self.source = source
        self.last_id = last_id
        self.last_event_ns = last_event_ns
        self.last_update_id = 0
        self.duplicates = 0
        """Trades dropped because their id was seen before."""
        self.stale = 0
        """Quotes dropped because a newer one was seen before."""
        self.intervals: list[Interval] = []
        self.gaps: dict[int, Gap] = {}
        """Gaps with missing ids, by `from_ns`. Trades share instants, so one gap may hold several jumps."""
        self.progress: Gap | None = None
        """A gap that is being filled. It is told once, when what follows is no longer part of it."""

    def update(self, items: Iterable[MarketItem]) -> list[MarketItem]:
        """Give the items on, without duplicates, with a `Gap` between the rows where trades are missing.

        A gap that is filled is given again under the same key with `repaired` counted up: when the last trade is in,
        otherwise before the next trade that does not belong to it or the next mark of the clock.
        """
        passed: list[MarketItem] = []
        for item in items:
            if not isinstance(item, Batch):
                if not isinstance(item, BookUpdates):
                    self._tell_progress(passed)
                passed.append(item)
            elif item.kind is Kind.TRADE:
                self._take_trades(item, passed)
            elif item.kind is Kind.QUOTE:
                self._take_quotes(item, passed)
            else:
                passed.append(item)
        return passed

    def _take_trades(self, batch: Batch, passed: list[MarketItem]) -> None:
        count = len(batch)
        if count == 0:
            return
        ids = batch["trade_id"]
        if self.last_id is None:
            self.last_id = int(ids[0]) - 1
            self.last_event_ns = int(batch["event_ns"][0])
        if ids[0] == self.last_id + 1 and (count == 1 or bool((ids[1:] - ids[:-1] == 1).all())):
            self._tell_progress(passed)
            self.last_id = int(ids[-1])
            self.last_event_ns = int(batch["event_ns"][-1])
            passed.append(batch)
        else:
            self._walk(batch, passed, self.last_id)

    def _walk(self, batch: Batch, passed: list[MarketItem], last_id: int) -> None:
        """Judge each row by itself."""
        kept: list[int] = []
        times: list[int] = batch["event_ns"].tolist()
        for row, trade_id in enumerate(batch["trade_id"].tolist()):
            if trade_id > last_id:
                news = self._jump(batch.symbol, last_id, trade_id, times[row]) if trade_id > last_id + 1 else None
                if news or self.progress:
                    _pass_rows(batch, kept, passed)
                    self._tell_progress(passed)
                if news:
                    passed.append(news)
                kept.append(row)
                self.last_id = last_id = trade_id
                self.last_event_ns = times[row]
                continue
            filled = self._fill(trade_id)
            if filled is None:
                self.duplicates += 1
                continue
            if self.progress and self.progress.from_ns != filled.from_ns:
                _pass_rows(batch, kept, passed)
                self._tell_progress(passed)
            kept.append(row)
            self.progress = filled
            if filled.repaired == filled.missing:
                _pass_rows(batch, kept, passed)
                self._tell_progress(passed)
        _pass_rows(batch, kept, passed)

    def _jump(self, symbol: str, last_id: int, trade_id: int, event_ns: int) -> Gap:
        """Note the ids between two trades as missing and give the gap."""
        from_id, to_id, from_ns = last_id + 1, trade_id - 1, self.last_event_ns
        gap = Gap(self.source, symbol, Kind.TRADE, from_ns, event_ns, from_id, to_id, to_id - from_id + 1, 0, "id jump")
        known = self.gaps.get(from_ns)
        if known:
            gap = msgspec.structs.replace(
                gap, from_id=known.from_id, to_ns=max(known.to_ns, event_ns), missing=known.missing + gap.missing, repaired=known.repaired
            )
        self.gaps[from_ns] = gap
        self.intervals.append(Interval(from_id, to_id, from_ns))
        if len(self.intervals) > MOST_INTERVALS:
            self._forget(self.intervals.pop(0).gap_ns)
        return gap

    def _fill(self, trade_id: int) -> Gap | None:
        """Take a missing id and give its gap with one more repaired; None where the id is not missing."""
        position = next((place for place, held in enumerate(self.intervals) if held.from_id <= trade_id <= held.to_id), None)
        if position is None:
            return None
        interval = self.intervals[position]
        gap_ns = interval.gap_ns
        sides = ((interval.from_id, trade_id - 1), (trade_id + 1, interval.to_id))
        self.intervals[position : position + 1] = [Interval(low, high, gap_ns) for low, high in sides if low <= high]
        gap = self.gaps[gap_ns]
        self.gaps[gap_ns] = gap = msgspec.structs.replace(gap, repaired=gap.repaired + 1)
        if len(self.intervals) > MOST_INTERVALS:
            self._forget(self.intervals.pop(0).gap_ns)
        self._forget(gap_ns)
        return gap

    def _forget(self, gap_ns: int) -> None:
        """Let go of a gap that no missing id belongs to any more."""
        if not any(interval.gap_ns == gap_ns for interval in self.intervals):
            self.gaps.pop(gap_ns, None)

    def _tell_progress(self, passed: list[MarketItem]) -> None:
        if self.progress:
            passed.append(self.progress)
            self.progress = None

    def _take_quotes(self, batch: Batch, passed: list[MarketItem]) -> None:
        """Pass the quotes newer than every quote before them; one without an id cannot be judged and passes."""
        ids = batch["update_id"]
        count = len(ids)
        if count == 1 and ids[0] > self.last_update_id:
            self.last_update_id = int(ids[0])
            passed.append(batch)
        elif count:
            newest = np.maximum.accumulate(np.concatenate(([self.last_update_id], ids)))
            fresh = (ids > newest[:-1]) | (ids == 0)
            self.last_update_id = int(newest[-1])
            passing = int(fresh.sum())
            self.stale += count - passing
            if passing:
                passed.append(batch if passing == count else batch.where(fresh))


def _pass_rows(batch: Batch, kept: list[int], passed: list[MarketItem]) -> None:
    """Pass the rows kept so far, as one batch, and start anew."""
    if kept:
        first, stop = kept[0], kept[-1] + 1
        if stop - first == len(kept):
            passed.append(batch.slice(first, stop))
        else:
            passed.append(Batch(batch.kind, batch.symbol, {name: column[kept] for name, column in batch.columns.items()}))
        kept.clear()
