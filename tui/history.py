"""What is known of the past of one symbol, made ready to be drawn: prices, trade windows, moods, alerts and gaps, in seconds.

It is taken out of the state once for each state, and what has not changed there is the same object here too, so a chart can tell by
a glance whether it has to be drawn again. Numbers no market ever had are left out: a feed may be on another machine, and wrong.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from scoring.feed import AlertState, Topic, read_instant, read_number
from tui.bars import Bar, after
from tui.crowd import Crowd, Mood, by_symbol
from tui.ledger import Ledger, Row
from tui.state import State, SymbolState
from tui.trail import Trail

_ANY: Final = "*"
"""In a gap: every symbol, as `scoring.records.ALL_SYMBOLS`, which would cost a start the import of numpy."""
_LARGEST: Final = 1e15
"""Prices beyond it are mistakes."""
_HOLE_S: Final = 20.0
"""Prices come every 5 s at least while a flow runs: between two that are further apart nothing is known, and no line is drawn."""


class Point(msgspec.Struct, frozen=True, gc=False):
    """A value at an instant."""

    at_s: float
    value: float
    hole_s: float = _HOLE_S
    """From the one before it no line is drawn that is longer than this."""


class Candle(msgspec.Struct, frozen=True, gc=False):
    """A trade window that had trades."""

    start_s: float
    end_s: float
    open: float
    high: float
    low: float
    close: float
    vwap: float | None
    deviation: float
    """Of its prices from their mean, quote currency; 0 where there were too few."""


class Mark(msgspec.Struct, frozen=True):
    """An alert."""

    at_s: float
    severity: str
    rule: str
    is_over: bool


class Hole(msgspec.Struct, frozen=True):
    """A span in which data is, or was, missing."""

    start_s: float
    end_s: float | None
    """None while it lasts."""
    is_repaired: bool
    reason: str


class History(msgspec.Struct, frozen=True):
    """All of it."""

    prices: tuple[Point, ...] = ()
    candles: tuple[Candle, ...] = ()
    moods: tuple[Point, ...] = ()
    """Mean mood of the 5 minutes before each instant; each stands until the next."""
    is_mood_known: bool = False
    """Whether the last of them still stands: it does not where the last 5 minutes have no text."""
    counts: tuple[Point, ...] = ()
    """Texts in the 5 minutes before each instant."""
    marks: tuple[Mark, ...] = ()
    holes: tuple[Hole, ...] = ()
    asset: str = ""

    @property
    def oldest_s(self) -> float | None:
        """Where it begins."""
        return min((part[0].at_s for part in (self.prices, self.moods) if part), default=None)

    @property
    def newest_s(self) -> float | None:
        """Where it ends."""
        return max((part[-1].at_s for part in (self.prices, self.moods) if part), default=None)


def history(state: State, symbol: str) -> History:
    """Take what is known of one symbol out of the state."""
    known = state.symbols.get(symbol, SymbolState(symbol))
    asset = asset_of(state.crowd, symbol)
    candles = _candles((*known.bars, *_forming(known)))
    stances = state.crowd.past.get(asset, ())
    moods, counts = _moods(stances)
    return History(
        prices=_prices(candles, known.past, known.recent),
        candles=candles,
        moods=moods,
        is_mood_known=bool(stances) and stances[-1].average_vibe is not None,
        counts=counts,
        marks=_marks(state.alerts.values(), symbol, asset),
        holes=_holes(state.ledger, symbol),
        asset=asset,
    )


def _forming(symbol: SymbolState) -> tuple[Bar, ...]:
    """Give the window that is still open, of the width of those that have closed."""
    keys = [key for key in symbol.rows if key.table == Topic.TRADE_METRICS and key.provisional]
    key = min(keys, key=lambda key: key.width_s, default=None)
    bars = after((), symbol.rows[key]) if key else ()
    return tuple(bar for bar in bars if not symbol.bars or bar.start > symbol.bars[-1].start)


def asset_of(crowd: Crowd, symbol: str) -> str:
    """Give the asset whose mood is held against this symbol; empty where there is none."""
    stance = by_symbol(crowd.stances).get(symbol)
    return stance.asset if stance else ""


@functools.lru_cache(maxsize=8)
def _candles(bars: tuple[Bar, ...]) -> tuple[Candle, ...]:
    made: list[Candle] = []
    for bar in bars:
        if bar.open is None or bar.high is None or bar.low is None or bar.close is None:
            continue
        numbers = (bar.open, bar.high, bar.low, bar.close)
        if all(_is_sane(number) for number in numbers) and bar.low <= min(numbers) and bar.high >= max(numbers):
            vwap = bar.vwap if bar.vwap is not None and _is_sane(bar.vwap) else None
            deviation = bar.price_stddev if bar.price_stddev is not None and _is_sane(bar.price_stddev) else 0.0
            made.append(Candle(bar.start.timestamp(), bar.end.timestamp(), *numbers, vwap, deviation))
    return tuple(made)


@functools.lru_cache(maxsize=8)
def _prices(candles: tuple[Candle, ...], past: Trail, recent: Trail) -> tuple[Point, ...]:
    """Join what is known finely to what is known coarsely before it: closes of windows, prices every 5 s, prices every second."""
    fine = [Point(at_s, price) for at_s, price in recent if _is_sane(price)]
    fine_s = fine[0].at_s if fine else _LARGEST
    coarse = [point for point in _coarse(past) if point.at_s < fine_s]
    coarse_s = coarse[0].at_s if coarse else fine_s
    closes = [Point(candle.end_s, candle.close, 2 * (candle.end_s - candle.start_s)) for candle in candles if candle.end_s < coarse_s]
    return (*closes, *coarse, *fine)


@functools.lru_cache(maxsize=8)
def _coarse(past: Trail) -> tuple[Point, ...]:
    return tuple(Point(at_s, price) for at_s, price in past if _is_sane(price))


@functools.lru_cache(maxsize=8)
def _moods(past: tuple[Mood, ...]) -> tuple[tuple[Point, ...], tuple[Point, ...]]:
    """A mood stands until the next: the flow tells only when something has changed."""
    moods: list[Point] = []
    stood: float | None = None
    for stance in past:
        at_s, mood = stance.at.timestamp(), stance.average_vibe
        if stood is not None:
            moods.append(Point(at_s, stood, _LARGEST))
        stood = None if mood is None else min(max(mood, -1.0), 1.0)
        if stood is not None and (not moods or moods[-1] != Point(at_s, stood, _LARGEST)):
            moods.append(Point(at_s, stood, _LARGEST if moods and moods[-1].at_s == at_s else 0.0))
    dated = [(stance.at.timestamp(), stance.message_count) for stance in past]
    return tuple(moods), tuple(Point(at_s, min(max(count, 0.0), _LARGEST)) for at_s, count in dated if count is not None)


def _marks(alerts: Iterable[AlertState], symbol: str, asset: str) -> tuple[Mark, ...]:
    subjects = {symbol, asset} - {""}
    dated = [(alert.fired_at or alert.started_at, alert) for alert in alerts if alert.symbol in subjects]
    return tuple(
        sorted(
            (Mark(at.timestamp(), alert.severity, alert.rule, alert.state == "resolved") for at, alert in dated if at is not None),
            key=lambda mark: mark.at_s,
        )
    )


def _holes(ledger: Ledger, symbol: str) -> tuple[Hole, ...]:
    found = (_hole(row) for row in ledger.gaps.values() if row.get("symbol") in (symbol, _ANY))
    return tuple(hole for hole in found if hole is not None)


def _hole(row: Row) -> Hole | None:
    start = read_instant(row.get("from_at"))
    if start is None:
        return None
    missing, repaired = read_number(row.get("missing")), read_number(row.get("repaired"))
    words = (row.get("source"), row.get("reason"))
    return Hole(
        start_s=start.timestamp(),
        end_s=_seconds(read_instant(row.get("to_at"))),
        is_repaired=bool(missing) and (repaired or 0.0) >= (missing or 0.0),
        reason=" ".join(word for word in words if isinstance(word, str)),
    )


def _seconds(at: datetime | None) -> float | None:
    return at.timestamp() if at else None


def _is_sane(number: float) -> bool:
    return abs(number) <= _LARGEST


def latest_before(points: Sequence[Point], at_s: float) -> Point | None:
    """Give the newest point at or before an instant."""
    low, high = 0, len(points)
    while low < high:
        middle = (low + high) // 2
        if points[middle].at_s <= at_s:
            low = middle + 1
        else:
            high = middle
    return points[low - 1] if low else None
