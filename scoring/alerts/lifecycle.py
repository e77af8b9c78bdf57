"""The life of one rule on one symbol, in event time.

    quiet ── when holds ──► pending ── held for `for` ──► firing ── clear for `keep_firing_for` ──► cooling ── `cooldown` ──► quiet

- An alert fires at the first instant, `for` or more after the condition began to hold, at which it still holds. It is resolved at the
  first instant, `keep_firing_for` or more after it began to be clear, at which it still is. Both are asked at rows only.
- Clear means `clear_when` holds (if the rule has one) and `when` is known not to. A value that is not known neither fires nor
  resolves: it ends a pending, and interrupts the way to being clear.
- Cooling lasts `cooldown` from the instant of resolution, not of firing: a long alert would otherwise use it up. A condition
  that began meanwhile and still holds afterwards begins anew at the first instant after.
- Silence: where a table has no row for more than `no_data_after`, the rule says `no_data` at exactly that instant. A pending
  is dropped; a firing alert is written again as `no_data` and stays, for silence resolves nothing. When the row comes back it
  goes on: written again as `firing`, or resolved. The end of a tape is no silence.
- An open gap only shows in the alert, unless the rule holds on gaps: then instants on top of one count as not known.

Rows are judged a reading at a time with numpy; the walk visits only the stretches of equal verdict, so a quiet rule whose
condition does not hold costs one evaluation. What is kept is a handful of numbers and the alert that is on.
"""

from __future__ import annotations

import enum
import hashlib
import itertools
from collections.abc import Iterator
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from scoring.alerts.evidence import gather, worst
from scoring.alerts.expression import Truths
from scoring.alerts.rules import Rule
from scoring.alerts.timeline import NEVER_NS, Instants, Reading
from scoring.records import Alert


class Phase(enum.StrEnum):
    """Where a rule stands."""

    QUIET = "quiet"
    PENDING = "pending"
    FIRING = "firing"
    COOLING = "cooling"
    NO_DATA = "no_data"
    GAP = "gap"


class _Verdict(enum.IntEnum):
    """What is known of a rule at one instant."""

    UNKNOWN = 0
    HOLDS = 1
    CLEAR = 2
    NEITHER = 3
    SILENT = 4


class Change(NamedTuple):
    """An alert as it is from an instant on."""

    at_ns: int
    alert: Alert


class _Judged(NamedTuple):
    """A reading with the verdicts of one rule."""

    reading: Reading
    instants: Instants
    verdicts: NDArray[np.int8]
    margins: NDArray[np.float64]
    """How far the threshold was passed; −∞ where that does not count."""

    def first_at(self, start: int, stop: int, at_ns: int) -> int:
        """Find the first index from `start` at or after an instant; `stop` where there is none before it."""
        return start + int(np.searchsorted(self.instants[start:stop], at_ns))


