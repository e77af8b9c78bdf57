"""What the screen knows: one value, and one function that takes a message and gives the next value.

Nothing here draws, waits or reads a clock, so everything the screen can ever show can be tested as a table of messages. What the
other side sends is bounded here too: a feed may be on another machine, and wrong.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import islice
from typing import Final, TypeAlias

import msgspec

from scoring.feed import (
    LAPSED,
    WAITING,
    AlertState,
    HealthState,
    Heartbeat,
    Hello,
    Message,
    NewRows,
    PaceState,
    PricePoints,
    Snapshot,
    SourceState,
    Topic,
    Value,
)
from tui.bars import LIMIT, Bar, after, after_all
from tui.crowd import TOPICS, Crowd, hear, latest
from tui.instants import instant
from tui.ledger import TOPICS as LEDGER_TOPICS
from tui.ledger import Ledger, enter
from tui.trail import PAST_LIMIT, RECENT_LIMIT, Trail, with_points, with_recent, with_sample

ALERT_LIMIT: Final = 200
POINT_LIMIT: Final = 240
SYMBOL_LIMIT: Final = 500
SOURCE_LIMIT: Final = 64

_SHOWN: Final = frozenset({str(Topic.TRADE_METRICS), str(Topic.SPREAD_METRICS), str(Topic.RISK_METRICS)})
"""Tables the rows of symbols are made of; alerts and sources have messages of their own."""


class Link(enum.Enum):
    """How the screen stands with the feed."""

    CONNECTING = "connecting"
    OPEN = "connected"
    LOST = "feed lost"
    ENDED = "tape ended"


class Connecting(msgspec.Struct, frozen=True):
    """The client is trying."""

    address: str
    """Of the feed, without its token."""


class Lost(msgspec.Struct, frozen=True):
    """There is no feed: there never was, it broke, or its tape has ended."""

    reason: str
    at: datetime
    """Wall time."""
    retry_s: float
    """Seconds until the next try."""
    ended: bool = False
    """The feed said goodbye at the end of its tape."""


Event: TypeAlias = Message | Connecting | Lost
"""What changes the screen."""

Cells: TypeAlias = Mapping[str, Value]
"""The newest row of a table, by name of column."""


class RowKey(msgspec.Struct, frozen=True):
    """Which newest row."""

    table: str
    provisional: bool
    width_s: float
    """Of its window; 0 where it has none."""


class SymbolState(msgspec.Struct, frozen=True):
    """All that is known about one symbol."""

    symbol: str
    rows: Mapping[RowKey, Cells] = {}
    points: dict[datetime, float] = {}
    """Thinned prices, by instant, in order."""
    bars: tuple[Bar, ...] = ()
    """The newest windows of trades that have closed, of the narrowest width, in order."""
    past: Trail = ()
    """Thinned prices of an hour, for a chart."""
    recent: Trail = ()
    """Prices of each second of late, for a chart."""


class State(msgspec.Struct, frozen=True):
    """All that the screen knows."""

    link: Link = Link.CONNECTING
    address: str = ""
    loss: Lost | None = None
    """Why there is no feed; None while there is one, or before the first try has failed."""
    hello: Hello | None = None
    symbols: Mapping[str, SymbolState] = {}
    """In the order of the settings, others after them as they came."""
    alerts: Mapping[str, AlertState] = {}
    """By id, the latest change last."""
    waiting: Mapping[tuple[str, str], AlertState] = {}
    """Rules without an alert that are `pending` or `inhibited`, by rule and symbol, the latest change last."""
    sources: Mapping[str, SourceState] = {}
    healths: Mapping[str, HealthState] = {}
    """Inputs and outputs of a live flow, by name."""
    pace: PaceState | None = None
    """How a replayed tape runs; None when live."""
    crowd: Crowd = Crowd()
    ledger: Ledger = Ledger()

    @property
    def tape_at(self) -> datetime | None:
        """Time on the tape: the furthest any source has come."""
        return max((source.at for source in self.sources.values()), default=None)

    @property
    def progress(self) -> float | None:
        """How much of a recorded session has been replayed, 0 to 1; None when live."""
        starts = [source.start_at for source in self.sources.values() if source.start_at]
        ends = [source.end_at for source in self.sources.values() if source.end_at]
        if not starts or not ends or self.tape_at is None or max(ends) <= min(starts):
            return None
        done = (self.tape_at - min(starts)) / (max(ends) - min(starts))
        return min(max(done, 0.0), 1.0)


def reduce(state: State, event: Event) -> State:
    """Give the state after an event."""
    match event:  # the most frequent first
        case NewRows():
            return _rows(state, event)
        case PricePoints():
            return _points(state, event)
        case Connecting():
            return msgspec.structs.replace(state, address=event.address, link=state.link if state.loss else Link.CONNECTING)
        case Lost():
            if state.link is Link.ENDED and not event.ended:
                return state  # that nothing listens after the end of a tape is no news
            return msgspec.structs.replace(state, loss=event, link=Link.ENDED if event.ended else Link.LOST)
        case Hello():
            return State(
                link=Link.OPEN,
                address=state.address,
                hello=event,
                symbols={name: SymbolState(name) for name in event.symbols[:SYMBOL_LIMIT]},
            )
        case Snapshot():
            symbols = {name: SymbolState(name) for name in state.symbols}
            empty = msgspec.structs.replace(
                state, symbols=symbols, alerts={}, waiting={}, sources={}, healths={}, pace=event.pace, crowd=Crowd(), ledger=Ledger()
            )
            return _all(empty, [*event.rows, *event.alerts, *event.points, *event.pulses, *event.healths])
        case AlertState():
            return _alert(state, event)
        case SourceState():
            if event.source not in state.sources and len(state.sources) >= SOURCE_LIMIT:
                return state
            return msgspec.structs.replace(state, sources={**state.sources, event.source: event})
        case HealthState():
            if event.source not in state.healths and len(state.healths) >= SOURCE_LIMIT:
                return state
            return msgspec.structs.replace(state, healths={**state.healths, event.source: event})
        case PaceState():
            return msgspec.structs.replace(state, pace=event)
        case Heartbeat():
            return state


def _all(state: State, events: Iterable[Event]) -> State:
    for event in events:
        state = reduce(state, event)
    return state


def _alert(state: State, event: AlertState) -> State:
    """Put a rule that waits in the place of what it said before; an alert ends its waiting."""
    about = (event.rule, event.symbol)
    if event.state in WAITING:
        return msgspec.structs.replace(state, waiting=latest(state.waiting, about, event, ALERT_LIMIT))
    if about in state.waiting:
        state = msgspec.structs.replace(state, waiting={key: kept for key, kept in state.waiting.items() if key != about})
    if event.state == LAPSED:
        return state
    return msgspec.structs.replace(state, alerts=latest(state.alerts, event.alert_id, event, ALERT_LIMIT))


def _rows(state: State, event: NewRows) -> State:
    if event.table in TOPICS:
        crowd = hear(state.crowd, event)
        return state if crowd is state.crowd else msgspec.structs.replace(state, crowd=crowd)
    if event.table in LEDGER_TOPICS:
        return msgspec.structs.replace(state, ledger=enter(state.ledger, event))
    if event.table not in _SHOWN or not all(event.columns.values()):
        return state
    if event.past:
        return _past(state, event)
    newest = {name: column[-1] for name, column in event.columns.items()}
    start, end = instant(newest.get("window_start")), instant(newest.get("window_end"))
    key = RowKey(event.table, event.provisional, (end - start).total_seconds() if start and end else 0.0)
    symbol = state.symbols.get(event.symbol, SymbolState(event.symbol))
    bars = symbol.bars if event.table != Topic.TRADE_METRICS or event.provisional else after(symbol.bars, newest)
    recent = with_sample(symbol.recent, newest) if event.table == Topic.RISK_METRICS else symbol.recent
    return _with(state, msgspec.structs.replace(symbol, rows={**symbol.rows, key: newest}, bars=bars, recent=recent))


def _past(state: State, event: NewRows) -> State:
    """Rows before the newest are for the chart alone."""
    if event.table != Topic.TRADE_METRICS:
        return state
    symbol = state.symbols.get(event.symbol, SymbolState(event.symbol))
    cells = zip(*(column[-LIMIT:] for column in event.columns.values()), strict=False)
    bars = after_all(symbol.bars, (dict(zip(event.columns, row, strict=True)) for row in cells))
    return _with(state, msgspec.structs.replace(symbol, bars=bars))


def _points(state: State, event: PricePoints) -> State:
    symbol = state.symbols.get(event.symbol, SymbolState(event.symbol))
    if event.recent:
        samples = zip((at.timestamp() for at in event.at[-RECENT_LIMIT:]), event.price[-RECENT_LIMIT:], strict=False)
        return _with(state, msgspec.structs.replace(symbol, recent=with_recent(symbol.recent, samples)))
    told = list(zip(event.at, event.price, strict=False))[-PAST_LIMIT:]
    new = dict(told[-POINT_LIMIT:])
    points = {**symbol.points, **new}
    if new and symbol.points and min(new) < max(symbol.points):
        points = dict(sorted(points.items()))
    for at in list(islice(points, max(0, len(points) - POINT_LIMIT))):
        del points[at]
    return _with(state, msgspec.structs.replace(symbol, points=points, past=with_points(symbol.past, told)))


def _with(state: State, symbol: SymbolState) -> State:
    if symbol.symbol not in state.symbols and len(state.symbols) >= SYMBOL_LIMIT:
        return state
    return msgspec.structs.replace(state, symbols={**state.symbols, symbol.symbol: symbol})
