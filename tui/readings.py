"""The numbers of a symbol as the screen shows them, each with the instant it belongs to.

The newest row wins, and a final one over a provisional one of the same instant. No number stands without its age: a reading knows
when it was true and for how long it may be read as news.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from scoring.feed import Topic, Value, read_number
from tui.crowd import Stance
from tui.instants import instant
from tui.state import Cells, SymbolState

SPANS: Final = ("15m", "5m", "1m")
"""Over which the flow measures a change, longest first."""
_MOMENTA: Final = tuple((span, f"momentum_{span}") for span in SPANS)
_FRESH_S: Final = 30.0
"""A number is news for this long after its instant, or after its window has ended: final rows wait 10 s for late data."""
_COMPLETE: Final = "complete"


class Reading(msgspec.Struct, frozen=True):
    """One number and when it was true."""

    value: float | None = None
    at: datetime | None = None

    def age_s(self, now: datetime | None) -> float | None:
        """Say how old it is on the tape; never negative: the window it speaks of may still be open."""
        return max((now - self.at).total_seconds(), 0.0) if now and self.at else None

    def is_stale(self, now: datetime | None) -> bool:
        """Say whether it is too old to be read as news."""
        age = self.age_s(now)
        return age is None or age > _FRESH_S


class SymbolReadings(msgspec.Struct, frozen=True):
    """One row of the table of symbols."""

    symbol: str
    last: Reading
    change: Reading
    vwap: Reading
    spread_bps: Reading
    imbalance: Reading
    volatility: Reading
    """Over 1 minute, annualised, as the next two."""
    drawdown: Reading
    completeness: str
    """Of the newest rows: the worst of them; empty while there are none."""
    line: tuple[float, ...]
    """Prices of the steps that are over, and the last one."""
    vwap_distance: Reading = Reading()
    """Of the last price from the VWAP, fraction of the VWAP."""
    volatility_5m: Reading = Reading()
    volatility_15m: Reading = Reading()
    hype_z: Reading = Reading()
    """Of the asset this is the first symbol of."""


def change_span(symbols: Iterable[SymbolState]) -> str:
    """Choose the longest span over which every symbol that is known has a change, so that one heading is true of the whole column."""
    known = [spans(symbol) for symbol in symbols if newest(symbol, Topic.RISK_METRICS) is not None]
    return next((span for span in SPANS if known and all(span in each for each in known)), SPANS[-1])


def spans(symbol: SymbolState) -> frozenset[str]:
    """Give the spans over which a symbol has a change."""
    risk = newest(symbol, Topic.RISK_METRICS) or {}
    return frozenset([span for span, column in _MOMENTA if read_number(risk.get(column)) is not None])


def read(symbol: SymbolState, span: str, stance: Stance | None = None) -> SymbolReadings:
    """Take the numbers out of the newest rows; the change is the one over `span`."""
    trades, spread = newest(symbol, Topic.TRADE_METRICS), newest(symbol, Topic.SPREAD_METRICS)
    risk = newest(symbol, Topic.RISK_METRICS)
    last, vwap = _last_price(risk, trades), _reading(trades, "vwap")
    return SymbolReadings(
        symbol=symbol.symbol,
        last=last,
        change=_reading(risk, f"momentum_{span}"),
        vwap=vwap,
        spread_bps=_reading(spread, "average_spread_bps"),
        imbalance=_reading(spread, "imbalance_top1"),
        volatility=_reading(risk, "volatility_1m_annualised"),
        drawdown=_reading(risk, "drawdown"),
        completeness=_worst(cells.get("completeness") for cells in (trades, spread, risk) if cells is not None),
        line=_line(symbol, last),
        vwap_distance=_distance(last, vwap),
        volatility_5m=_reading(risk, "volatility_5m_annualised"),
        volatility_15m=_reading(risk, "volatility_15m_annualised"),
        hype_z=Reading(stance.hype_momentum_z, stance.at) if stance else Reading(),
    )


def _line(symbol: SymbolState, last: Reading) -> tuple[float, ...]:
    known = tuple(symbol.points.values())
    is_newer = last.value is not None and last.at is not None and last.at > next(reversed(symbol.points), last.at)
    return (*known, last.value) if known and is_newer and last.value is not None else known


def _distance(last: Reading, vwap: Reading) -> Reading:
    """It is as old as the older of the two."""
    if last.value is None or not vwap.value or last.at is None or vwap.at is None:
        return Reading()
    return Reading(last.value / vwap.value - 1, min(last.at, vwap.at))


def window_width(symbols: Iterable[SymbolState]) -> float | None:
    """Give the width in seconds of the trade windows shown: the narrowest."""
    widths = [key.width_s for symbol in symbols for key in symbol.rows if key.table == Topic.TRADE_METRICS]
    return min(widths, default=None)


def newest(symbol: SymbolState, table: str) -> Cells | None:
    """Give the newest row of a table, of its narrowest window."""
    found = [(key, cells) for key, cells in symbol.rows.items() if key.table == table]
    if len(found) == 1:
        return found[0][1] if _instant(found[0][1]) is not None else None
    if found:
        narrowest = min(key.width_s for key, _ in found)
        found = [(key, cells) for key, cells in found if key.width_s == narrowest]
    dated = [(at, not key.provisional, cells) for key, cells in found if (at := _instant(cells)) is not None]
    return max(dated, key=lambda row: row[:2])[2] if dated else None


def _instant(cells: Cells) -> datetime | None:
    return instant(cells.get("sampled_at")) or instant(cells.get("window_end"))


def _reading(cells: Cells | None, column: str) -> Reading:
    return Reading() if cells is None else Reading(read_number(cells.get(column)), _instant(cells))


def _last_price(risk: Cells | None, trades: Cells | None) -> Reading:
    """The last trade is as old as the rolling risk says; without that, its window's end is all that is known."""
    if risk is None:
        return _reading(trades, "close")
    sampled, age_ms = _instant(risk), read_number(risk.get("price_age_ms"))
    at = sampled - timedelta(milliseconds=min(age_ms or 0.0, _OLDEST_MS)) if sampled else None
    return Reading(read_number(risk.get("price")), at)


_OLDEST_MS: Final = 10.0 * 365 * 86_400_000
"""A trade older than ten years is a mistake of the other side."""


def _worst(marks: Iterable[Value]) -> str:
    """An open gap is worse than a repaired one, and that worse than none."""
    found = [mark for mark in marks if isinstance(mark, str)]
    return max(found, key=lambda mark: (mark.startswith("open_gap"), mark != _COMPLETE), default="")
