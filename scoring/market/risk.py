"""Rolling risk of one symbol: trades become rows on a grid of event time.

An instant of the grid is closed once event time has passed it by the allowed lateness: what comes for it later is counted and
dropped, judged row by row. A row says everything about its instant, so no row is ever revised. The trades of a step wait in
`buckets`, `samples` carries prices forward, `measures` looks back over them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from scoring.duration import Duration
from scoring.market.buckets import Buckets
from scoring.market.completeness import GapLedger, completeness
from scoring.market.measures import HORIZONS_NS, MEASURES, SECOND_NS
from scoring.market.samples import FEW, Sampler, Samples
from scoring.records import (
    ALL_SYMBOLS,
    CLOCK_GRID_NS,
    END_NS,
    NANOSECONDS_PER_MILLISECOND,
    Batch,
    Clock,
    Column,
    End,
    Gap,
    Kind,
    MarketItem,
    RiskMetrics,
    Rows,
    Table,
    empty_columns,
)
from scoring.watermark import UNSET_NS, Watermark

_MANY: Final = 120
"""From so many rows on, columns are faster than a loop; the result is the same."""

_KINDS: Final = frozenset({Kind.TRADE.value, ALL_SYMBOLS})
_NO_ROWS: Final = empty_columns(RiskMetrics)


class RiskSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How risk is sampled."""

    grid: Duration = Duration.parse("500ms")
    """Step between two rows; divides a second."""
    samples: int = 60
    """Samples, at least 3, in `volatility` and `drawdown`: 30 s of a 500 ms grid, 59 returns."""
    lateness: Duration = Duration.parse("10s")
    """How long an instant waits for trades that are out of order."""
    idle: Duration = Duration.parse("5s")
    """How far event time stays behind the recorder's clock while nothing arrives."""

    def __post_init__(self) -> None:
        """Refuse what no sample can be taken on.

        Raises:
            ValueError: the grid does not divide a second, or the samples hold no deviation.
        """
        if self.grid <= 0 or SECOND_NS % self.grid:
            raise ValueError(f"grid = {self.grid}: expected a duration that divides a second, such as '500ms'")
        if self.samples < 3:
            raise ValueError(f"samples = {self.samples}: expected at least 3, for two returns")


