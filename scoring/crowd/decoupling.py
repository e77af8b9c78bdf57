"""The crowd against the price of one asset: is the mood running ahead of the market?

Scored posts and prices meet in event time, up to the lower of how far both are out (law 3). So a row is a function of the posts
and prices up to its instant: scoring may be slow, the market may lag, either may be handed on first, and no bit of a row changes.

Rows lie on whole seconds, and only where there is something to say: where a post entered, changed or left the window or the recent past,
and while there are posts in the window, every `quiet_every` at most, where the price is another than in the last row. A silent
crowd makes no rows; the row at which the last post left is the last. The end of a tape lets every window run empty.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import isnan
from typing import Final, Self

import msgspec

from scoring.crowd.arrivals import UNSET_NS, Arrivals
from scoring.crowd.prices import Prices
from scoring.crowd.trailing import Trailing
from scoring.crowd.windows import CrowdWindow
from scoring.duration import Duration
from scoring.records import END_NS, NANOSECONDS_PER_SECOND, DecouplingSignal, Rows, Table, to_columns

_SECONDS_PER_MINUTE: Final = 60
_NAN: Final = float("nan")
_NOTHING: Final = DecouplingSignal("", 0, _NAN, _NAN, _NAN, _NAN, _NAN, 0.0, 0, 0, 0, 0.0, _NAN, _NAN, True, 0, "complete")
"""Before the first row."""


class DecouplingSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the crowd is held against the price."""

    window: Duration = Duration.parse("5m")
    """What N, V̄ and P̄ look back over: whole seconds."""
    recent: Duration = Duration.parse("30s")
    """What V looks back over: whole seconds, no longer than `window`."""
    quiet_every: Duration = Duration.parse("10s")
    """Least time between two rows that only a moving price asks for: whole seconds."""
    max_posts: int = 20_000
    """Posts of one asset held at most in each window; more are counted but not weighed."""
    trailing_minutes: int = 1440
    """Minute samples that the z-scores compare with, at most."""
    warm_minutes: int = 120
    """Minute samples needed before there are z-scores; at least 2."""
    least_count_deviation: float = 1.0
    """N is not taken to vary by less than this, in texts, so that a post after a silent day is not infinitely unusual."""
    least_momentum_deviation: float = 0.5
    """M is not taken to vary by less than this."""

    def __post_init__(self) -> None:
        """Refuse what cannot be evaluated on whole seconds or compared with.

        Raises:
            ValueError: a setting is out of its range.
        """
        for name in ("window", "recent", "quiet_every"):
            length = getattr(self, name)
            if length <= 0 or length % NANOSECONDS_PER_SECOND:
                raise ValueError(f"{name} = {length}: expected whole seconds, such as '30s'")
        if self.recent > self.window:
            raise ValueError(f"recent = {self.recent}: expected no more than window = {self.window}")
        if self.max_posts < 1:
            raise ValueError(f"max_posts = {self.max_posts}: expected at least 1")
        if not 2 <= self.warm_minutes <= self.trailing_minutes:
            raise ValueError(f"warm_minutes = {self.warm_minutes}: expected 2 to trailing_minutes = {self.trailing_minutes}")
        for name in ("least_count_deviation", "least_momentum_deviation"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} = {getattr(self, name)}: expected a number above 0")


