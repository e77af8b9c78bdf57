"""From parsed events to rows: units, instants, and the rules that no single field can keep.

An event time far ahead of the receive time would close every window, so such a row is refused; so is a span of ids that runs
backwards, and a candle that starts after it was sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, chain
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from connectors.wire import packed
from connectors.wire.binance_streams import AggregateEvent, BookEvent, DiffEvent, KlineEvent, QuoteEvent, RestKline, RestTrade, TradeEvent
from scoring.records import NANOSECONDS_PER_SECOND, Candle, Column, DepthDiffs, DepthSnapshot, to_columns

Instants: TypeAlias = NDArray[np.int64]
Heads: TypeAlias = NDArray[np.int64]
"""int64[4, n]: the single numbers of updates of the book."""
TradeLike: TypeAlias = TradeEvent | RestTrade | AggregateEvent
Timed: TypeAlias = TradeLike | DiffEvent | KlineEvent | RestKline

_MICROSECONDS_FROM: Final = 9_000_000_000_000
"""Instants of 2255 in milliseconds, and of April 1970 in microseconds."""
_NS_PER_MS: Final = 1_000_000
_NS_PER_US: Final = 1_000


def to_ns(instant: int) -> int:
    """Read an instant that is in milliseconds or in microseconds.

    >>> to_ns(1723161255208) == to_ns(1723161255208000) == 1723161255208000000
    True
    """
    return instant * (_NS_PER_MS if instant < _MICROSECONDS_FROM else _NS_PER_US)


def _to_ns(instants: Instants) -> Instants:
    """Do the same to a column."""
    if len(instants) < packed.MANY:
        return np.array([to_ns(instant) for instant in instants.tolist()], np.int64)
    return instants * np.where(instants < _MICROSECONDS_FROM, _NS_PER_MS, _NS_PER_US)


def refusal(event: Timed, received_ns: int, max_ahead_ns: int) -> str:
    """Say what is wrong with an event that parsed; empty where nothing is."""
    ahead_ns = to_ns(event.happened_at) - received_ns
    if ahead_ns > max_ahead_ns:
        seconds, limit = ahead_ns / NANOSECONDS_PER_SECOND, max_ahead_ns / NANOSECONDS_PER_SECOND
        return f"event time {seconds:.3f} s ahead of the receive time: expected at most {limit:.3f} s"
    if isinstance(event, AggregateEvent | DiffEvent) and event.first_id > event.last_id:
        return f"ids from {event.first_id} to {event.last_id}: expected the first one not to be above the last"
    if isinstance(event, KlineEvent | RestKline) and _open_at(event) > event.happened_at:
        return f"a candle that starts at {_open_at(event)}: expected it to start before {event.happened_at}"
    return ""


def _open_at(event: KlineEvent | RestKline) -> int:
    return event.kline.open_at if isinstance(event, KlineEvent) else event.open_at


def trade_columns(events: Sequence[TradeLike], received_ns: Instants, *, repaired: bool) -> dict[str, Column]:
    """Make trade columns (`records.Trade`) of events of one type."""
    found = packed.to_columns(events)
    return {
        "received_ns": received_ns,
        "event_ns": _to_ns(found["happened_at"]),
        "trade_id": found["trade_id"],
        "price": found["price"],
        "quantity": found["quantity"],
        "buyer_is_maker": found["buyer_is_maker"],
        "first_id": found.get("first_id", found["trade_id"]),
        "last_id": found.get("last_id", found["trade_id"]),
        "repaired": np.ones(len(events), np.bool_) if repaired else np.zeros(len(events), np.bool_),
    }


def suspects(judged: Sequence[Column] | Heads, max_ahead_ns: int) -> Sequence[int]:
    """Give the rows that need a look at their `refusal`: all where they are few.

    They are judged by the columns received_ns, event_ns, first_id and last_id.
    """
    received_ns, event_ns, first_id, last_id = judged
    if len(event_ns) < packed.MANY:
        return range(len(event_ns))
    found: list[int] = np.flatnonzero((event_ns - received_ns > max_ahead_ns) | (first_id > last_id)).tolist()
    return found


def quote_columns(events: Sequence[QuoteEvent], received_ns: Instants) -> dict[str, Column]:
    """Make quote columns (`records.Quote`); their event time is the receive time."""
    return {"received_ns": received_ns, "event_ns": received_ns, **packed.to_columns(events)}


def diff_heads(events: Sequence[DiffEvent], received_ns: Instants) -> Heads:
    """Give the single numbers of updates of the book: received_ns, event_ns, first_id and last_id."""
    happened_ns = [to_ns(event.happened_at) for event in events]
    ids = [event.first_id for event in events], [event.last_id for event in events]
    return np.array([received_ns.tolist(), happened_ns, *ids], np.int64)


def depth_diffs(heads: Heads, events: Sequence[DiffEvent]) -> DepthDiffs:
    """Make the record of updates of the book."""
    bids, asks = [event.bids for event in events], [event.asks for event in events]
    stops = np.array([list(accumulate(map(len, bids))), list(accumulate(map(len, asks)))], np.int64)
    levels = packed.to_pairs(list(chain.from_iterable(bids + asks)))
    split = stops[0, -1]
    return DepthDiffs(heads[0], heads[1], heads[2], heads[3], stops[0], stops[1], levels[:split], levels[split:])


def depth_snapshot(event: BookEvent, received_ns: int, *, whole: bool) -> DepthSnapshot:
    """Make the record of a book, or of its top; its event time is the receive time."""
    return DepthSnapshot(received_ns, received_ns, event.last_id, event.bids, event.asks, whole)


def is_closed_minute(event: KlineEvent | RestKline, received_ns: int) -> bool:
    """Tell whether a candle is final and of one minute."""
    if isinstance(event, KlineEvent):
        return event.kline.closed and event.kline.interval == "1m"
    return to_ns(event.happened_at) < received_ns


def candle_columns(events: Sequence[KlineEvent | RestKline], received_ns: Instants) -> dict[str, Column]:
    """Make candle columns (`records.Candle`)."""
    return to_columns(Candle, map(_candle, events, received_ns.tolist()))


def _candle(event: KlineEvent | RestKline, received_ns: int) -> Candle:
    body = event.kline if isinstance(event, KlineEvent) else event
    return Candle(
        received_ns=received_ns,
        event_ns=to_ns(event.happened_at),
        open_ns=to_ns(body.open_at),
        open=body.open,
        high=body.high,
        low=body.low,
        close=body.close,
        volume_base=body.volume_base,
        volume_quote=body.volume_quote,
        trade_count=body.trade_count,
        taker_buy_base=body.taker_buy_base,
    )
