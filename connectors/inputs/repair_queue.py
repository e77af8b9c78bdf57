"""Which trades are still wanted: fed with the news of gaps, it says what to ask for next.

News of one gap only ever grows (more ids missing, more of them repaired), so what is known of it is the largest of each number
heard, and the order in which news comes changes nothing: not after a restart, when some of it comes twice, either. What has been
put on the tape, or was not served after several tries, is settled and never asked for again, even while the gap stays open.
Spans are coalesced: one page asks for everything wanted within its reach. A gap that holds several jumps is asked for as a whole;
the trades between them are known already and cost a little.

Pure and picklable: its pickle is what a restart needs.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections import deque
from collections.abc import Collection, Iterable
from typing import TypeAlias

import msgspec

from scoring.market.continuity import MOST_INTERVALS
from scoring.records import Gap, Kind

Span: TypeAlias = tuple[int, int]
"""First and last id, both included."""


class QueueSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much is remembered and how often it is tried."""

    tries: int = 4
    """So often a page may come without an id before that id counts as no longer served."""
    gaps: int = MOST_INTERVALS
    """Open gaps per symbol, the newest ones; an older one stays open. As many as `Continuity` keeps."""
    closed: int = 64
    """Repaired gaps per symbol that are remembered, so that news of them that comes twice opens nothing."""


class Page(msgspec.Struct, frozen=True):
    """What to ask for at once."""

    symbol: str
    from_id: int
    to_id: int
    """A wanted id, as far as a page reaches."""

    @property
    def limit(self) -> int:
        """How many ids it spans."""
        return self.to_id - self.from_id + 1


class Missing(msgspec.Struct, frozen=True):
    """What is known of one gap."""

    to_id: int
    missing: int
    repaired: int

    @property
    def is_closed(self) -> bool:
        """Whether everything that was missing has come."""
        return self.repaired >= self.missing

    def grown(self, gap: Gap) -> Missing:
        """Give what is known after one more piece of news."""
        return Missing(max(self.to_id, gap.to_id), max(self.missing, gap.missing), max(self.repaired, gap.repaired))


class SymbolQueue(msgspec.Struct):
    """What is wanted of one symbol."""

    gaps: dict[Span, Missing] = msgspec.field(default_factory=dict)
    """By `from_ns` and `from_id`: trades share instants, so one instant may begin several gaps, one after the other."""
    settled: list[Span] = msgspec.field(default_factory=list)
    """Ids of open gaps that are not to be asked for any more."""
    tries: dict[int, int] = msgspec.field(default_factory=dict)
    """How often ids from this one on were asked for in vain."""
    wanted: list[Span] = msgspec.field(default_factory=list)
    """Follows from the others."""

    def refresh(self, settings: QueueSettings) -> None:
        """Forget what is over, and find out again what is wanted."""
        closed = sorted(key for key, gap in self.gaps.items() if gap.is_closed)
        opened = sorted(key for key, gap in self.gaps.items() if not gap.is_closed)
        for key in closed[: max(0, len(closed) - settings.closed)] + opened[: max(0, len(opened) - settings.gaps)]:
            del self.gaps[key]
        missing = merged((key[1], gap.to_id) for key, gap in self.gaps.items() if not gap.is_closed)
        self.wanted = without(missing, self.settled)
        self.settled = without(missing, self.wanted)
        firsts = {low for low, _ in self.wanted}
        self.tries = {low: count for low, count in self.tries.items() if low in firsts}

    def first_wanted(self) -> tuple[int, int] | None:
        """Give the oldest gap of which something is wanted: its instant, and the first id wanted of it."""
        for key in sorted(self.gaps):
            gap = self.gaps[key]
            spans = () if gap.is_closed else within(self.wanted, key[1], gap.to_id)
            if spans:
                return key[0], spans[0][0]
        return None