class Risk:
    """Rolling risk of one symbol, from its trades."""

    def __init__(self, symbol: str, settings: RiskSettings | None = None, provisional: bool = False) -> None:
        """Begin before the first trade; `provisional` also gives rows before their instant closes."""
        self._symbol = symbol
        self._settings = settings or RiskSettings()
        self._provisional = provisional
        self._watermark = Watermark(self._settings.lateness, self._settings.idle)
        self._buckets = Buckets()
        self._sampler = Sampler(self._settings.grid, self._settings.samples)
        self._ledger = GapLedger()
        self._held: list[Gap] = []
        """Jumps of ids just told: the trade that showed them comes next, and what closed before it arrived knew nothing of them."""
        self._closed = UNSET_NS // self._settings.grid  # number of the last closed instant
        self._shown_ns = UNSET_NS
        self.late_rows = 0
        """Trades that came after their instant had closed."""

    def update(self, items: Iterable[MarketItem]) -> list[Rows]:
        """Take items of the symbol in tape order and give the rows that they close, and what there is to say between rows."""
        found: list[Rows] = []
        heard = traded = False
        for item in items:
            if isinstance(item, Batch):
                if item.kind is Kind.TRADE and len(item):
                    if self._held:
                        self._watermark.tick(int(item["received_ns"][0]) // CLOCK_GRID_NS * CLOCK_GRID_NS)
                        found += self._close()
                        self._let_go()
                    found += self._take(item)
                    traded = True
            elif isinstance(item, Gap):
                if self._ledger.is_news(item):
                    self._held.append(item)
                else:
                    self._ledger.add(item)
            elif isinstance(item, Clock):
                self._let_go()
                self._watermark.tick(item.at_ns)
                found += self._close()
                heard = True
            elif isinstance(item, End):
                self._let_go()
                found += self._end()
                heard = True
        if heard and not found:
            found.append(self._rows(_NO_ROWS, self._watermark.closed_ns))
        if self._provisional and traded:
            found += self._preview()
        return found

    def _let_go(self) -> None:
        """Count the gaps that were held from here on."""
        for gap in self._held:
            self._ledger.add(gap)
        self._held.clear()

    def _take(self, batch: Batch) -> list[Rows]:
        """Take trades, and close what they close."""
        if len(batch) >= _MANY:
            return self._take_many(batch)
        grid, lateness = self._settings.grid, self._settings.lateness
        names = ("received_ns", "event_ns", "trade_id", "price", "quantity", "repaired")
        for received_ns, event_ns, trade_id, price, quantity, repaired in zip(*[batch[name].tolist() for name in names], strict=True):
            before = self._watermark.advance_one(event_ns, received_ns)
            step = -(-event_ns // grid)
            if step * grid <= before - lateness:
                self.late_rows += 1
            else:
                self._buckets.add(step, trade_id, event_ns, price, quantity, repaired)
        return self._close()

    def _take_many(self, batch: Batch) -> list[Rows]:
        """Do what `_take` does, by columns."""
        before = self._watermark.advance(batch["event_ns"], batch["received_ns"])
        step = -(-batch["event_ns"] // int(self._settings.grid))
        late = step * int(self._settings.grid) <= before - int(self._settings.lateness)
        if late.any():
            self.late_rows += int(np.count_nonzero(late))
            batch, step = batch.where(~late), step[~late]
        if not len(batch):
            return self._close()
        self._closed = self._watermark.closed_ns // self._settings.grid
        traded = self._buckets.take_with(
            step, batch["trade_id"], batch["event_ns"], batch["price"], batch["quantity"], batch["repaired"], self._closed
        )
        return self._said(self._sampler.sample(self._closed, traded))

    def _close(self) -> list[Rows]:
        """Close the instants that event time has passed by the lateness."""
        closed = self._watermark.closed_ns // self._settings.grid
        before, self._closed = self._closed, max(closed, self._closed)
        if closed <= before:
            return []
        if closed - before > FEW:
            return self._said(self._sampler.sample(closed, self._buckets.take(closed)))
        samples = self._sampler.walk(range(before + 1, closed + 1), self._buckets.pop)
        return self._said([samples] if samples else [])

    def _end(self) -> list[Rows]:
        """Close everything up to the first instant at or after the event time reached."""
        through = -(-self._watermark.reached_ns // self._settings.grid)
        samples = self._sampler.sample(through, self._buckets.take(through))
        self._sampler = Sampler(self._settings.grid, self._settings.samples)
        self._watermark.reached_ns = END_NS + self._settings.lateness
        self._closed = self._watermark.closed_ns // self._settings.grid
        return self._said(samples)

    def _said(self, runs: list[Samples]) -> list[Rows]:
        if not runs:
            return []
        ends = [int(samples.step[-1]) * self._settings.grid for samples in runs]
        found = [self._rows(self._columns(samples), end) for samples, end in zip(runs, ends, strict=True)]
        found[-1] = msgspec.structs.replace(found[-1], through_ns=self._watermark.closed_ns)
        self._ledger.forget_before(ends[-1] - HORIZONS_NS[-1])
        return found

    def _rows(self, columns: dict[str, Column], through_ns: int, provisional: bool = False) -> Rows:
        return Rows(Table.RISK_METRICS, self._symbol, columns, through_ns, provisional)

    def _columns(self, samples: Samples) -> dict[str, Column]:
        count = len(samples.step)
        sampled_ns = samples.step * int(self._settings.grid)
        open_gaps = self._open_gaps(sampled_ns)
        repaired = samples.measures[-1]
        if open_gaps.any() or repaired.any():
            whole = [completeness(*pair) for pair in zip(open_gaps.tolist(), repaired.astype(np.int64).tolist(), strict=True)]
        else:
            whole = [completeness(0, 0)] * count
        return {
            "symbol": np.array([self._symbol] * count, object),
            "sampled_ns": sampled_ns,
            "price": samples.price,
            "price_age_ms": (sampled_ns - samples.event_ns) / NANOSECONDS_PER_MILLISECOND,
            **dict(zip(MEASURES, samples.measures[:-1], strict=True)),
            "open_gaps": open_gaps,
            "completeness": np.array(whole, object),
        }

    def _open_gaps(self, sampled_ns: NDArray[np.int64]) -> NDArray[np.int64]:
        """Count, for each instant, the gaps that began before it and overlap the longest horizon behind it."""
        longest = HORIZONS_NS[-1]
        if not self._ledger.open_in(int(sampled_ns[0]) - longest, int(sampled_ns[-1]), _KINDS):
            return np.zeros(len(sampled_ns), np.int64)
        return np.array([self._ledger.open_in(at - longest, at, _KINDS) for at in sampled_ns.tolist()], np.int64)

    def _preview(self) -> list[Rows]:
        """Give the newest whole second that has not closed, as the trades so far show it."""
        newest_ns = self._watermark.reached_ns // SECOND_NS * SECOND_NS
        if newest_ns <= self._shown_ns or newest_ns <= self._watermark.closed_ns:
            return []
        self._shown_ns = newest_ns
        through = newest_ns // self._settings.grid
        ahead = self._sampler.copy().walk(range(self._closed + 1, through + 1), self._buckets.get)
        if ahead is None or ahead.step[-1] != through:
            return []
        last = Samples(ahead.step[-1:], ahead.price[-1:], ahead.event_ns[-1:], ahead.measures[:, -1:])
        return [self._rows(self._columns(last), self._watermark.closed_ns, provisional=True)]
