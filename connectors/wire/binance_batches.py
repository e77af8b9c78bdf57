"""The events of one call, put together: one batch per symbol and kind, one list of book updates per symbol, in tape order.

Different streams may feed one batch (a trade as it came and a trade fetched later), so rows carry the index of their frame
until they are in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from connectors.wire import binance_rows as rows
from connectors.wire.binance_routes import Event, Route
from connectors.wire.binance_streams import BookEvent, DiffEvent, KlineEvent, RestKline
from scoring.records import Batch, BookUpdates, Column, DepthDiff, DepthSnapshot, Kind

Indices: TypeAlias = NDArray[np.int64]
Piece: TypeAlias = tuple[Indices, dict[str, Column]]

_TRADES: Final = {Event.TRADE: False, Event.REPAIRED_TRADE: True, Event.AGGREGATE: False, Event.REPAIRED_AGGREGATE: True}
"""Whether trades of this event are repaired."""
_KLINES: Final = (Event.KLINE, Event.PAST_KLINE)


class Assembly(msgspec.Struct):
    """Grows from the events of each stream."""

    received_ns: NDArray[np.int64]
    """When each frame of the call arrived."""
    max_ahead_ns: int
    pieces: dict[tuple[Kind, str], list[Piece]] = {}
    updates: dict[str, list[tuple[int, DepthDiff | DepthSnapshot]]] = {}
    refused: list[tuple[int, str]] = []
    """Index of the frame, and the reason."""
    ignored: int = 0

    def add(self, route: Route, at: Indices, events: list[Any]) -> None:
        """Take the events of one stream; `at` (int64[n]) says which frames they were."""
        if route.event in _TRADES:
            self._add_trades(route, at, events)
        elif route.event is Event.QUOTE:
            self._add_piece(Kind.QUOTE, route, at, rows.quote_columns(events, self.received_ns[at]))
        elif route.event in _KLINES:
            self._add_candles(route, at, events)
        else:
            self._add_updates(route, at, events)

    def batches(self) -> list[Batch]:
        """Give one batch per kind and symbol."""
        return [Batch(kind, symbol, _in_order(pieces)) for (kind, symbol), pieces in sorted(self.pieces.items())]

    def books(self) -> list[BookUpdates]:
        """Give the updates of each book."""
        for updates in self.updates.values():
            updates.sort(key=_index)
        return [BookUpdates(symbol, [update for _, update in updates]) for symbol, updates in sorted(self.updates.items())]

    def _add_piece(self, kind: Kind, route: Route, at: Indices, columns: dict[str, Column]) -> None:
        if len(at):
            self.pieces.setdefault((kind, route.symbol), []).append((at, columns))

    def _add_trades(self, route: Route, at: Indices, events: Sequence[rows.TradeLike]) -> None:
        columns = rows.trade_columns(events, self.received_ns[at], repaired=_TRADES[route.event])
        wrong = [row for row in rows.suspects(columns, self.max_ahead_ns) if not self._is_sound(int(at[row]), events[row])]
        if wrong:
            at, columns = np.delete(at, wrong), {name: np.delete(column, wrong) for name, column in columns.items()}
        self._add_piece(Kind.TRADE, route, at, columns)

    def _add_candles(self, route: Route, at: Indices, events: list[KlineEvent | RestKline]) -> None:
        received = self.received_ns[at].tolist()
        sound = [self._is_sound(index, event) for index, event in zip(at.tolist(), events, strict=True)]
        closed = [good and rows.is_closed_minute(event, ns) for good, event, ns in zip(sound, events, received, strict=True)]
        self.ignored += sum(sound) - sum(closed)
        at = at[closed]
        columns = rows.candle_columns([event for event, final in zip(events, closed, strict=True) if final], self.received_ns[at])
        self._add_piece(Kind.CANDLE, route, at, columns)

    def _add_updates(self, route: Route, at: Indices, events: Sequence[DiffEvent | BookEvent]) -> None:
        found: list[tuple[int, DepthDiff | DepthSnapshot]] = []
        for index, received_ns, event in zip(at.tolist(), self.received_ns[at].tolist(), events, strict=True):
            if isinstance(event, BookEvent):
                found.append((index, rows.depth_snapshot(event, received_ns, whole=route.event is Event.SNAPSHOT)))
            elif self._is_sound(index, event):
                found.append((index, rows.depth_diff(event, received_ns)))
        if found:
            self.updates.setdefault(route.symbol, []).extend(found)

    def _is_sound(self, index: int, event: rows.Timed) -> bool:
        """Tell whether an event may become a row; note why where it may not."""
        reason = rows.refusal(event, int(self.received_ns[index]), self.max_ahead_ns)
        if reason:
            self.refused.append((index, reason))
        return not reason


def _index(numbered: tuple[int, object]) -> int:
    return numbered[0]


def _in_order(pieces: list[Piece]) -> dict[str, Column]:
    """Merge pieces into tape order."""
    at, columns = pieces[0]
    if len(pieces) > 1:
        at = np.concatenate([indices for indices, _ in pieces])
        columns = {name: np.concatenate([found[name] for _, found in pieces]) for name in columns}
    if len(at) > 1 and (at[1:] < at[:-1]).any():
        order = np.argsort(at)
        columns = {name: column[order] for name, column in columns.items()}
    return columns
