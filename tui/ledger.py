"""What the screen knows of the book-keeping: gaps, rejects, audits and the portfolio, as rows under their keys.

All of it is bounded: text that came over the feed is cut to what a line can show, and the rows unchanged for longest go first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from scoring.feed import NewRows, Topic, Value
from tui.crowd import newest

ROW_LIMIT: Final = 100
"""Gaps and rejects kept, of each."""
AUDIT_LIMIT: Final = 3_000
"""Audited minutes kept: two days of one symbol."""
POSITION_LIMIT: Final = 500
TEXT_LIMIT: Final = 1_000
"""Characters kept of one cell."""
WHOLE: Final = "*"
"""Under which the sum of all positions stands, as in `scoring.records.ALL_SYMBOLS`."""

Row: TypeAlias = Mapping[str, Value]
"""One row, by name of column."""
_Key: TypeAlias = tuple[Value, ...]


class Ledger(msgspec.Struct, frozen=True):
    """All that is known of it."""

    gaps: Mapping[_Key, Row] = {}
    """The latest change last."""
    rejects: Mapping[_Key, Row] = {}
    audits: Mapping[_Key, Row] = {}
    """Minutes that were held against the exchange's own candles."""
    positions: Mapping[str, Row] = {}
    """By symbol, and `WHOLE` for their sum."""

    def verified(self) -> tuple[int, int]:
        """Count the audited minutes that agree with the exchange, and all of them."""
        return sum(row.get("verdict") == "verified" for row in self.audits.values()), len(self.audits)


TOPICS: Final = frozenset({str(Topic.GAPS), str(Topic.REJECTS), str(Topic.AUDITS), str(Topic.PORTFOLIO)})
"""Tables it is made of."""


def enter(ledger: Ledger, rows: NewRows) -> Ledger:
    """Give what is known after some rows of one of `TOPICS`."""
    new = list(_each(rows))
    match rows.table:
        case Topic.GAPS:
            return msgspec.structs.replace(ledger, gaps=_with(ledger.gaps, new, ("source", "symbol", "kind", "from_at"), ROW_LIMIT))
        case Topic.REJECTS:
            return msgspec.structs.replace(ledger, rejects=_with(ledger.rejects, new, ("source", "position"), ROW_LIMIT))
        case Topic.AUDITS:
            return msgspec.structs.replace(ledger, audits=_with(ledger.audits, new, ("symbol", "open_at"), AUDIT_LIMIT))
        case Topic.PORTFOLIO:
            named = ((_text(row.get("symbol", rows.symbol)), row) for row in new)
            positions = newest(ledger.positions, named, POSITION_LIMIT)
            return msgspec.structs.replace(ledger, positions=positions)
    return ledger


def _with(known: Mapping[_Key, Row], new: Iterable[Row], key: Sequence[str], limit: int) -> Mapping[_Key, Row]:
    return newest(known, ((tuple(row.get(name) for name in key), row) for row in new), limit)


def _each(rows: NewRows) -> Iterator[Row]:
    columns = [column[-ROW_LIMIT:] for column in rows.columns.values()]
    for cells in zip(*columns, strict=False):
        yield {name: cell[:TEXT_LIMIT] if isinstance(cell, str) else cell for name, cell in zip(rows.columns, cells, strict=True)}


def _text(value: Value) -> str:
    return value if isinstance(value, str) else ""
