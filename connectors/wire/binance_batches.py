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
from connectors.wire.binance_streams import BookEvent, DiffEvent
from scoring.records import Batch, BookUpdates, Column, DepthDiff, DepthSnapshot, Kind

Parsed: TypeAlias = dict[Route, tuple[list[int], list[Any]]]
"""Per stream: the index of each frame, and its event."""
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

    def add(self, route: Route, indices: list[int], events: list[Any]) -> None:
        """Take the events of one stream."""
        if route.event in _TRADES:
            self._add_trades(route, np.array(indices, np.int64), events)
        elif route.event is Event.QUOTE:
            at = np.array(indices, np.int64)
            self._add_piece(Kind.QUOTE, route, at, rows.quote_columns(events, self.received_ns[at]))
        elif route.event in _KLINES:
            self._add_candles(route, indices, events)
        else:
            self._add_updates(route, indices, events)

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
        suspects = rows.suspects(columns, self.max_ahead_ns)
        if suspects:
            for row in suspects:
                self._is_sound(int(at[row]), events[row])
            at, columns = np.delete(at, suspects), {name: np.delete(column, suspects) for name, column in columns.items()}
        self._add_piece(Kind.TRADE, route, at, columns)

    def _add_candles(self, route: Route, indices: list[int], events: list[Any]) -> None:
        sound = [(index, event) for index, event in zip(indices, events, strict=True) if self._is_sound(index, event)]
        closed = [(index, event) for index, event in sound if rows.is_closed_minute(event, int(self.received_ns[index]))]
        self.ignored += len(sound) - len(closed)
        at = np.array([index for index, _ in closed], np.int64)
        self._add_piece(Kind.CANDLE, route, at, rows.candle_columns([event for _, event in closed], self.received_ns[at]))

    def _add_updates(self, route: Route, indices: list[int], events: list[DiffEvent | BookEvent]) -> None:
        updates = self.updates.setdefault(route.symbol, [])
        for index, event in zip(indices, events, strict=True):
            received_ns = int(self.received_ns[index])
            if isinstance(event, BookEvent):
                updates.append((index, rows.depth_snapshot(event, received_ns, whole=route.event is Event.SNAPSHOT)))
            elif self._is_sound(index, event):
                updates.append((index, rows.depth_diff(event, received_ns)))
        if not updates:
            del self.updates[route.symbol]

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
