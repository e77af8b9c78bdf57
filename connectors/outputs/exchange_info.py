"""What a served session says of its symbols: `/api/v3/exchangeInfo`, and a day's figures for `/api/v3/ticker/24hr`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from connectors.outputs.exchange_candles import MINUTE_MS, Candle
from connectors.outputs.exchange_market import Market
from connectors.outputs.exchange_trades import UNIT, Aggregate, Trade, to_text

_QUOTES: Final = ("USDT", "USDC", "FDUSD", "TUSD", "BUSD", "USD", "BTC", "ETH", "BNB", "EUR", "TRY", "BRL", "JPY", "GBP", "DAI")
"""What symbols are priced in, where their names end so."""
_DAY_MS: Final = 24 * 60 * MINUTE_MS
_DECIMALS: Final = 8


class Sizes(msgspec.Struct, frozen=True):
    """The smallest steps of a symbol, as decimals."""

    tick: str = "0.00000001"
    step: str = "0.00000001"


def sizes_of(trades: Iterable[Trade | Aggregate]) -> Sizes:
    """Find the smallest steps that trades have used.

    >>> sizes_of([Trade(1, "61840.86000000", "0.00820000", 0, True)])
    Sizes(tick='0.01000000', step='0.00010000')
    """
    found = [(_decimals(trade.price), _decimals(trade.quantity)) for trade in trades]
    if not found:
        return Sizes()
    return Sizes(*(to_text(UNIT // 10 ** max(column)) for column in zip(*found, strict=True)))


def _decimals(text: str) -> int:
    return min(len(text.rstrip("0").partition(".")[2]), _DECIMALS)


def assets_of(symbol: str) -> tuple[str, str]:
    """Split a symbol into what is traded and what it is priced in.

    >>> assets_of("DOGEUSDT")
    ('DOGE', 'USDT')
    """
    quote = next((quote for quote in _QUOTES if symbol.endswith(quote) and symbol != quote), symbol[-4:])
    return symbol.removesuffix(quote), quote


def answer(sizes: Mapping[str, Sizes], now_ms: int) -> dict[str, object]:
    """Describe symbols as `/api/v3/exchangeInfo` does."""
    limit = {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000}
    symbols = [_symbol(name, steps) for name, steps in sizes.items()]
    return {"timezone": "UTC", "serverTime": now_ms, "rateLimits": [limit], "exchangeFilters": [], "symbols": symbols}


def _symbol(name: str, sizes: Sizes) -> dict[str, object]:
    base, quote = assets_of(name)
    most = "9000000.00000000"
    return {
        "symbol": name,
        "status": "TRADING",
        "baseAsset": base,
        "baseAssetPrecision": _DECIMALS,
        "quoteAsset": quote,
        "quotePrecision": _DECIMALS,
        "quoteAssetPrecision": _DECIMALS,
        "baseCommissionPrecision": _DECIMALS,
        "quoteCommissionPrecision": _DECIMALS,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"],
        "icebergAllowed": True,
        "ocoAllowed": True,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": sizes.tick, "maxPrice": most, "tickSize": sizes.tick},
            {"filterType": "LOT_SIZE", "minQty": sizes.step, "maxQty": most, "stepSize": sizes.step},
            {"filterType": "NOTIONAL", "minNotional": "5.00000000", "applyMinToMarket": True, "maxNotional": most},
        ],
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["EXPIRE_MAKER"],
    }


def ticker(market: Market, now_ms: int, factor: int) -> dict[str, object]:
    """Give the figures of the last 24 hours, by whole minutes."""
    day = Candle()
    for start_ms, candle in market.candles.minutes.items():
        if start_ms > now_ms - _DAY_MS:
            day.join(candle)
    average = day.quote // day.volume if day.volume else 0
    change = day.close - day.open
    percent = change / day.open * 100 if day.open else 0.0
    sign = "-" if change < 0 else ""
    return {
        "symbol": market.symbol,
        "priceChange": sign + to_text(abs(change)),
        "priceChangePercent": f"{percent:.3f}",
        "weightedAvgPrice": to_text(average),
        "prevClosePrice": to_text(day.open),
        "lastPrice": to_text(day.close),
        "lastQty": market.trades.ledger.rows[-1].quantity if market.trades.ledger.rows else to_text(0),
        **_best(market),
        "openPrice": to_text(day.open),
        "highPrice": to_text(day.high),
        "lowPrice": to_text(day.low),
        "volume": to_text(day.volume),
        "quoteVolume": product(day.quote),
        "openTime": (now_ms - _DAY_MS) * factor,
        "closeTime": now_ms * factor,
        "firstId": day.first_id,
        "lastId": day.last_id,
        "count": day.trades,
    }


def _best(market: Market) -> dict[str, str]:
    known, nothing = market.book.answer(1), (to_text(0), to_text(0))
    bid = known.bids[0] if known and known.bids else nothing
    ask = known.asks[0] if known and known.asks else nothing
    return {"bidPrice": bid[0], "bidQty": bid[1], "askPrice": ask[0], "askQty": ask[1]}


def product(units: int) -> str:
    """Write the product of two amounts, rounded to eight decimals."""
    return to_text((units + UNIT // 2) // UNIT)