class Decoupling:
    """`decoupling_signals` of one asset, from its scored posts and its first symbol's prices."""

    def __init__(self, asset: str, symbol: str, settings: DecouplingSettings | None = None, provisional: bool = False) -> None:
        """Begin before the first post. An asset without a `symbol` has no prices and does not wait for any.

        `provisional` also gives rows of the newest second that posts or prices reached, before it is certain.
        """
        settings = settings or DecouplingSettings()
        self._asset = asset
        self._symbol = symbol
        self._settings = settings
        self._provisional = provisional
        window, recent = settings.window // NANOSECONDS_PER_SECOND, settings.recent // NANOSECONDS_PER_SECOND
        self._arrivals = Arrivals(settings.window, settings.max_posts)
        self._prices = Prices(window)
        self._window = CrowdWindow(window, recent, settings.max_posts)
        least = (settings.least_count_deviation, settings.least_momentum_deviation)
        self._trailing = Trailing(settings.trailing_minutes, settings.warm_minutes, least)
        self._market_ns = UNSET_NS if symbol else END_NS
        self._through_ns = UNSET_NS
        self._shown = UNSET_NS
        self._last = _NOTHING

    @property
    def late_posts(self) -> int:
        """Posts and edits that came after their instant had passed, and were dropped."""
        return self._arrivals.late_posts

    def update(self, items: Iterable[Rows]) -> list[Rows]:
        """Take rows of `social_signals` of the asset and of `risk_metrics` of its symbol, in any interleaving.

        Gives the rows that have become certain, or none with a `through_ns` that moved on; rows of other tables and subjects, and
        provisional ones, are passed over.
        """
        heard = False
        for rows in items:
            if rows.provisional:
                continue
            if rows.table is Table.SOCIAL_SIGNALS and rows.symbol == self._asset:
                self._arrivals.take(rows)
                heard |= len(rows) > 0
            elif rows.table is Table.RISK_METRICS and rows.symbol == self._symbol != "":
                self._prices.take(rows)
                self._market_ns = max(self._market_ns, rows.through_ns)
                heard |= len(rows) > 0
        found: list[Rows] = []
        through_ns = min(self._arrivals.through_ns, self._market_ns)
        if through_ns > self._through_ns:
            self._through_ns = through_ns
            through = through_ns // NANOSECONDS_PER_SECOND
            found.append(self._rows(self._advance(through)))
            self._prices.forget_before(through + 1)
        if self._provisional and heard:
            found += self._preview()
        return found

    def _advance(self, through: int) -> list[DecouplingSignal]:
        """Evaluate every second up to `through` that asks for it."""
        found = []
        while (turn := self._next(through)) is not None:
            at, is_due = turn
            if self._window.advance(at, self._arrivals.pop(at)) or is_due:
                found.append(self._evaluate(at))
        return found

    def _next(self, through: int) -> tuple[int, bool] | None:
        """Name the next second up to `through` at which posts may come or go, or (True) the price alone asks for a row."""
        turns = (self._arrivals.next_second(), self._window.next_leave())
        first = min((at for at in turns if at is not None), default=through + 1)
        stop = min(first, through + 1)
        if self._window.message_count:
            due = self._last.evaluated_ns // NANOSECONDS_PER_SECOND + self._settings.quiet_every // NANOSECONDS_PER_SECOND
            moved = self._prices.moved(self._last.price, due, stop)
            if moved is not None:
                return moved, True
        return (first, False) if first <= through else None

    def _evaluate(self, at: int) -> DecouplingSignal:
        """Say how crowd and price stand at a second; all that happened up to it is known."""
        window = self._window
        first = at if self._prices.first is None else min(at, self._prices.first)
        self._trailing.fill(_minute(first), _minute(at), (self._last.message_count, self._last.hype_momentum))
        market = self._prices.at(at)
        vibe, average_vibe, count = window.vibe, window.average_vibe, window.message_count
        delta_vibe = 0.0 if isnan(vibe) else vibe - average_vibe
        momentum = delta_vibe * count
        count_z, momentum_z = self._trailing.scores((count, momentum))
        self._last = DecouplingSignal(
            asset=self._asset,
            evaluated_ns=at * NANOSECONDS_PER_SECOND,
            price=market.price,
            average_price=market.average_price,
            delta_price=(market.price - market.average_price) / market.average_price if market.average_price > 0 else _NAN,
            vibe=vibe,
            average_vibe=average_vibe,
            delta_vibe=delta_vibe,
            message_count=count,
            copies=window.copies,
            unique_channels=window.unique_channels,
            hype_momentum=momentum,
            message_count_z=count_z,
            hype_momentum_z=momentum_z,
            warming=self._trailing.warming,
            open_gaps=market.open_gaps,
            completeness=market.completeness,
        )
        return self._last

    def _preview(self) -> list[Rows]:
        """Give the newest whole second that is not certain yet, as what came so far shows it."""
        newest = max(self._arrivals.newest_ns, self._prices.newest_ns) // NANOSECONDS_PER_SECOND
        if newest <= max(self._shown, self._through_ns // NANOSECONDS_PER_SECOND):
            return []
        self._shown = newest
        ahead = self._copy()
        ahead._advance(newest)
        if not ahead._window.message_count:
            return []
        return [self._rows([ahead._evaluate(newest)], provisional=True)]

    def _copy(self) -> Self:
        """Give a state that goes its own way from here, over the same prices."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._arrivals = self._arrivals.copy()
        other._window = self._window.copy()
        other._trailing = self._trailing.copy()
        return other

    def _rows(self, signals: list[DecouplingSignal], provisional: bool = False) -> Rows:
        columns = to_columns(DecouplingSignal, signals)
        return Rows(Table.DECOUPLING_SIGNALS, self._symbol or self._asset, columns, self._through_ns, provisional)


def _minute(second: int) -> int:
    """Name the first whole minute at or after a second."""
    return -(-second // _SECONDS_PER_MINUTE)
