"""How a gap is written on a tape: feed `gap`, its fields as JSON."""

from __future__ import annotations

import msgspec

from scoring.records import Gap

GAP_FEED = "gap"
"""Frames of this feed are gaps."""


def encode_gap(gap: Gap) -> bytes:
    """Write a gap as a payload.

    >>> encode_gap(Gap("binance", "*", "*", 1, 2, 0, 0, 0, 0, "disconnected"))[:40]
    b'{"source":"binance","symbol":"*","kind":'
    """
    return msgspec.json.encode(gap)


def decode_gap(payload: bytes) -> Gap:
    """Read a gap.

    Raises:
        ValueError: it is none; the message says why.
    """
    try:
        return msgspec.json.decode(payload, type=Gap)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"not a gap: {error}") from error
