"""What one rule makes of a reading: a verdict at each instant, and the stretches over which it does not change.

Apart from `lifecycle`, because all of this is columnar and knows no past: the state of the rule enters only where stretches are
walked. A condition that flickers at its threshold makes thousands of stretches; `Stretches` knows which of them are long enough
to matter, so that the walk can leave out the others.
"""

from __future__ import annotations

import enum
from bisect import bisect_left
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scoring.alerts.rules import Rule
from scoring.alerts.terms import Truths, Values
from scoring.alerts.timeline import NEVER_NS, Instants, Reading


class Verdict(enum.IntEnum):
    """What is known of a rule at one instant."""

    UNKNOWN = 0
    HOLDS = 1
    CLEAR = 2
    NEITHER = 3
    SILENT = 4


class Judged(NamedTuple):
    """A reading with the verdicts of one rule."""

    reading: Reading
    instants: Instants
    verdicts: NDArray[np.int8]
    margins: Values
    """How far the threshold was passed; −∞ where that does not count."""

    def first_at(self, start: int, stop: int, at_ns: int) -> int:
        """Find the first index from `start` at or after an instant; `stop` where there is none before it."""
        return start + int(np.searchsorted(self.instants[start:stop], at_ns))


def find_silences(reading: Reading, limit_ns: int) -> list[int]:
    """Give the instants at which a table had been silent for `limit_ns` and went on being so, in order; none for a limit of 0."""
    if not limit_ns:
        return []
    instants: list[int] = []
    for table in reading.tables.values():
        if table.widest_ns > limit_ns:
            rows = table.rows[1:] if table.rows[0] == NEVER_NS else table.rows
            instants += (rows[:-1][np.diff(rows) > limit_ns] + limit_ns).tolist()
        due = int(table.rows[-1]) + limit_ns
        if table.rows[-1] != NEVER_NS and due < reading.through_ns and (table.more or table.watched_ns > due):
            instants.append(due)
    return sorted(instants)


def _silent(reading: Reading, limit_ns: int) -> Truths:
    """Say at which instants a table had been silent for too long (never one that ended before its silence was a fact)."""
    silent = np.zeros(len(reading.instants), np.bool_)
    # The instants of a reading of one table are its rows: it is not silent at any of them.
    if not limit_ns or len(reading.tables) == 1:
        return silent
    for table in reading.tables.values():
        stale = (reading.instants - table.as_of > limit_ns) & (table.as_of != NEVER_NS)
        if not table.more and table.watched_ns <= table.rows[-1] + limit_ns:
            stale &= table.as_of != table.rows[-1]
        silent |= stale
    return silent


def judge_reading(rule: Rule, reading: Reading, holds: Truths, known: Truths) -> Judged:
    """Refine where `when` holds and is known (bool[n]) into verdicts."""
    clear = known & ~holds
    if rule.clear_when is not None:
        clear &= rule.clear_when.evaluate(reading.values)
    verdicts = np.full(len(holds), Verdict.NEITHER, np.int8)
    verdicts[clear] = Verdict.CLEAR
    verdicts[holds] = Verdict.HOLDS
    verdicts[~known] = Verdict.UNKNOWN
    if rule.settings.on_gap == "hold":
        verdicts[on_gaps(reading)] = Verdict.UNKNOWN
    verdicts[_silent(reading, rule.settings.no_data_after)] = Verdict.SILENT
    margins = rule.when.margin(reading.values)
    counts = (verdicts != Verdict.UNKNOWN) & (verdicts != Verdict.SILENT) & (margins == margins)
    return Judged(reading, reading.instants, verdicts, np.where(counts, margins, -np.inf))


def on_gaps(reading: Reading) -> Truths:
    """Say at which instants a window lay on an open gap, bool[n]."""
    found = np.zeros(len(reading.instants), np.bool_)
    for table in reading.tables.values():
        found |= table.open_gaps > 0
    return found


class Stretches:
    """A reading cut where the verdict changes or a silence begins; empty ones only where a silence begins after the last instant."""

    def __init__(self, judged: Judged, silences: list[int], rule: Rule) -> None:
        """Cut; `silences` in order."""
        count = len(judged.instants)
        # A row at the very instant of a silence is still judged before it.
        begins = np.searchsorted(judged.instants, silences, "right").tolist()
        changes = (np.flatnonzero(np.diff(judged.verdicts)) + 1).tolist()
        self.starts: list[int] = sorted({*changes, *begins, *([0] if count else [])})
        self.stops: list[int] = [*self.starts[1:], count]
        self._silences = dict(zip(reversed(begins), reversed(silences), strict=True))
        filled = self.starts[:-1] if self.starts[-1] == count else self.starts
        self.verdicts: list[int] = judged.verdicts[filled].tolist()
        self._last_ns: list[int] = judged.instants[[stop - 1 for stop in self.stops[: len(filled)]]].tolist()
        lasting = [last - first for first, last in zip(judged.instants[filled].tolist(), self._last_ns, strict=True)]
        self._always = [i for i, start in enumerate(self.starts) if start in self._silences or i == len(self.starts) - 1]
        # However short it is: what a silence takes from a rule must have been pending.
        taken = [i - 1 for i in self._always if i and self.starts[i] in self._silences and self.verdicts[i - 1] == Verdict.HOLDS]
        self._firing = sorted({*self._long(Verdict.HOLDS, lasting, rule.settings.held_for), *taken})
        self._resolving = self._long(Verdict.CLEAR, lasting, rule.settings.keep_firing_for)

    def _long(self, verdict: Verdict, lasting: list[int], least_ns: int) -> list[int]:
        long = [i for i, (found, length) in enumerate(zip(self.verdicts, lasting, strict=True)) if found == verdict and length >= least_ns]
        return sorted({*long, *self._always})

    def silence_before(self, i: int) -> int | None:
        """Give the instant of the silence that stretch `i` begins with."""
        return self._silences.get(self.starts[i])

    def next_firing(self, i: int) -> int:
        """Find the first stretch from `i` on that can fire an alert, follows a silence, holds before one, or is the last."""
        return self._firing[bisect_left(self._firing, i)]

    def next_resolving(self, i: int) -> int:
        """Find the first stretch from `i` on that can resolve an alert, follows a silence, or is the last."""
        return self._resolving[bisect_left(self._resolving, i)]

    def next_lasting(self, i: int, until_ns: int) -> int:
        """Find the first stretch from `i` on that reaches an instant, follows a silence, or is the last."""
        return min(max(i, bisect_left(self._last_ns, until_ns)), self._always[bisect_left(self._always, i)])
