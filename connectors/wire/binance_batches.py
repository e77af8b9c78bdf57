"""The events of one call, put together: one batch per symbol and kind, one list of book updates per symbol, in tape order.

Different streams may feed one batch (a trade as it came and a trade fetched later), so rows carry the index of their frame
until they are in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from connectors.wire import binance_rows as rows
from connectors.wire.binance_routes import Event, Route
from connectors.wire.binance_streams import BookEvent, DiffEvent, KlineEvent, RestKline
from scoring.records import Batch, BookUpdates, Column, DepthDiffs, DepthSnapshot, Kind

Indices: TypeAlias = NDArray[np.int64]
Piece: TypeAlias = tuple[Indices, dict[str, Column]]
DiffPiece: TypeAlias = tuple[Indices, rows.Heads, list[DiffEvent]]

_TRADES: Final = {Event.TRADE: False, Event.REPAIRED_TRADE: True, Event.AGGREGATE: False, Event.REPAIRED_AGGREGATE: True}
"""Whether trades of this event are repaired."""
_JUDGED: Final = ("received_ns", "event_ns", "first_id", "last_id")
_KLINES: Final = (Event.KLINE, Event.PAST_KLINE)


class Assembly(msgspec.Struct):
    """Grows from the events of each stream."""

    received_ns: NDArray[np.int64]
    """When each frame of the call arrived."""
    max_ahead_ns: int
    pieces: dict[tuple[Kind, str], list[Piece]] = {}
    diffs: dict[str, list[DiffPiece]] = {}
    snapshots: dict[str, list[tuple[int, DepthSnapshot]]] = {}
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
        elif route.event is Event.DIFF:
            self._add_diffs(route, at, events)
        else:
            self._add_snapshots(route, at, events)

    def batches(self) -> list[Batch]:
        """Give one batch per kind and symbol."""
        return [Batch(kind, symbol, _in_order(pieces)) for (kind, symbol), pieces in sorted(self.pieces.items())]

    def books(self) -> list[BookUpdates]:
        """Give the updates of each book."""
        return [BookUpdates(symbol, self._updates(symbol)) for symbol in sorted(self.diffs.keys() | self.snapshots.keys())]

    def _updates(self, symbol: str) -> list[DepthDiffs | DepthSnapshot]:
        """Give the updates of one book: runs of diffs, cut where snapshots stand."""
        snapshots = sorted(self.snapshots.get(symbol, ()), key=_index)
        pieces = self.diffs.get(symbol)
        if pieces is None:
            return [snapshot for _, snapshot in snapshots]
        at, heads, events = _in_order_of_diffs(pieces)
        diffs = rows.depth_diffs(heads, events)
        if not snapshots:
            return [diffs]
        updates: list[DepthDiffs | DepthSnapshot] = []
        start = 0
        for index, snapshot in snapshots:
            stop = int(np.searchsorted(at, index))
            updates += [diffs.slice(start, stop), snapshot] if stop > start else [snapshot]
            start = stop
        return [*updates, diffs.slice(start, len(diffs))] if start < len(diffs) else updates

    def _add_piece(self, kind: Kind, route: Route, at: Indices, columns: dict[str, Column]) -> None:
        if len(at):
            self.pieces.setdefault((kind, route.symbol), []).append((at, columns))

    def _add_trades(self, route: Route, at: Indices, events: Sequence[rows.TradeLike]) -> None:
        columns = rows.trade_columns(events, self.received_ns[at], repaired=_TRADES[route.event])
        wrong = self._wrong(at, events, [columns[name] for name in _JUDGED])
        if wrong:
            at, columns = np.delete(at, wrong), {name: np.delete(column, wrong) for name, column in columns.items()}
        self._add_piece(Kind.TRADE, route, at, columns)

    def _add_diffs(self, route: Route, at: Indices, events: list[DiffEvent]) -> None:
        heads = rows.diff_heads(events, self.received_ns[at])
        wrong = self._wrong(at, events, heads)
        if wrong:
            events = [event for row, event in enumerate(events) if row not in set(wrong)]
            at, heads = np.delete(at, wrong), np.delete(heads, wrong, axis=1)
        if events:
            self.diffs.setdefault(route.symbol, []).append((at, heads, events))

    def _add_snapshots(self, route: Route, at: Indices, events: Sequence[BookEvent]) -> None:
        received, whole = self.received_ns[at].tolist(), route.event is Event.SNAPSHOT
        found = [rows.depth_snapshot(event, received_ns, whole=whole) for event, received_ns in zip(events, received, strict=True)]
        self.snapshots.setdefault(route.symbol, []).extend(zip(at.tolist(), found, strict=True))

    def _add_candles(self, route: Route, at: Indices, events: list[KlineEvent | RestKline]) -> None:
        received = self.received_ns[at].tolist()
        sound = [self._is_sound(index, event) for index, event in zip(at.tolist(), events, strict=True)]
        closed = [good and rows.is_closed_minute(event, ns) for good, event, ns in zip(sound, events, received, strict=True)]
        self.ignored += sum(sound) - sum(closed)
        at = at[closed]
        columns = rows.candle_columns([event for event, final in zip(events, closed, strict=True) if final], self.received_ns[at])
        self._add_piece(Kind.CANDLE, route, at, columns)

    def _wrong(self, at: Indices, events: Sequence[rows.Timed], judged: Sequence[Column] | rows.Heads) -> list[int]:
        """Give the rows that may not stay."""
        suspects = rows.suspects(judged, self.max_ahead_ns)
        return [row for row in suspects if not self._is_sound(int(at[row]), events[row])]

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


def _in_order_of_diffs(pieces: list[DiffPiece]) -> DiffPiece:
    """Do the same to updates of the book."""
    at = pieces[0][0]
    if len(pieces) == 1 and (len(at) == 1 or (at[1:] > at[:-1]).all()):
        return pieces[0]
    at = np.concatenate([indices for indices, _, _ in pieces])
    events = list(chain.from_iterable(found for _, _, found in pieces))
    order = np.argsort(at)
    heads = np.concatenate([numbers for _, numbers, _ in pieces], axis=1)
    return at[order], heads[:, order], [events[row] for row in order.tolist()]
