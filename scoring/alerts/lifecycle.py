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
- Before it fires there is no alert, but a screen may want to know: `waiting` says that a rule is pending, or inhibited, i.e. that a
  gap keeps it from judging or that silence took a pending from it. It is never stored, and what it says enters no alert.

Rows are judged a reading at a time with numpy; the walk visits only stretches of equal verdict that can change something, so a
quiet rule whose condition does not hold costs one evaluation. What is kept is a handful of numbers and the alert that is on.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterator
from typing import NamedTuple

import msgspec
import numpy as np

from scoring.alerts.evidence import gather, worst
from scoring.alerts.obstacles import Obstacle, Obstacles
from scoring.alerts.rules import Rule
from scoring.alerts.timeline import NEVER_NS, Reading
from scoring.alerts.verdicts import Judged, Stretches, Verdict, find_silences, judge_reading
from scoring.records import Alert


class Phase(enum.StrEnum):
    """Where a rule stands."""

    QUIET = "quiet"
    PENDING = "pending"
    FIRING = "firing"
    COOLING = "cooling"
    NO_DATA = "no_data"
    GAP = "gap"


class Change(NamedTuple):
    """An alert as it is from an instant on."""

    at_ns: int
    alert: Alert


class Lifecycle:
    """One rule on one symbol."""

    def __init__(self, symbol: str, rule: Rule, tells_waiting: bool = False) -> None:
        """Begin quiet; `tells_waiting` where somebody looks at what waits."""
        self.symbol = symbol
        self.rule = rule
        self.tables = rule.tables
        self.phase = Phase.QUIET
        self.silent = False
        """A table has been silent for too long."""
        self.swallowed = 0
        """How many times the condition began to hold while the rule was cooling."""
        self.waiting: Alert | None = None
        """What stands in the place of an alert: one that is `pending`, or `inhibited`; the same object while it stays the same."""
        self._tells_waiting = tells_waiting
        self._holding = False
        self._since_ns = 0
        self._clear_since_ns: int | None = None
        self._cool_until_ns = NEVER_NS
        self._peak_margin = -np.inf
        self._peak_value = np.nan
        self._alert: Alert | None = None
        self._obstacles = Obstacles(rule.tables)

    def state(self, now_ns: int) -> Phase:
        """Say where the rule stands at an instant; what keeps it from judging comes first."""
        if self.silent:
            return Phase.NO_DATA
        if self._obstacles.gap:
            return Phase.GAP
        if self.phase is Phase.COOLING and now_ns >= self._cool_until_ns:
            return Phase.QUIET
        return self.phase

    def judge(self, reading: Reading) -> list[Change]:
        """Take the next reading and give what changed, in order of instants."""
        holds_on_gaps = self.rule.settings.on_gap == "hold"
        news = bool(len(reading.instants))
        silences = find_silences(reading, self.rule.settings.no_data_after) if news or not self.silent else []
        if not news and not silences:
            return []
        holds, known = self.rule.when.judge(reading.values)
        if self.phase in (Phase.QUIET, Phase.COOLING) and not (self.silent or silences or holds_on_gaps or holds.any()):
            self._holding = False
            return []
        if holds_on_gaps and news:
            self._obstacles.meet_gaps(reading)
        judged = judge_reading(self.rule, reading, holds, known)
        changes = list(self._walk(judged, Stretches(judged, silences, self.rule)))
        if self._tells_waiting:
            self.waiting = self._wait(judged)
        return changes

    # --- the walk -------------------------------------------------------------------------------------------------------------------

    def _walk(self, judged: Judged, stretches: Stretches) -> Iterator[Change]:
        """Walk over the stretches that can change something."""
        i = 0
        while i < len(stretches.starts):
            i = self._skip(judged, stretches, i)
            silent_ns = stretches.silence_before(i)
            if silent_ns is not None:
                yield from self._fall_silent(silent_ns)
            if stretches.starts[i] < stretches.stops[i]:
                yield from self._step(judged, stretches.starts[i], stretches.stops[i])
            i += 1

    def _skip(self, judged: Judged, stretches: Stretches, i: int) -> int:
        """Pass over stretches too short to fire, to resolve or to outlast cooling; give the first that is not."""
        if self.silent or self.phase is Phase.PENDING or self._clear_since_ns is not None:
            return i
        if self.phase is Phase.QUIET:
            return stretches.next_firing(i)
        if self.phase is Phase.FIRING:
            until = stretches.next_resolving(i)
            if until > i:
                self._observe(judged, stretches.starts[i], stretches.starts[until])
            return until
        until = stretches.next_lasting(i, self._cool_until_ns)
        if until > i:
            passed = stretches.verdicts[i:until]
            self.swallowed += passed.count(Verdict.HOLDS) - (self._holding and passed[0] == Verdict.HOLDS)
            self._holding = passed[-1] == Verdict.HOLDS
        return until

    def _step(self, judged: Judged, start: int, stop: int) -> Iterator[Change]:
        """Walk over one stretch."""
        verdict = Verdict(int(judged.verdicts[start]))
        if self.silent and verdict is not Verdict.SILENT:
            yield from self._wake(judged, start, verdict)
        if verdict is Verdict.HOLDS:
            yield from self._hold(judged, start, stop)
            self._holding = True
            return
        self._holding = False
        if self.phase is Phase.PENDING:
            self.phase = Phase.QUIET
        if self.phase is Phase.FIRING:
            yield from self._release(judged, start, stop, verdict)

    def _hold(self, judged: Judged, start: int, stop: int) -> Iterator[Change]:
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

    def _release(self, judged: Judged, start: int, stop: int, verdict: Verdict) -> Iterator[Change]:
        if verdict is not Verdict.CLEAR:
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
            self._alert = self._clear_since_ns = None
            self.phase = Phase.COOLING
            self._cool_until_ns = resolved_ns + self.rule.settings.cooldown

    def _fall_silent(self, at_ns: int) -> Iterator[Change]:
        if self.silent:
            return
        self.silent = True
        self._clear_since_ns = None
        if self.phase is Phase.PENDING:
            self.phase = Phase.QUIET
            self._obstacles.fall_silent(at_ns)
        if self.phase is Phase.FIRING:
            yield self._write(at_ns, "no_data")

    def _wake(self, judged: Judged, at: int, verdict: Verdict) -> Iterator[Change]:
        self.silent = False
        self._obstacles.silence = None
        if self.phase is Phase.FIRING and not (verdict is Verdict.CLEAR and not self.rule.settings.keep_firing_for):
            self._observe(judged, at, at + 1)
            yield self._write(int(judged.instants[at]), "firing")

    # --- without an alert ------------------------------------------------------------------------------------------------------------

    def _wait(self, judged: Judged) -> Alert | None:
        """Say what stands in the place of an alert after a reading."""
        if self.phase is Phase.PENDING:
            return self._waiting_since("pending", self._since_ns) or self._pending(judged)
        obstacle = self._obstacles.foremost
        cooled = self.phase is Phase.COOLING and self._obstacles.newest_ns >= self._cool_until_ns
        if obstacle is None or not (cooled or self.phase is Phase.QUIET):
            return None
        return self._waiting_since("inhibited", obstacle.since_ns) or self._inhibited(obstacle)

    def _waiting_since(self, state: str, since_ns: int) -> Alert | None:
        same = self.waiting is not None and (self.waiting.state, self.waiting.started_ns) == (state, since_ns)
        return self.waiting if same else None

    def _pending(self, judged: Judged) -> Alert:
        return self._found("pending", judged, int(np.searchsorted(judged.instants, self._since_ns)))

    def _inhibited(self, obstacle: Obstacle) -> Alert:
        return msgspec.structs.replace(self._blank("inhibited", obstacle.since_ns, np.nan), completeness=obstacle.completeness)

    # --- the alert ------------------------------------------------------------------------------------------------------------------

    def _observe(self, judged: Judged, start: int, stop: int) -> None:
        """Move the peak to the first instant at which the threshold was passed by most."""
        best = start + int(np.argmax(judged.margins[start:stop]))
        if judged.margins[best] > self._peak_margin:
            self._peak_margin = float(judged.margins[best])
            self._peak_value = float(judged.reading.values[self.rule.when.metrics[0]][best])

    def _fire(self, judged: Judged, at: int) -> Change:
        self.phase = Phase.FIRING
        at_ns = int(judged.instants[at])
        self._alert = msgspec.structs.replace(self._found("firing", judged, at), fired_ns=at_ns, peak_value=self._peak_value)
        return Change(at_ns, self._alert)

    def _write(self, at_ns: int, state: str, resolved_ns: int = 0) -> Change:
        """Write the alert again as it is now."""
        assert self._alert is not None  # only called while firing
        self._alert = msgspec.structs.replace(self._alert, state=state, resolved_ns=resolved_ns, peak_value=self._peak_value)
        return Change(at_ns, self._alert)

    def _found(self, state: str, judged: Judged, at: int) -> Alert:
        """Give what an alert says of the values at one instant of a reading."""
        when, reading = self.rule.when, judged.reading
        return msgspec.structs.replace(
            self._blank(state, self._since_ns, float(reading.values[when.metrics[0]][at])),
            evidence=gather(when.metrics, reading, at),
            completeness=worst(when.tables, reading, at),
        )

    def _blank(self, state: str, started_ns: int, value: float) -> Alert:
        """Give what an alert says without evidence."""
        settings, when = self.rule.settings, self.rule.when
        identity = f"{settings.name}\n{self.symbol}\n{started_ns}"
        return Alert(
            alert_id=hashlib.blake2b(identity.encode(), digest_size=8).hexdigest(),
            rule=settings.name,
            symbol=self.symbol,
            severity=settings.severity,
            state=state,
            started_ns=started_ns,
            fired_ns=0,
            resolved_ns=0,
            metric=str(when.metrics[0]),
            condition=when.text,
            threshold=when.threshold,
            value=value,
            peak_value=value,
            evidence="{}",
            completeness="",
        )