class Lifecycle:
    """One rule on one symbol."""

    def __init__(self, symbol: str, rule: Rule) -> None:
        """Begin quiet."""
        self.symbol = symbol
        self.rule = rule
        self.tables = rule.tables
        self.phase = Phase.QUIET
        self.silent = False
        """A table has been silent for too long."""
        self.on_gap = False
        """The newest instant lay on an open gap, and the rule holds on gaps."""
        self.swallowed = 0
        """How many times the condition began to hold while the rule was cooling."""
        self._holding = False
        self._since_ns = 0
        self._clear_since_ns: int | None = None
        self._cool_until_ns = NEVER_NS
        self._peak_margin = -np.inf
        self._peak_value = np.nan
        self._alert: Alert | None = None

    def state(self, now_ns: int) -> Phase:
        """Say where the rule stands at an instant; what keeps it from judging comes first."""
        if self.silent:
            return Phase.NO_DATA
        if self.on_gap:
            return Phase.GAP
        if self.phase is Phase.COOLING and now_ns >= self._cool_until_ns:
            return Phase.QUIET
        return self.phase

    def judge(self, reading: Reading) -> list[Change]:
        """Take the next reading and give what changed, in order of instants."""
        silences = [] if self.silent and not len(reading.instants) else self._silences(reading)
        if not len(reading.instants) and not silences:
            return []
        holds, known = self.rule.when.judge(reading.values)
        if self.phase in (Phase.QUIET, Phase.COOLING) and not (self.silent or silences or holds.any() or self._holds_on_gaps):
            self._holding = False
            return []
        judged = self._judged(reading, holds, known)
        changes: list[Change] = []
        for start, stop, silent_ns in _stretches(judged.verdicts, reading.instants, silences):
            if silent_ns is not None:
                changes += self._fall_silent(silent_ns)
            if start < stop:
                changes += self._walk(judged, start, stop)
        return changes

    # --- verdicts -------------------------------------------------------------------------------------------------------------------

    @property
    def _holds_on_gaps(self) -> bool:
        return self.rule.settings.on_gap == "hold"

    def _silences(self, reading: Reading) -> list[int]:
        """Give the instants at which a table had been silent for too long, in order."""
        limit = self.rule.settings.no_data_after
        if not limit:
            return []
        instants: list[int] = []
        for table in reading.tables.values():
            if table.widest_ns > limit:
                rows = table.rows[1:] if table.rows[0] == NEVER_NS else table.rows
                instants += (rows[:-1][np.diff(rows) > limit] + limit).tolist()
            due = int(table.rows[-1]) + limit
            if table.rows[-1] != NEVER_NS and due < reading.through_ns and (table.more or table.watched_ns > due):
                instants.append(due)
        return sorted(instants)

    def _stale(self, reading: Reading) -> Truths:
        """Say at which instants a table had been silent for too long (never one that ended before the silence was a fact)."""
        limit = self.rule.settings.no_data_after
        stale = np.zeros(len(reading.instants), np.bool_)
        for table in reading.tables.values():
            if limit and len(reading.tables) > 1:
                silent = (reading.instants - table.as_of > limit) & (table.as_of != NEVER_NS)
                if not table.more and table.watched_ns <= table.rows[-1] + limit:
                    silent &= table.as_of != table.rows[-1]
                stale |= silent
        return stale

    def _judged(self, reading: Reading, holds: Truths, known: Truths) -> _Judged:
        clear = known & ~holds
        if self.rule.clear_when is not None:
            clear &= self.rule.clear_when.evaluate(reading.values)
        verdicts = np.where(known, np.where(holds, _Verdict.HOLDS, np.where(clear, _Verdict.CLEAR, _Verdict.NEITHER)), _Verdict.UNKNOWN)
        if self._holds_on_gaps and len(verdicts):
            gaps = np.any([table.open_gaps > 0 for table in reading.tables.values()], axis=0)
            verdicts[gaps] = _Verdict.UNKNOWN
            self.on_gap = bool(gaps[-1])
        verdicts[self._stale(reading)] = _Verdict.SILENT
        margins = self.rule.when.margin(reading.values)
        counts = (verdicts != _Verdict.UNKNOWN) & (verdicts != _Verdict.SILENT) & (margins == margins)
        return _Judged(reading, reading.instants, verdicts.astype(np.int8), np.where(counts, margins, -np.inf))

    # --- the walk -------------------------------------------------------------------------------------------------------------------

    def _walk(self, judged: _Judged, start: int, stop: int) -> Iterator[Change]:
        """Walk over a stretch of one verdict."""
        verdict = _Verdict(int(judged.verdicts[start]))
        if self.silent and verdict is not _Verdict.SILENT:
            yield from self._wake(judged, start, verdict)
        if verdict is _Verdict.HOLDS:
            yield from self._hold(judged, start, stop)
            self._holding = True
            return
        self._holding = False
        if self.phase is Phase.PENDING:
            self.phase = Phase.QUIET
        if self.phase is Phase.FIRING:
            yield from self._release(judged, start, stop, verdict)

    def _hold(self, judged: _Judged, start: int, stop: int) -> Iterator[Change]:
        if self.phase is Phase.COOLING:
            at = judged.first_at(start, stop, self._cool_until_ns)
            self.swallowed += at > start and not self._holding
            if at == stop:
                return
            start, self.phase = at, Phase.QUIET
        if self.phase is Phase.QUIET:
            self.phase = Phase.PENDING
            self._since_ns = int(judged.instants[start])
            self._peak_margin = -np.inf
        if self.phase is Phase.PENDING:
            at = judged.first_at(start, stop, self._since_ns + self.rule.settings.held_for)
            self._observe(judged, start, min(at + 1, stop))
            if at == stop:
                return
            yield self._fire(judged, at)
            start = at
        self._clear_since_ns = None
        self._observe(judged, start, stop)

    def _release(self, judged: _Judged, start: int, stop: int, verdict: _Verdict) -> Iterator[Change]:
        if verdict is not _Verdict.CLEAR:
            self._clear_since_ns = None
            self._observe(judged, start, stop)
            return
        if self._clear_since_ns is None:
            self._clear_since_ns = int(judged.instants[start])
        at = judged.first_at(start, stop, self._clear_since_ns + self.rule.settings.keep_firing_for)
        self._observe(judged, start, min(at + 1, stop))
        if at < stop:
            resolved_ns = int(judged.instants[at])
            yield self._write(resolved_ns, "resolved", resolved_ns)
            self._alert = None
            self.phase = Phase.COOLING
            self._cool_until_ns = resolved_ns + self.rule.settings.cooldown

    def _fall_silent(self, at_ns: int) -> Iterator[Change]:
        if self.silent:
            return
        self.silent = True
        self._clear_since_ns = None
        if self.phase is Phase.PENDING:
            self.phase = Phase.QUIET
        if self.phase is Phase.FIRING:
            yield self._write(at_ns, "no_data")

    def _wake(self, judged: _Judged, at: int, verdict: _Verdict) -> Iterator[Change]:
        self.silent = False
        if self.phase is Phase.FIRING and not (verdict is _Verdict.CLEAR and not self.rule.settings.keep_firing_for):
            self._observe(judged, at, at + 1)
            yield self._write(int(judged.instants[at]), "firing")

    # --- the alert ------------------------------------------------------------------------------------------------------------------

    def _observe(self, judged: _Judged, start: int, stop: int) -> None:
        """Move the peak to the first instant at which the threshold was passed by most."""
        best = start + int(np.argmax(judged.margins[start:stop]))
        if judged.margins[best] > self._peak_margin:
            self._peak_margin = float(judged.margins[best])
            self._peak_value = float(judged.reading.values[self.rule.when.metrics[0]][best])

    def _fire(self, judged: _Judged, at: int) -> Change:
        settings, when = self.rule.settings, self.rule.when
        self.phase = Phase.FIRING
        identity = f"{settings.name}\n{self.symbol}\n{self._since_ns}"
        at_ns = int(judged.instants[at])
        self._alert = Alert(
            alert_id=hashlib.blake2b(identity.encode(), digest_size=8).hexdigest(),
            rule=settings.name,
            symbol=self.symbol,
            severity=settings.severity,
            state="firing",
            started_ns=self._since_ns,
            fired_ns=at_ns,
            resolved_ns=0,
            metric=str(when.metrics[0]),
            condition=when.text,
            threshold=when.threshold,
            value=float(judged.reading.values[when.metrics[0]][at]),
            peak_value=self._peak_value,
            evidence=gather(when.metrics, judged.reading, at),
            completeness=worst(when.tables, judged.reading, at),
        )
        return Change(at_ns, self._alert)

    def _write(self, at_ns: int, state: str, resolved_ns: int = 0) -> Change:
        """Write the alert again as it is now."""
        assert self._alert is not None  # only called while firing
        self._alert = msgspec.structs.replace(self._alert, state=state, resolved_ns=resolved_ns, peak_value=self._peak_value)
        return Change(at_ns, self._alert)


def _stretches(verdicts: NDArray[np.int8], instants: Instants, silences: list[int]) -> Iterator[tuple[int, int, int | None]]:
    """Cut a reading where the verdict changes or a silence begins: (start, stop, instant of the silence just before start)."""
    starts = [0, *(np.flatnonzero(np.diff(verdicts)) + 1).tolist()] if len(verdicts) else []
    # A row at the very instant of a silence is still judged before it.
    begins = dict(zip(reversed(np.searchsorted(instants, silences, "right").tolist()), reversed(silences), strict=True))
    cuts = [*sorted({*starts, *begins} - {len(verdicts)}), len(verdicts)]
    for start, stop in itertools.pairwise(cuts):
        yield start, stop, begins.get(start)
    if len(verdicts) in begins:
        yield len(verdicts), len(verdicts), begins[len(verdicts)]
