"""From an answer of the REST interface to frames of the tape: one row, one frame, its bytes as they came.

Rows have no name of their own, so each is wrapped as a frame of a combined stream called `<symbol>@<what>@rest`. Only what decides
whether a row belongs on the tape is read here: its id, or when its candle closed.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Raw
from msgspec.json import Decoder

from connectors.wire.binance_routes import Primary
from scoring.records import NANOSECONDS_PER_MILLISECOND


class _TradeId(msgspec.Struct):
    number: int = msgspec.field(name="id")


class _AggregateId(msgspec.Struct):
    number: int = msgspec.field(name="a")


class _CandleSpan(msgspec.Struct, array_like=True):
    open_ms: int
    open: Raw
    high: Raw
    low: Raw
    close: Raw
    volume: Raw
    close_ms: int


class _BookId(msgspec.Struct):
    last_id: int = msgspec.field(name="lastUpdateId")


_ROWS: Final = Decoder(list[Raw])
_TRADES: Final[dict[str, Decoder[Any]]] = {"trade": Decoder(list[_TradeId]), "aggTrade": Decoder(list[_AggregateId])}
_CANDLES: Final = Decoder(list[_CandleSpan])
_BOOK: Final = Decoder(_BookId)
_UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def trade_frames(symbol: str, primary: Primary, body: bytes) -> dict[int, bytes]:
    """Give the frame of each trade by its id, rising.

    Raises:
        ValueError: it is no list of trades.
    """
    try:
        ids, rows = _TRADES[primary].decode(body), _ROWS.decode(body)
    except _UNREADABLE as error:
        raise ValueError(f"{symbol}: not a list of trades: {error}") from error
    frames = {held.number: _wrap(symbol, primary, row) for held, row in zip(ids, rows, strict=True)}
    return dict(sorted(frames.items()))


def candle_frames(symbol: str, body: bytes, now_ns: int) -> dict[int, bytes]:
    """Give the frame of each 1-minute candle that is closed by now, by the ns it began, rising.

    Raises:
        ValueError: it is no list of candles.
    """
    try:
        spans, rows = _CANDLES.decode(body), _ROWS.decode(body)
    except _UNREADABLE as error:
        raise ValueError(f"{symbol}: not a list of candles: {error}") from error
    closed = [(span, row) for span, row in zip(spans, rows, strict=True) if span.close_ms * NANOSECONDS_PER_MILLISECOND < now_ns]
    return dict(sorted((span.open_ms * NANOSECONDS_PER_MILLISECOND, _wrap(symbol, "kline_1m", row)) for span, row in closed))


def book_frame(symbol: str, body: bytes) -> bytes:
    """Give the frame of a book.

    Raises:
        ValueError: it is no book.
    """
    try:
        _BOOK.decode(body)
    except _UNREADABLE as error:
        raise ValueError(f"{symbol}: not a book: {error}") from error
    return _wrap(symbol, "depth", body)


def _wrap(symbol: str, name: str, row: bytes | Raw) -> bytes:
    return b'{"stream":"%s@%s@rest","data":%s}' % (symbol.lower().encode(), name.encode(), bytes(row))
