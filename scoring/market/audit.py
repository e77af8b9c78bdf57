"""`audits`: our one-minute windows beside the exchange's own candles, minute by minute.

Whoever says that nothing is missing should be able to prove it: the exchange publishes what it counted itself. A minute is judged
as soon as both sides have spoken, and again when a revision of ours or a second candle changes the verdict, so the last row of a
minute is what holds. Both sides come in any order and none waits for the other. The minute our first trade fell into is not judged,
nor any before it: we came in the middle.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import msgspec

from scoring.records import NANOSECONDS_PER_MINUTE, Audit, Rows, Table, to_columns

_MINUTES_TO_WAIT: Final = 2
"""A candle is missing when one this many minutes later has come: the stream sends each within seconds of its end."""


class Amounts(NamedTuple):
    """What is compared."""

    open: float
    high: float
    low: float
    close: float
    trade_count: int
    volume_base: float
    volume_quote: float
    taker_buy_base: float


_NEAR: Final = frozenset({"volume_base", "volume_quote", "taker_buy_base"})
"""Columns that need not be equal to the last bit."""


class AuditSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How our minutes are compared with the exchange's."""

    minutes: int = 180
    """Minutes kept per symbol, counted back from the newest: how long a revision or a candle that comes late still changes a verdict.
    More than the windows back that a repair revises (`retained_windows`)."""
    tolerance: float = 1e-9
    """How far volumes may lie apart, as a fraction of the larger: both sides add rounded numbers in orders of their own."""


class Minute(msgspec.Struct):
    """What both sides say about one minute, and what was said about it."""

    ours: Amounts | None = None
    completeness: str = ""
    """Of our window."""
    theirs: Amounts | None = None
    told: Audit | None = None


class AuditTrail:
    """`audits` of one symbol."""

    def __init__(self, symbol: str, settings: AuditSettings | None = None) -> None:
        """Start without a window and without a candle."""
        self.symbol = symbol
        self.settings = settings or AuditSettings()
        self.minutes: dict[int, Minute] = {}
        """By the start of the minute."""
        self.unjudged: set[int] = set()
        """Starts of the minutes about which something is new, or a side may still speak."""
        self.first_ns: int | None = None
        """Start of our first window."""
        self.newest_ns = 0
        """Start of the newest minute either side has spoken about."""
        self.newest_candle_ns = 0
        self.windows_through_ns = 0
        self.candles_through_ns = 0
        self.told_through_ns = 0

    def update(self, items: Iterable[Rows]) -> list[Rows]:
        """Take rows of `trade_metrics` and `candles`; the rest, provisional rows and windows of other widths are ignored."""
        told = []
        for rows in items:
            if rows.provisional:
                continue
            if rows.table is Table.TRADE_METRICS:
                self._take_windows(rows)
            elif rows.table is Table.CANDLES:
                self._take_candles(rows)
            else:
                continue
            self._forget()
            verdicts = list(self._judge())
            through_ns = min(self.windows_through_ns, self.candles_through_ns)
            if verdicts or through_ns > self.told_through_ns:
                self.told_through_ns = through_ns
                told.append(Rows(Table.AUDITS, self.symbol, to_columns(Audit, verdicts), through_ns))
        return told

    def _take_windows(self, rows: Rows) -> None:
        self.windows_through_ns = max(self.windows_through_ns, rows.through_ns)
        starts, ends = rows.columns["window_start_ns"].tolist(), rows.columns["window_end_ns"].tolist()
        amounts, completenesses = _amounts(rows), rows.columns["completeness"].tolist()
        for start_ns, end_ns, ours, completeness in zip(starts, ends, amounts, completenesses, strict=True):
            if end_ns - start_ns == NANOSECONDS_PER_MINUTE:
                self.first_ns = start_ns if self.first_ns is None else self.first_ns
                minute = self._minute(start_ns)
                minute.ours, minute.completeness = ours, completeness

    def _take_candles(self, rows: Rows) -> None:
        self.candles_through_ns = max(self.candles_through_ns, rows.through_ns)
        for open_ns, theirs in zip(rows.columns["open_ns"].tolist(), _amounts(rows), strict=True):
            self.newest_candle_ns = max(self.newest_candle_ns, open_ns)
            self._minute(open_ns).theirs = theirs

    def _minute(self, open_ns: int) -> Minute:
        self.newest_ns = max(self.newest_ns, open_ns)
        self.unjudged.add(open_ns)
        return self.minutes.setdefault(open_ns, Minute())

    def _forget(self) -> None:
        """Let go of the minutes that are too old to be judged, and of those before ours began."""
        oldest_ns = self.newest_ns - (self.settings.minutes - 1) * NANOSECONDS_PER_MINUTE
        if self.first_ns is not None:
            oldest_ns = max(oldest_ns, self.first_ns + NANOSECONDS_PER_MINUTE)
        past = [open_ns for open_ns in self.minutes if open_ns < oldest_ns]
        for open_ns in past:
            del self.minutes[open_ns]
        self.unjudged.difference_update(past)

    def _judge(self) -> Iterator[Audit]:
        """Give the verdicts that are new or have changed, in order of their minutes."""
        if self.first_ns is None:
            return
        for open_ns in sorted(self.unjudged):
            minute = self.minutes[open_ns]
            audit = self._verdict(open_ns, minute)
            if audit is not None:
                self.unjudged.discard(open_ns)
                if audit != minute.told:
                    minute.told = audit
                    yield audit

    def _verdict(self, open_ns: int, minute: Minute) -> Audit | None:
        """Judge a minute; None while a side may still speak."""
        if minute.theirs is None:
            is_passed = self.newest_candle_ns >= open_ns + _MINUTES_TO_WAIT * NANOSECONDS_PER_MINUTE
            return Audit(self.symbol, open_ns, "no candle", "{}", minute.completeness) if is_passed else None
        if minute.ours is None:
            if self.windows_through_ns < open_ns + NANOSECONDS_PER_MINUTE:
                return None
            verdict = "no trades" if minute.theirs.trade_count else "verified"
            return Audit(self.symbol, open_ns, verdict, "{}", "")
        differences = compare(minute.ours, minute.theirs, self.settings.tolerance)
        verdict = "differs" if differences else "verified"
        return Audit(self.symbol, open_ns, verdict, msgspec.json.encode(differences).decode(), minute.completeness)


def compare(ours: Amounts, theirs: Amounts, tolerance: float) -> dict[str, tuple[float, float]]:
    """Give each column that differs with both values: prices and counts exactly, volumes within a fraction of the larger."""
    pairs = zip(Amounts._fields, ours, theirs, strict=True)
    return {name: (own, other) for name, own, other in pairs if own != other and not _is_near(name, own, other, tolerance)}


def _is_near(name: str, own: float, other: float, tolerance: float) -> bool:
    return name in _NEAR and abs(own - other) <= tolerance * max(own, other)


def _amounts(rows: Rows) -> list[Amounts]:
    """Give the compared columns of each row."""
    return [Amounts(*values) for values in zip(*(rows.columns[name].tolist() for name in Amounts._fields), strict=True)]
