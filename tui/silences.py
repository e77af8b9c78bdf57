"""What somebody has said about alerts: that one was seen, or that a rule shall be silent about a symbol for a while.

It lives on the screen's side and changes what interrupts, never what is known: a silenced alert stays in the log and says until
when. The time is that of the tape, as everywhere on the screen. On a live feed what was said outlives a restart of the screen and of
the flow. A tape that is replayed again tells the same alerts at the same times to somebody who has not seen them in this run: there
it holds for one run alone. A silence has a beginning too, as long as a live flow can be given the clock of an old session.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from scoring.feed import AlertState, Hello, Instant
from tui.state import State

LENGTHS: Final = (("10 minutes", timedelta(minutes=10)), ("1 hour", timedelta(hours=1)), ("8 hours", timedelta(hours=8)))
"""For how long, as offered."""
SEEN_LIMIT: Final = 200
SILENCE_LIMIT: Final = 50
_NAME_LIMIT: Final = 100
"""Characters kept of a name: it came over the feed."""
_LIVE: Final = "live"
"""Mode of a feed whose time never comes again."""


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


class Said(msgspec.Struct, frozen=True):
    """What was said of the alerts of one feed."""

    run: str = ""
    """Of the replay they belong to; empty for every live one."""
    seen: tuple[str, ...] = ()
    """Ids of alerts that somebody has acknowledged."""
    silences: tuple[Silence, ...] = ()


class Sayings(msgspec.Struct, frozen=True):
    """What was said on live feeds, and in the replay that was seen last."""

    live: Said = Said()
    replay: Said = Said()

    def of(self, hello: Hello | None) -> Said:
        """Give what holds for the alerts of a feed."""
        run = _run(hello)
        if run is None:
            return self.live
        return self.replay if self.replay.run == run else Said(run)

    def put(self, hello: Hello | None, said: Said) -> Sayings:
        """Note what holds for the alerts of a feed from now on."""
        return Sayings(said, self.replay) if _run(hello) is None else Sayings(self.live, said)


def silent_until(alert: AlertState, silences: Iterable[Silence], now: datetime | None) -> datetime | None:
    """Say until when an alert is silent; None where it is not."""
    return max((silence.until for silence in silences if now and silence.covers(alert, now)), default=None)


def silence(silences: Iterable[Silence], alert: AlertState, now: datetime, length: timedelta) -> tuple[Silence, ...]:
    """Silence the rule of an alert on its symbol; what was said of them before, and what is long over, is forgotten.

    It begins with the alert, which a frozen screen may show as it stood before `now`.
    """
    kept = [other for other in silences if not other.concerns(alert) and not other.until <= now]
    begin = min(alert.fired_at or alert.started_at or now, now)
    return (*kept, Silence(*_about(alert), begin, now + length))[-SILENCE_LIMIT:]


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


def loud(state: State, sayings: Sayings) -> State:
    """Leave out the alerts that need not interrupt: those that were seen, and those that are silent now."""
    said, now = sayings.of(state.hello), state.tape_at
    kept = {
        key: alert
        for key, alert in state.alerts.items()
        if not is_seen(alert, said.seen) and silent_until(alert, said.silences, now) is None
    }
    return state if len(kept) == len(state.alerts) else msgspec.structs.replace(state, alerts=kept)


def _run(hello: Hello | None) -> str | None:
    return None if hello is None or hello.mode == _LIVE else hello.run[:_NAME_LIMIT]


def _about(alert: AlertState) -> tuple[str, str]:
    return alert.rule[:_NAME_LIMIT], alert.symbol[:_NAME_LIMIT]
