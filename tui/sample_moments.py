"""The moments every page is pictured in: calm, busy, an alert, a tape that was paused, a feed that was lost, nothing yet, and a
narrow terminal.

Made from the moment of `tui/sample.py`, so that a picture and a test of the same name show the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Final

import msgspec

from scoring.feed import Hello, NewRows, PaceState, Snapshot, Topic, Value
from tui import sample
from tui.state import Connecting, Event, Lost

_ADDRESS: Final = "ws://127.0.0.1:8765"
_MANY: Final = 40
_CALM_MARK: Final = "complete"
_TROUBLES: Final = frozenset({Topic.GAPS, Topic.REJECTS})


def calm() -> list[Event]:
    """Nothing fires, nothing is missing, nobody shouts."""
    snapshot = _snapshot(sample.events())
    rows = [_whole(each) for each in snapshot.rows if each.table not in _TROUBLES]
    quiet = [each for each in rows if each.table != Topic.DECOUPLING_SIGNALS or each.columns["asset"] != ["dogecoin"]]
    pulses = [msgspec.structs.replace(pulse, rejects=0, gaps=0) for pulse in snapshot.pulses]
    return _told(msgspec.structs.replace(snapshot, rows=quiet, alerts=[], pulses=pulses))


def busy() -> list[Event]:
    """More symbols than fit, all of them moving."""
    snapshot = _snapshot(sample.events())
    names = [f"{letter}{number}USDT" for number in range(_MANY // 5) for letter in ("ADA", "LINK", "SHIB", "TON", "XRP")]
    originals = list(dict.fromkeys(point.symbol for point in snapshot.points))
    rows, points = list(snapshot.rows), list(snapshot.points)
    for place, name in enumerate(names):
        model = originals[place % len(originals)]
        rows += [msgspec.structs.replace(each, symbol=name) for each in snapshot.rows if each.symbol == model and each.table in _MARKET]
        points += [msgspec.structs.replace(each, symbol=name) for each in snapshot.points if each.symbol == model]
    return _told(msgspec.structs.replace(snapshot, rows=rows, points=points), names)


def alert() -> list[Event]:
    """A crowd pumps a coin, and rules fire."""
    return sample.events()


def paused() -> list[Event]:
    """The same, on a tape that has been paused to look at it."""
    return _told(msgspec.structs.replace(_snapshot(sample.events()), pace=PaceState(60.0, True, None, "")))


def lost() -> list[Event]:
    """The feed of a live flow breaks on a bad day of its inputs."""
    return [*sample.live_events(), Lost("nothing was heard for 5 s", sample.AT, 4.0)]


def empty() -> list[Event]:
    """No flow runs: what somebody sees who starts with the screen."""
    return [Connecting(_ADDRESS), Lost("nothing listens at 127.0.0.1:8765", sample.AT - timedelta(seconds=1), 2.0)]


_MARKET: Final = frozenset({Topic.TRADE_METRICS, Topic.SPREAD_METRICS, Topic.RISK_METRICS})

MOMENTS: Final[Mapping[str, Callable[[], list[Event]]]] = MappingProxyType(
    {"calm": calm, "busy": busy, "alert": alert, "paused": paused, "lost": lost, "empty": empty}
)
"""All of them, by name; the narrow terminal is a size, and not a moment."""


def _snapshot(events: Sequence[Event]) -> Snapshot:
    [snapshot] = [event for event in events if isinstance(event, Snapshot)]
    return snapshot


def _told(snapshot: Snapshot, more: Sequence[str] = ()) -> list[Event]:
    """Give the sample with another snapshot, about more symbols."""
    told: list[Event] = []
    for event in sample.events():
        match event:
            case Snapshot():
                told.append(snapshot)
            case Hello():
                told.append(msgspec.structs.replace(event, symbols=[*event.symbols, *more]))
            case _:
                told.append(event)
    return told


def _whole(rows: NewRows) -> NewRows:
    if "completeness" not in rows.columns:
        return rows
    marks: list[Value] = [_CALM_MARK] * len(rows.columns["completeness"])
    return msgspec.structs.replace(rows, columns={**rows.columns, "completeness": marks})
