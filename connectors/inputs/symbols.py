"""The most traded symbols: "the first 20 against USDT" instead of a list that ages.

Asked once, at the start. A symbol counts if the exchange trades it now, against the quote asset of the settings; the rank is the
quote volume of the last 24 hours, and where two are equal the name decides, so that the same answers always give the same list.
"""

from __future__ import annotations

import re
from typing import Final, TypeVar

import msgspec

from connectors.inputs.binance_rest import BinanceRest, Refused
from scoring.errors import ResourceError

_SYMBOL: Final = re.compile(r"[A-Z0-9]+")
_TICKERS_WEIGHT: Final = 80
_INFO_WEIGHT: Final = 20


class TopSymbolSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which symbols are followed without being named."""

    count: int = 0
    """So many of the most traded symbols; 0 for none."""
    quote_asset: str = "USDT"
    """What they are priced in."""
    exclude: tuple[str, ...] = ()
    """Symbols left out, such as pairs of two stable coins."""

    def __post_init__(self) -> None:
        """Refuse what is no number of symbols."""
        if self.count < 0:
            raise ValueError("count: expected 0 or more")


class Ticker(msgspec.Struct, frozen=True):
    """One row of `/api/v3/ticker/24hr`."""

    symbol: str
    quote_volume: float = msgspec.field(name="quoteVolume")


class Listing(msgspec.Struct, frozen=True):
    """One symbol of `/api/v3/exchangeInfo`."""

    symbol: str
    status: str
    quote_asset: str = msgspec.field(name="quoteAsset")


class _Listings(msgspec.Struct, frozen=True):
    symbols: list[Listing]


def top_symbols(rest: BinanceRest, settings: TopSymbolSettings) -> tuple[str, ...]:
    """Ask for the most traded symbols, the first one first.

    Raises:
        RestError: the exchange gives no answer.
        ResourceError: its answer is none, or it trades nothing against the quote asset.
    """
    if not settings.count:
        return ()
    tickers = _read(rest.get("/api/v3/ticker/24hr", _TICKERS_WEIGHT, type="MINI"), list[Ticker])
    chosen = choose(tickers, _listings(rest), settings)
    if not chosen:
        raise ResourceError(f"top symbols: the exchange trades nothing against {settings.quote_asset!r}: set quote_asset, e.g. 'USDT'")
    return chosen


def choose(tickers: list[Ticker], listings: list[Listing], settings: TopSymbolSettings) -> tuple[str, ...]:
    """Choose the most traded symbols.

    >>> tickers = [Ticker("ETHUSDT", 5.0), Ticker("BTCUSDT", 9.0), Ticker("BTCEUR", 7.0), Ticker("LUNAUSDT", 99.0)]
    >>> listings = [Listing("BTCEUR", "TRADING", "EUR"), Listing("LUNAUSDT", "BREAK", "USDT")]
    >>> listings += [Listing(symbol, "TRADING", "USDT") for symbol in ("BTCUSDT", "ETHUSDT")]
    >>> choose(tickers, listings, TopSymbolSettings(count=3))
    ('BTCUSDT', 'ETHUSDT')
    """
    traded = {held.symbol for held in listings if held.status == "TRADING" and held.quote_asset == settings.quote_asset}
    traded = {symbol for symbol in traded.difference(settings.exclude) if _SYMBOL.fullmatch(symbol)}
    ranked = sorted({ticker.symbol: -ticker.quote_volume for ticker in tickers if ticker.symbol in traded}.items(), key=_rank)
    return tuple(symbol for symbol, _ in ranked[: settings.count])


def _rank(item: tuple[str, float]) -> tuple[float, str]:
    return item[1], item[0]


def _listings(rest: BinanceRest) -> list[Listing]:
    """Ask what is listed: without what makes the answer large, where the exchange knows how."""
    path = "/api/v3/exchangeInfo"
    try:
        body = rest.get(path, _INFO_WEIGHT, symbolStatus="TRADING", showPermissionSets="false")
    except Refused:
        body = rest.get(path, _INFO_WEIGHT)
    return _read(body, _Listings).symbols


AnswerT = TypeVar("AnswerT")


def _read(body: bytes, expected: type[AnswerT]) -> AnswerT:
    try:
        return msgspec.json.decode(body, type=expected, strict=False)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ResourceError(f"top symbols: not an answer of the exchange ({error}): check the hosts") from error
