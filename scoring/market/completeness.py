"""What is missing from a window, and how that is said.

Gaps are data: each metric of the market says how whole the rows behind it were. The gaps of a symbol are few and their record
changes (a lost connection is open until it is back, a jump in ids is repaired trade by trade), so every state keeps this small
ledger of them and asks it once a window. Gaps that were repaired in full are forgotten: no window is missing anything because
of them.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from scoring.records import ALL_SYMBOLS, Gap, Kind

GapKey: TypeAlias = tuple[str, str, str, int]
"""Source, symbol, kind, from_ns: the key of `Gap`."""


class GapLedger(msgspec.Struct):
    """The gaps that are not repaired yet, at most `limit` of them."""

    limit: int = 256
    """How many gaps are kept at most; above that the one that began first is forgotten."""
    gaps: dict[GapKey, Gap] = msgspec.field(default_factory=dict)
    """By their key, so that news about a gap replaces what was known."""

    def add(self, gap: Gap) -> None:
        """Take a gap, or news about one: it replaces the gap with the same source, symbol, kind and start."""
        key = (gap.source, gap.symbol, gap.kind, gap.from_ns)
        if is_repaired(gap):
            self.gaps.pop(key, None)
            return
        self.gaps[key] = gap
        if len(self.gaps) > self.limit:
            del self.gaps[min(self.gaps, key=_began)]

    def is_news(self, gap: Gap) -> bool:
        """Say whether ids have just jumped: the gap is one of trades, not repaired, and was not known."""
        return gap.kind == Kind.TRADE and not is_repaired(gap) and (gap.source, gap.symbol, gap.kind, gap.from_ns) not in self.gaps

    def open_in(self, start_ns: int, end_ns: int, kinds: frozenset[str]) -> int:
        """Count the gaps of these kinds, or of all kinds, that overlap [start_ns, end_ns) and are not repaired.

        A gap includes both its ends: trades share instants, so the missing one may lie at the very instant of its neighbour.

        >>> ledger = GapLedger()
        >>> ledger.add(Gap("a", "BTCUSDT", "trade", 10, 20, 5, 6, missing=2, repaired=1, reason="id jump"))
        >>> [ledger.open_in(start, start + 10, frozenset({"trade"})) for start in (0, 10, 20, 30)]
        [0, 1, 1, 0]
        """
        return sum(
            (gap.kind in kinds or gap.kind == ALL_SYMBOLS) and _first(gap) < end_ns and (_is_open(gap) or _last(gap) >= start_ns)
            for gap in self.gaps.values()
        )

    def forget_before(self, at_ns: int) -> None:
        """Forget the gaps that were over before this instant; one still open stays."""
        over = [key for key, gap in self.gaps.items() if not _is_open(gap) and _last(gap) < at_ns]
        for key in over:
            del self.gaps[key]


def is_repaired(gap: Gap) -> bool:
    """Say whether everything that was missing has been fetched; of a gap of unknown size nobody can say so."""
    return 0 < gap.missing <= gap.repaired


def completeness(open_gaps: int, repaired: int) -> str:
    """Name the state of a window with this many gaps still open and this many repaired trades.

    >>> completeness(0, 0), completeness(0, 12), completeness(1, 12)
    ('complete', 'repaired(12)', 'open_gap(1)')
    """
    if open_gaps:
        return f"open_gap({open_gaps})"
    return f"repaired({repaired})" if repaired else "complete"


def _began(key: GapKey) -> tuple[int, GapKey]:
    """Order by start; the whole key decides between gaps that began together."""
    return key[3], key


def _is_open(gap: Gap) -> bool:
    return gap.to_ns == 0


def _first(gap: Gap) -> int:
    """The earlier end: rows are out of order where `to_ns` lies before `from_ns`."""
    return gap.from_ns if _is_open(gap) else min(gap.from_ns, gap.to_ns)


def _last(gap: Gap) -> int:
    return max(gap.from_ns, gap.to_ns)
