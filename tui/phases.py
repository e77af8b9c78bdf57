"""How one alert stands: its state in a word and a mark, what that waits for, and what somebody has said of it.

The feed says what fires, what is over, and which rules wait without an alert. That a rule is cooling is said nowhere: it follows from
when its last alert ended and from the cooldown the rule asks for.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec

from scoring.feed import LAPSED, WAITING, AlertState, RuleText
from tui import figures
from tui.columns import quality_words

STATES: Final = {
    "firing": ("*", "firing"),
    "no_data": ("?", "no data"),
    "pending": ("◔", "pending"),
    "inhibited": ("‖", "inhibited"),
    "cooling": ("▽", "cooling"),
    "resolved": ("·", "over"),
    "lapsed": ("·", "lapsed"),
}
"""Mark and word of each state, in the order in which they matter."""
_TEXT_LIMIT: Final = 100
_MOST_SECONDS: Final = 120
_MOST_MINUTES: Final = 120


class Standing(msgspec.Struct, frozen=True):
    """One alert, and what somebody has said of it."""

    alert: AlertState
    seen: bool
    silent_until: datetime | None
    now: datetime | None
    """Time on the tape."""
    rule: RuleText | None = None
    """What its rule asks for; None where the feed did not say."""

    @property
    def state(self) -> str:
        """How it stands: as the feed said, and `cooling` from its end until its rule may fire again."""
        until = self.cools_until
        return "cooling" if until and self.now and self.now < until else self.alert.state

    @property
    def cools_until(self) -> datetime | None:
        """When its rule may fire again on its symbol; None where it is not over."""
        if self.alert.state != "resolved" or self.alert.resolved_at is None or self.rule is None:
            return None
        return after(self.alert.resolved_at, self.rule.cooldown_s)

    @property
    def held_s(self) -> float | None:
        """Seconds for which the condition of a pending one is known to have held: what is judged comes behind the tape, so at most all."""
        if self.alert.state != "pending" or self.age_s is None:
            return None
        return max(min(self.age_s, self.rule.for_s if self.rule else self.age_s), 0.0)

    @property
    def since(self) -> datetime | None:
        """When it fired; when its condition began to hold where it has not yet."""
        return self.alert.fired_at or self.alert.started_at

    @property
    def age_s(self) -> float | None:
        """Seconds since then, on the tape."""
        return (self.now - self.since).total_seconds() if self.now and self.since else None

    @property
    def is_waiting(self) -> bool:
        """Whether it is a rule without an alert."""
        return self.alert.state in WAITING or self.alert.state == LAPSED

    @property
    def is_over(self) -> bool:
        """Whether it was resolved."""
        return self.alert.state == "resolved"


def length(seconds: float) -> str:
    """Write a length of time that goes on, in whole units.

    >>> [length(seconds) for seconds in (0.9, 30, 119, 150, 600, 36_000)]
    ['0 s', '30 s', '119 s', '2 m', '10 m', '10 h']
    """
    if seconds < _MOST_SECONDS:
        return f"{int(seconds)} s"
    minutes = int(seconds // 60)
    return f"{minutes} m" if minutes < _MOST_MINUTES else f"{minutes // 60} h"


def after(at: datetime, seconds: float) -> datetime | None:
    """Give an instant so many seconds later; None where no calendar reaches so far."""
    try:
        return at + timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        return None


def state_word(standing: Standing) -> str:
    """Give the word of its state."""
    word = STATES.get(standing.state, ("", standing.alert.state.replace("_", " ")))[1]
    return word[:_TEXT_LIMIT]


def next_words(standing: Standing) -> str:
    """Say what its state waits for: for how long it must hold, until when it cools, what it lacks; empty where for nothing."""
    match standing.state:
        case "pending" if standing.held_s is not None:
            return length(standing.held_s) + (f" of {length(standing.rule.for_s)}" if standing.rule else "")
        case "cooling":
            return f"until {figures.clock(standing.cools_until)}"
        case "inhibited":
            return "no data" if standing.alert.completeness == "no_data" else f"data {quality_words(standing.alert.completeness)}"
        case _:
            return ""


def state_words(standing: Standing) -> str:
    """Say how it stands in a few words.

    An alert that is silent says so before anything else: that is why nobody was told.
    """
    if standing.silent_until and not standing.is_over:
        return f"⊘ {standing.silent_until:%H:%M:%S}"
    words = f"{STATES.get(standing.state, ('', ''))[0]} {state_word(standing)}".strip()
    return f"{words} ✓" if standing.seen else words
