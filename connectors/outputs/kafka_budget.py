"""How much of what comes in is produced: in given hours, at a sampling interval, so many messages a day.

Deterministic in receive time: what goes out depends on the events and their instants alone, not on how they were cut into calls,
nor on when anybody looked at a clock. Sampling keeps the newest event of each key and interval, and gives it when the interval has
passed. The state is small and picklable: one event for each key.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable
from typing import Final

import msgspec

from connectors.wire.kafka import Event
from scoring.duration import Duration
from scoring.errors import SettingError
from scoring.records import NANOSECONDS_PER_MINUTE

_DAY_NS: Final = 24 * 60 * NANOSECONDS_PER_MINUTE
_SPAN: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
_BEFORE_ALL: Final = -1


class BudgetSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `[kafka.output.budget]` of the settings; as it stands everything is produced."""

    hours: tuple[str, ...] = ()
    """UTC spans such as `08:00-17:30`, the end not included; `22:00-06:00` goes over midnight. Empty: always."""
    interval: Duration = Duration(0)
    """The newest event of each key and topic in each interval of this length, aligned to midnight UTC; 0: every event."""
    whole: tuple[str, ...] = ("live-social", "live-gaps")
    """Topics that are not sampled: what is said once is not said again."""
    messages_a_day: int = 0
    """After so many messages in a UTC day nothing more is produced that day; 0: no limit."""


class Budget:
    """What is left of the day, and the newest event of each key."""

    def __init__(self, settings: BudgetSettings) -> None:
        """Start with a full budget.

        Raises:
            SettingError: an hour is none.
        """
        self._settings = settings
        self._spans = [_minutes(text) for text in settings.hours]
        self._waiting: dict[tuple[str, bytes], tuple[int, Event]] = {}
        self._interval = self._day = _BEFORE_ALL
        self._spent = 0
        self._number = 0
        self.withheld = 0
        """Events that were not produced: out of hours, over the limit, or replaced by a newer one."""

    def copy(self) -> Budget:
        """Give one that goes on by itself."""
        other = copy.copy(self)
        other._waiting = dict(self._waiting)
        return other

    def update(self, arrivals: Iterable[tuple[int, Event]], reached_ns: int = 0) -> list[Event]:
        """Take events with their receive times, in order, and how far time has come after them; give what is to be produced."""
        out: list[Event] = []
        for received_ns, event in arrivals:
            self._pass(received_ns, out)
            if not self._is_open(received_ns):
                self.withheld += 1
            elif not self._settings.interval or event.topic in self._settings.whole:
                self._spend(received_ns, event, out)
            else:
                self._keep(event)
        self._pass(reached_ns, out)
        return out

    def _keep(self, event: Event) -> None:
        place = (event.topic, event.key)
        self.withheld += place in self._waiting
        self._number += 1
        self._waiting[place] = (self._number, event)

    def _pass(self, at_ns: int, out: list[Event]) -> None:
        """Give what waits for an interval that has passed, in the order it was received, which readers know it by."""
        if not self._settings.interval or at_ns // self._settings.interval <= self._interval:
            return
        ended_ns = (self._interval + 1) * self._settings.interval - 1
        self._interval = at_ns // self._settings.interval
        for _, event in sorted(self._waiting.values(), key=_order):
            self._spend(ended_ns, event, out)
        self._waiting.clear()

    def _spend(self, at_ns: int, event: Event, out: list[Event]) -> None:
        day = at_ns // _DAY_NS
        if day > self._day:
            self._day, self._spent = day, 0
        if self._settings.messages_a_day and self._spent >= self._settings.messages_a_day:
            self.withheld += 1
            return
        self._spent += 1
        out.append(event)

    def _is_open(self, at_ns: int) -> bool:
        minute = at_ns % _DAY_NS // NANOSECONDS_PER_MINUTE
        return not self._spans or any(_holds(span, minute) for span in self._spans)


def _order(waiting: tuple[int, Event]) -> int:
    return waiting[0]


def _minutes(text: str) -> tuple[int, int]:
    match = _SPAN.fullmatch(text)
    start, end = (int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])) if match else (0, 0)
    if start == end or end > 24 * 60:
        raise SettingError("ghosttape.toml", "kafka.output.budget.hours", text, "UTC spans such as '08:00-17:30' or '22:00-06:00'")
    return start, end


def _holds(span: tuple[int, int], minute: int) -> bool:
    start, end = span
    return start <= minute < end if start < end else minute >= start or minute < end
