"""How a row of the flow becomes a message of the feed: names of storage, instants as timestamps, numbers as Python's own."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import msgspec
import numpy as np

from scoring.duration import moment
from scoring.feed import AlertState, HealthState, NewRows, SourceState, Value, instant, instant_text
from scoring.records import Pulse, SourceHealth, stored_name

_PAYLOAD_BYTES: Final = 256
"""How much of a reject's bytes a screen is shown; the warehouse has them all."""
_TEXT_CHARACTERS: Final = 1_000
"""How much of a post's text a screen is shown: a snapshot of a hundred posts must stay a message that a client takes."""

Row = Mapping[str, object]
"""One row: column names as in `scoring.records`, cells as numpy holds them."""


def new_rows(table: str, symbol: str, provisional: bool, row: Row) -> NewRows:
    """Write one row of a table."""
    return NewRows(table, symbol, provisional, {stored_name(name): [value(name, cell)] for name, cell in row.items()})


def alert_state(row: Row) -> AlertState:
    """Write one row of the table of alerts."""
    cells = {stored_name(name): value(name, cell) for name, cell in row.items()}
    return msgspec.convert(cells, AlertState)


def source_state(pulse: Pulse) -> SourceState:
    """Write how a source is doing."""
    return SourceState(
        source=pulse.source,
        at=moment(pulse.at_ns),
        frames=pulse.frames,
        rejects=pulse.rejects,
        gaps=pulse.gaps,
        last_at=instant(pulse.last_ns),
        start_at=instant(pulse.start_ns),
        end_at=instant(pulse.end_ns),
        speed=pulse.speed if math.isfinite(pulse.speed) else None,
        state=pulse.state,
    )


def health_state(health: SourceHealth) -> HealthState:
    """Write how an input or output is doing."""
    return HealthState(
        source=health.source,
        at=moment(health.at_ns),
        state=health.state,
        last_at=instant(health.last_ns),
        frames=health.frames,
        rate=health.rate,
        skew_ms=health.skew_ms if math.isfinite(health.skew_ms) else None,
        reconnects=health.reconnects,
        gaps_open=health.gaps_open,
        gaps_repaired=health.gaps_repaired,
        rejects=health.rejects,
        lag=health.lag,
        next_try_at=instant(health.next_try_ns),
        last_error=health.last_error,
        detail=health.detail,
    )


def value(name: str, cell: object) -> Value:
    """Turn a cell into what JSON can hold.

    >>> value("window_end_ns", np.int64(1_500_000_000)), value("vwap", np.float64("nan")), value("payload", b"a" + bytes([255]))
    ('1970-01-01T00:00:01.500000Z', None, 'a\\\\xff')
    """
    plain = cell.item() if isinstance(cell, np.generic) else cell
    if isinstance(plain, float):
        return plain if math.isfinite(plain) else None
    if isinstance(plain, bytes):
        return plain[:_PAYLOAD_BYTES].decode("utf-8", "backslashreplace")
    if name == "text" and isinstance(plain, str):
        return plain[:_TEXT_CHARACTERS]
    if name.endswith("_ns") and isinstance(plain, int):
        return instant_text(plain)
    return plain if isinstance(plain, str | int) else str(plain)