class RepairQueue(msgspec.Struct):
    """What is wanted of every symbol."""

    settings: QueueSettings = QueueSettings()
    symbols: dict[str, SymbolQueue] = msgspec.field(default_factory=dict)
    breaks: dict[str, tuple[int, int]] = msgspec.field(default_factory=dict)
    """The newest gap of each book: from when, and until when or 0."""
    repaired: int = 0
    """Gaps that were closed."""
    given_up: int = 0
    """Trades that are not served any more."""

    def take(self, gap: Gap) -> None:
        """Take news of a gap; what no request can repair (a lost connection, quotes) is left out."""
        if gap.kind == Kind.DEPTH:
            self.breaks[gap.symbol] = max(self.breaks.get(gap.symbol, (0, 0)), (gap.from_ns, gap.to_ns))
        elif gap.kind == Kind.TRADE and gap.missing:
            queue = self.symbols.setdefault(gap.symbol, SymbolQueue())
            key = (gap.from_ns, gap.from_id)
            before = queue.gaps.get(key, Missing(gap.to_id, gap.missing, 0))
            queue.gaps[key] = after = before.grown(gap)
            self.repaired += after.is_closed and not before.is_closed
            queue.refresh(self.settings)

    def next_page(self, limit: int, skip: Collection[str] = ()) -> Page | None:
        """Give what to ask for next, oldest gap first, at most `limit` ids of a symbol that is not to be skipped."""
        firsts = ((first, symbol) for symbol, queue in self.symbols.items() if symbol not in skip and (first := queue.first_wanted()))
        oldest = min(firsts, default=None)
        if oldest is None:
            return None
        (_, from_id), symbol = oldest
        return Page(symbol, from_id, within(self.symbols[symbol].wanted, from_id, from_id + limit - 1)[-1][1])

    def wants(self, symbol: str, ids: Iterable[int]) -> list[int]:
        """Give those of these ids that are wanted."""
        spans = self.wanted(symbol)
        places = ((trade_id, bisect_right(spans, (trade_id, sys.maxsize)) - 1) for trade_id in ids)
        return [trade_id for trade_id, place in places if place >= 0 and trade_id <= spans[place][1]]

    def answered(self, page: Page, ids: Iterable[int]) -> list[Span]:
        """Take what a page brought and is now on the tape; give what of it is hereby given up."""
        queue = self.symbols.setdefault(page.symbol, SymbolQueue())
        queue.settled = merged([*queue.settled, *((trade_id, trade_id) for trade_id in ids)])
        queue.refresh(self.settings)
        left = within(queue.wanted, page.from_id, page.to_id)
        if not left:
            return []
        first = left[0][0]
        queue.tries[first] = queue.tries.get(first, 0) + 1
        if queue.tries[first] < self.settings.tries:
            return []
        queue.settled = merged([*queue.settled, *left])
        queue.refresh(self.settings)
        self.given_up += sum(high - low + 1 for low, high in left)
        return left

    def tried(self, symbol: str) -> int:
        """Count the pages in a row that came without what is wanted of a symbol."""
        queue = self.symbols.get(symbol)
        return max(queue.tries.values(), default=0) if queue else 0

    def wanted(self, symbol: str) -> list[Span]:
        """Give the spans of ids still wanted of a symbol, rising."""
        queue = self.symbols.get(symbol)
        return queue.wanted if queue else []

    def is_wanting(self) -> bool:
        """Tell whether any trade is wanted."""
        return any(queue.wanted for queue in self.symbols.values())

    def is_broken(self, symbol: str) -> bool:
        """Tell whether the book of a symbol waits for a snapshot."""
        return symbol in self.breaks and not self.breaks[symbol][1]

    def open_gaps(self) -> int:
        """Count the gaps that are not repaired, those given up included."""
        trades = sum(not gap.is_closed for queue in self.symbols.values() for gap in queue.gaps.values())
        return trades + sum(self.is_broken(symbol) for symbol in self.breaks)


def merged(spans: Iterable[Span]) -> list[Span]:
    """Give spans that do not touch, rising, for any spans.

    >>> merged([(7, 9), (1, 3), (4, 5), (8, 12)])
    [(1, 5), (7, 12)]
    """
    found: list[Span] = []
    for low, high in sorted(spans):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], high))
        else:
            found.append((low, high))
    return found


def without(spans: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """Take spans away from others; both rising, as `merged` gives them.

    >>> without([(1, 9)], [(0, 1), (4, 5)])
    [(2, 3), (6, 9)]
    """
    left: list[Span] = []
    others = deque(taken)
    for low, high in spans:
        while others and others[0][0] <= high:
            start, stop = others[0]
            if low < start:
                left.append((low, start - 1))
            low = max(low, stop + 1)
            if stop > high:
                break  # it reaches into what comes next
            others.popleft()
        if low <= high:
            left.append((low, high))
    return left


def within(spans: Iterable[Span], low: int, high: int) -> list[Span]:
    """Give the parts of spans between two ids.

    >>> within([(1, 3), (5, 9)], 3, 6)
    [(3, 3), (5, 6)]
    """
    return [(max(start, low), min(stop, high)) for start, stop in spans if start <= high and stop >= low]
