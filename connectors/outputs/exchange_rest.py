"""The REST side of a served session: what `/api/v3/…` answers, from nothing but what has been played.

Source: https://developers.binance.com/docs/binance-spot-api-docs/rest-api/market-data-endpoints
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final, Protocol, TypeAlias
from urllib.parse import parse_qsl

import msgspec

from connectors.outputs import exchange_info
from connectors.outputs.exchange_candles import INTERVALS_MS, MINUTE_MS, made_of
from connectors.outputs.exchange_door import RefusedError
from connectors.outputs.exchange_market import Market
from connectors.outputs.exchange_play import SessionClock
from connectors.outputs.exchange_trades import Aggregate, Trade, instant_of, to_microseconds, to_units

Query: TypeAlias = Mapping[str, str]
_NS_PER_US: Final = 1_000
_DEFAULT_ROWS: Final = 500
_MOST_ROWS: Final = 1_000
_MOST_LEVELS: Final = 5_000
_DEPTH_WEIGHTS: Final = ((100, 5), (500, 25), (1_000, 50), (_MOST_LEVELS, 250))


class Request(msgspec.Struct, frozen=True):
    """One request."""

    path: str
    query: Query
    factor: int
    """Units of time in a millisecond: 1, or 1,000 where microseconds are asked for."""

    def market(self, markets: Mapping[str, Market]) -> Market:
        """Find the symbol it is about, up to date.

        Raises:
            RefusedError: it names none, or one that is not on the tape.
        """
        name = self.query.get("symbol", "")
        if not name:
            raise RefusedError(-1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.")
        if name not in markets:
            raise RefusedError(-1121, "Invalid symbol.")
        markets[name].settle()
        return markets[name]

    def whole(self, name: str, default: float = math.nan) -> float:
        """Read a whole number; `default` where it is absent."""
        text = self.query.get(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdigit() and len(text) <= 20):
            raise RefusedError(-1100, f"Illegal characters found in parameter '{name}'; legal range is '^[0-9]{{1,20}}$'.")
        return int(text)

    def limit(self, default: int = _DEFAULT_ROWS, most: int = _MOST_ROWS) -> int:
        """Read how many rows are wanted."""
        limit = int(self.whole("limit", default))
        if not limit:
            raise RefusedError(-1130, "Data sent for parameter 'limit' is not valid.")
        return min(limit, most)

    def span_us(self) -> tuple[float, float]:
        """Read from when to when, in microseconds."""
        start, end = self.whole("startTime"), self.whole("endTime")
        return (
            -math.inf if math.isnan(start) else to_microseconds(int(start)),
            math.inf if math.isnan(end) else to_microseconds(int(end)),
        )


def request_of(path: str, query: str, time_unit: str) -> Request:
    """Read a request."""
    return Request(path, dict(parse_qsl(query, keep_blank_values=True)), 1_000 if time_unit.upper() == "MICROSECOND" else 1)


class Known(Protocol):
    """What there is to know."""

    markets: dict[str, Market]
    scouts: dict[str, Market]
    sizes: dict[str, exchange_info.Sizes]


class Rest:
    """Answers requests."""

    def __init__(self, stage: Known, clock: SessionClock, skewed_ns: Callable[[], int]) -> None:
        """Take what is known, the session's clock, and the clock that is told."""
        self._markets, self._scouts, self._sizes = stage.markets, stage.scouts, stage.sizes
        self._clock, self._told_ns = clock, skewed_ns
        self._calls: dict[str, tuple[Callable[[Request], int], Callable[[Request], object]]] = {
            "ping": (lambda _: 1, lambda _: {}),
            "time": (lambda _: 1, self._time),
            "exchangeInfo": (lambda _: 20, self._info),
            "trades": (lambda _: 25, self._newest_trades),
            "historicalTrades": (lambda _: 25, self._old_trades),
            "aggTrades": (lambda _: 4, self._aggregates),
            "klines": (lambda _: 2, self._klines),
            "uiKlines": (lambda _: 2, self._klines),
            "depth": (_depth_weight, self._depth),
            "ticker/24hr": (lambda request: 2 if "symbol" in request.query else 80, self._tickers),
            "ticker/price": (lambda request: 2 if "symbol" in request.query else 4, self._prices),
        }

    def weight(self, request: Request) -> int:
        """Say what a request costs.

        Raises:
            RefusedError: there is no such call.
        """
        call = self._calls.get(request.path.removeprefix("/api/v3/"))
        if call is None:
            raise RefusedError(-1000, f"Path {request.path}, Method GET is invalid", 404)
        return call[0](request)

    def answer(self, request: Request) -> object:
        """Give the body of an answer.

        Raises:
            RefusedError: the request cannot be answered.
        """
        return self._calls[request.path.removeprefix("/api/v3/")][1](request)

    def _time(self, request: Request) -> object:
        return {"serverTime": self._told_ns() // _NS_PER_US * request.factor // 1_000}

    def _info(self, request: Request) -> object:
        wanted = _named(request, self._markets)
        return exchange_info.answer({name: self._sizes[name] for name in wanted}, self._told_ns() // 1_000_000)

    def _newest_trades(self, request: Request) -> object:
        market = request.market(self._markets)
        return [_trade(row, request.factor) for row in market.trades.ledger.newest(request.limit())]

    def _old_trades(self, request: Request) -> object:
        market, first_id = request.market(self._markets), request.whole("fromId")
        ledger, limit = market.trades.ledger, request.limit()
        rows = ledger.newest(limit) if math.isnan(first_id) else ledger.since(int(first_id), limit)
        return [_trade(row, request.factor) for row in rows]

    def _aggregates(self, request: Request) -> object:
        ledger, limit = request.market(self._markets).trades.aggregates, request.limit()
        first_id, (start_us, end_us) = request.whole("fromId"), request.span_us()
        if not math.isnan(first_id):
            if math.isfinite(start_us) or math.isfinite(end_us):
                raise RefusedError(-1128, "Combination of optional parameters invalid.")
            rows = ledger.since(int(first_id), limit)
        elif math.isinf(start_us) and math.isinf(end_us):
            rows = ledger.newest(limit)
        else:
            rows = ledger.between(start_us, end_us, limit)
        return [_aggregate(row, request.factor) for row in rows]

    def _klines(self, request: Request) -> object:
        market, limit = request.market(self._markets), request.limit()
        interval = request.query.get("interval", "")
        if interval not in INTERVALS_MS:
            raise RefusedError(-1120, "Invalid interval.")
        length_ms = INTERVALS_MS[interval]
        start_ms, end_ms = (instant / 1_000 for instant in request.span_us())
        rows = klines(market, length_ms, start_ms, end_ms, request.factor)
        return rows[:limit] if math.isfinite(start_ms) else rows[-limit:]

    def _depth(self, request: Request) -> object:
        found = request.market(self._markets).book.answer(request.limit(100, _MOST_LEVELS))
        if found is None:
            raise RefusedError(-1008, "The tape has no book at this instant: an update is missing, and no snapshot has followed yet.", 503)
        return found

    def _tickers(self, request: Request) -> object:
        # Before anything is played its beginning stands for the day before, so that "the busiest symbols" has an answer.
        markets = self._markets if self._clock.started else self._scouts
        names = _named(request, self._markets)
        for name in names:
            markets[name].settle()
        found = [exchange_info.ticker(markets[name], self._clock.now() // 1_000_000, request.factor) for name in names]
        return found[0] if "symbol" in request.query else found

    def _prices(self, request: Request) -> object:
        names = _named(request, self._markets)
        for name in names:
            self._markets[name].settle()
        found = [{"symbol": name, "price": rows[-1].price} for name in names if (rows := self._markets[name].trades.ledger.rows)]
        return found[0] if "symbol" in request.query and found else found


def klines(market: Market, length_ms: int, start_ms: float, end_ms: float, factor: int) -> list[list[object]]:
    """Give candles that begin within a span; minutes that the tape tells itself are told as they are."""
    if length_ms < MINUTE_MS:
        made = made_of(market.trades.ledger.rows, length_ms)
        return [made[at].row(at, length_ms, factor) for at in sorted(made) if start_ms <= at <= end_ms]
    rows = {at: candle.row(at, length_ms, factor) for at, candle in market.candles.joined(length_ms, start_ms, end_ms).items()}
    if length_ms == MINUTE_MS:
        for at, told in market.told.items():
            if start_ms <= at <= end_ms:
                prices = [told.open, told.high, told.low, told.close]
                end = (at + length_ms) * factor - 1
                taken = [told.taker_base, told.taker_quote]
                rows[at] = [at * factor, *prices, told.volume, end, told.quote, told.trades, *taken, "0"]
    return [rows[at] for at in sorted(rows)]


def _named(request: Request, markets: Mapping[str, Market]) -> list[str]:
    """Give the symbols that `symbol` or `symbols` name; all of them where neither is there."""
    if "symbol" in request.query:
        names = [request.query["symbol"]]
    elif "symbols" in request.query:
        try:
            names = msgspec.json.decode(request.query["symbols"], type=list[str])
        except msgspec.MsgspecError:
            raise RefusedError(-1100, "Illegal characters found in parameter 'symbols'.") from None
    else:
        names = list(markets)
    if any(name not in markets for name in names):
        raise RefusedError(-1121, "Invalid symbol.")
    return names


def _depth_weight(request: Request) -> int:
    wanted = request.limit(100, _MOST_LEVELS)
    return next(weight for levels, weight in _DEPTH_WEIGHTS if wanted <= levels)


def _trade(row: Trade, factor: int) -> dict[str, object]:
    quote = to_units(row.price) * to_units(row.quantity)
    return {
        "id": row.id,
        "price": row.price,
        "qty": row.quantity,
        "quoteQty": exchange_info.product(quote),
        "time": instant_of(row) * factor // 1_000,
        "isBuyerMaker": row.buyer_is_maker,
        "isBestMatch": True,
    }


def _aggregate(row: Aggregate, factor: int) -> dict[str, object]:
    return {
        "a": row.id,
        "p": row.price,
        "q": row.quantity,
        "f": row.first_id,
        "l": row.last_id,
        "T": instant_of(row) * factor // 1_000,
        "m": row.buyer_is_maker,
        "M": True,
    }
