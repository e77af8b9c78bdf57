"""Known events, and how well alerts announced them.

An event is something a person knows to have happened to an asset at an instant, e.g. a pump that was called in a channel. An
alert is right where an event of its asset lies near it, before or after; an event is found where an alert does. The first such
alert gives the lead: how long before the event it fired, below 0 where it came after.
"""

from __future__ import annotations

import csv
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from scoring.duration import read_instant
from scoring.errors import SettingError

_FIELDS: Final = 2


class Occurrence(NamedTuple):
    """Something about an asset, at an instant: an event, or an alert that fired."""

    asset: str
    at_ns: int


class Score(NamedTuple):
    """How well alerts announced events."""

    alerts: int
    events: int
    right: int
    """Alerts with an event near them."""
    found: int
    """Events with an alert near them."""
    lead_ns: float
    """Median over the found events; NaN without one."""

    @property
    def precision(self) -> float:
        """Share of the alerts that were right; NaN without an alert."""
        return self.right / self.alerts if self.alerts else float("nan")

    @property
    def recall(self) -> float:
        """Share of the events that were found; NaN without an event."""
        return self.found / self.events if self.events else float("nan")


def score(alerts: Sequence[Occurrence], events: Sequence[Occurrence], within_ns: int) -> Score:
    """Hold alerts against events, near meaning at most `within_ns` apart.

    >>> score([Occurrence("doge", 10), Occurrence("doge", 40)], [Occurrence("doge", 15), Occurrence("doge", 90)], 20)
    Score(alerts=2, events=2, right=1, found=1, lead_ns=5.0)
    """
    leads = []
    for event in events:
        near = [alert.at_ns for alert in alerts if _near(alert, event, within_ns)]
        if near:
            leads.append(event.at_ns - min(near))
    right = sum(any(_near(alert, event, within_ns) for event in events) for alert in alerts)
    return Score(len(alerts), len(events), right, len(leads), float(statistics.median(leads)) if leads else float("nan"))


def _near(alert: Occurrence, event: Occurrence, within_ns: int) -> bool:
    return alert.asset == event.asset and abs(alert.at_ns - event.at_ns) <= within_ns


def read_events(lines: Iterable[str], file: str, assets: Mapping[str, str]) -> list[Occurrence]:
    """Read `asset,instant` lines of a CSV text, in order of instants; `assets` names the asset of each asset and symbol.

    Empty lines, lines that begin with `#`, and a first line whose second field is no instant but a word are passed over.

    Raises:
        SettingError: another number of fields, a name that is unknown, something that is no instant.
    """
    events = []
    for i, fields in enumerate(csv.reader(lines)):
        if not fields or fields[0].lstrip().startswith("#"):
            continue
        if len(fields) != _FIELDS:
            raise SettingError(file, f"line {i + 1}", ",".join(fields), "an asset or symbol and an instant, with a comma between")
        name, instant = (field.strip() for field in fields)
        if i == 0 and instant.isidentifier():
            continue
        at_ns = read_instant(instant)
        if at_ns is None:
            raise SettingError(file, f"line {i + 1}", instant, "an instant such as 2026-03-14T12:10:00Z")
        if name not in assets:
            raise SettingError(file, f"line {i + 1}", name, f"one of {', '.join(assets)}")
        events.append(Occurrence(assets[name], at_ns))
    return sorted(events, key=lambda event: event.at_ns)
