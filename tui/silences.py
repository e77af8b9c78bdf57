"""What somebody has said about alerts: that one was seen, or that a rule shall be silent about a symbol for a while.

It lives on the screen's side and changes what interrupts, never what is known: a silenced alert stays in the log and says until
when. The time is that of the tape, as everywhere on the screen, so a silence has a beginning too: what was silenced in one session
is not silent in the replay of an older one.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from scoring.feed import AlertState, Instant
from tui.state import State

LENGTHS: Final = (("10 m", timedelta(minutes=10)), ("1 h", timedelta(hours=1)), ("8 h", timedelta(hours=8)))
"""For how long, as offered."""
SEEN_LIMIT: Final = 200
SILENCE_LIMIT: Final = 50
_NAME_LIMIT: Final = 100
"""Characters kept of a name: it came over the feed."""


class Silence(msgspec.Struct, frozen=True):
    """One rule on one symbol."""

    rule: str
    symbol: str
    from_at: Instant
    until: Instant

    def covers(self, alert: AlertState, now: datetime) -> bool:
        """Say whether an alert is silent at a time on the tape."""
        return self.concerns(alert) and self.from_at <= now < self.until

    def concerns(self, alert: AlertState) -> bool:
        """Say whether it is about this rule and symbol."""
        return (self.rule, self.symbol) == _about(alert)


def silent_until(alert: AlertState, silences: Iterable[Silence], now: datetime | None) -> datetime | None:
    """Say until when an alert is silent; None where it is not."""
    return max((silence.until for silence in silences if now and silence.covers(alert, now)), default=None)


def silence(silences: Iterable[Silence], alert: AlertState, now: datetime, length: timedelta) -> tuple[Silence, ...]:
    """Silence the rule of an alert on its symbol; what was said of them before, and what is long over, is forgotten."""
    kept = [other for other in silences if not other.concerns(alert) and not other.until <= now]
    return (*kept, Silence(*_about(alert), now, now + length))[-SILENCE_LIMIT:]


def unsilence(silences: Iterable[Silence], alert: AlertState) -> tuple[Silence, ...]:
    """Let the rule of an alert be heard again on its symbol."""
    return tuple(other for other in silences if not other.concerns(alert))


def is_seen(alert: AlertState, seen: Iterable[str]) -> bool:
    """Say whether somebody has acknowledged it."""
    return alert.alert_id[:_NAME_LIMIT] in seen


def acknowledge(seen: tuple[str, ...], alert: AlertState) -> tuple[str, ...]:
    """Note that an alert was seen, or take that back."""
    name = alert.alert_id[:_NAME_LIMIT]
    return tuple(other for other in seen if other != name) if name in seen else (*seen, name)[-SEEN_LIMIT:]


def loud(state: State, seen: tuple[str, ...], silences: tuple[Silence, ...]) -> State:
    """Leave out the alerts that need not interrupt: those that were seen, and those that are silent now."""
    if not seen and not silences:
        return state
    now = state.tape_at
    kept = {key: alert for key, alert in state.alerts.items() if not is_seen(alert, seen) and silent_until(alert, silences, now) is None}
    return state if len(kept) == len(state.alerts) else msgspec.structs.replace(state, alerts=kept)


def _about(alert: AlertState) -> tuple[str, str]:
    return alert.rule[:_NAME_LIMIT], alert.symbol[:_NAME_LIMIT]
