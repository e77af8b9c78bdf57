"""Prices of an aggregator: the answers of CoinGecko's `/simple/price` (feed `coingecko`) and `/search/trending` (feed
`coingecko_trending`), as received.

    {"bitcoin": {"usd": 67187.33, "usd_market_cap": 1.3e12, "usd_24h_vol": 3e10, "usd_24h_change": 3.63, "last_updated_at": 1711356300}}
    {"coins": [{"item": {"id": "bonk", "symbol": "BONK", "market_cap_rank": 103, "data": {"price": 2.1e-05, …}}}], …}

One body holds many assets, so the law that counts frames counts differently here: a body gives rows, or is one reject as a whole,
or is ignored because it is empty. An asset that the aggregator names without a price (`{}`, null, 0) is passed over, because one
dead coin must not cost the others theirs.

Source: https://docs.coingecko.com/reference/simple-price, https://docs.coingecko.com/reference/trending-search
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Annotated, Final, TypeAlias

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from connectors.wire.decoded import Decoded, Refusal
from scoring.records import NANOSECONDS_PER_SECOND, Batch, Kind, Price, Trending, to_columns

PRICES_FEED: Final = "coingecko"
"""Frames of this feed are price answers."""
TRENDING_FEED: Final = "coingecko_trending"
"""Frames of this feed are lists of what people search for."""
PERCENT: Final = 100
"""Changes come in percent and are kept as fractions."""

Finite: TypeAlias = Annotated[float, Meta(ge=-sys.float_info.max, le=sys.float_info.max)]
Amount: TypeAlias = Annotated[float, Meta(ge=0, le=sys.float_info.max)]
Name: TypeAlias = Annotated[str, Meta(min_length=1)]


class _Quoted(msgspec.Struct, frozen=True, gc=False):
    usd: Amount | None
    last_updated_at: Annotated[int, Meta(ge=0, lt=9_000_000_000)] | None
    usd_market_cap: Amount | None = None
    usd_24h_vol: Amount | None = None
    usd_24h_change: Finite | None = None


class _Changes(msgspec.Struct, frozen=True, gc=False):
    usd: Finite | None = None


class _Numbers(msgspec.Struct, frozen=True, gc=False):
    price: Amount | str | None = None
    price_change_percentage_24h: _Changes | None = None


class _Coin(msgspec.Struct, frozen=True, gc=False):
    id: Name
    symbol: str
    market_cap_rank: Annotated[int, Meta(ge=0, lt=1 << 62)] | None = None
    data: _Numbers | None = None


class _Place(msgspec.Struct, frozen=True, gc=False):
    item: _Coin


class _Searched(msgspec.Struct, frozen=True, gc=False):
    coins: list[_Place]


_PRICES: Final = msgspec.json.Decoder(dict[Name, msgspec.Raw])
_QUOTED: Final = msgspec.json.Decoder(_Quoted)
_SEARCHED: Final = msgspec.json.Decoder(_Searched)
_NOTHING: Final = b"{}"


def decode(payloads: Sequence[bytes], received_ns: NDArray[np.int64], positions: NDArray[np.int64]) -> Decoded:
    """Decode price answers in tape order: one batch per asset."""
    prices: dict[str, list[Price]] = {}
    rejects: list[Refusal] = []
    ignored = 0
    for index, (payload, arrived_ns) in enumerate(zip(payloads, received_ns.tolist(), strict=True)):
        try:
            found = _prices(payload, arrived_ns)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            rejects.append(Refusal(index, int(positions[index]), str(error)))
            continue
        ignored += not found
        for price in found:
            prices.setdefault(price.asset, []).append(price)
    batches = [Batch(Kind.PRICE, asset, to_columns(Price, rows)) for asset, rows in sorted(prices.items())]
    return Decoded(batches=batches, books=[], rejects=rejects, notices=[], ignored=ignored)


def decode_trending(payloads: Sequence[bytes], received_ns: NDArray[np.int64], positions: NDArray[np.int64]) -> Decoded:
    """Decode lists of what people search for, in tape order, into one batch; a list is dated by its receipt."""
    places: list[Trending] = []
    rejects: list[Refusal] = []
    ignored = 0
    for index, (payload, arrived_ns) in enumerate(zip(payloads, received_ns.tolist(), strict=True)):
        try:
            coins = _SEARCHED.decode(payload).coins
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            rejects.append(Refusal(index, int(positions[index]), str(error)))
            continue
        ignored += not coins
        places += [_place(coin.item, rank, arrived_ns) for rank, coin in enumerate(coins, start=1)]
    batches = [Batch(Kind.TRENDING, PRICES_FEED, to_columns(Trending, places))] if places else []
    return Decoded(batches=batches, books=[], rejects=rejects, notices=[], ignored=ignored)


def _prices(payload: bytes, arrived_ns: int) -> list[Price]:
    found: list[Price] = []
    for asset, raw in _PRICES.decode(payload).items():
        if bytes(raw) == _NOTHING:
            continue
        quoted = _QUOTED.decode(raw)
        if not quoted.usd or not quoted.last_updated_at:
            continue
        updated_ns = min(quoted.last_updated_at * NANOSECONDS_PER_SECOND, arrived_ns)  # their clock may be ahead of ours
        cap, volume = known(quoted.usd_market_cap), known(quoted.usd_24h_vol)
        found.append(Price(arrived_ns, updated_ns, asset, PRICES_FEED, quoted.usd, cap, volume, fraction(quoted.usd_24h_change)))
    return found


def _place(coin: _Coin, rank: int, arrived_ns: int) -> Trending:
    numbers = coin.data or _Numbers()
    changes = numbers.price_change_percentage_24h or _Changes()
    price = math.nan if isinstance(numbers.price, str) else known(numbers.price)  # older answers wrote it as text for the eye
    symbol, cap_rank = coin.symbol.upper(), coin.market_cap_rank or 0
    return Trending(arrived_ns, arrived_ns, PRICES_FEED, rank, coin.id, symbol, cap_rank, price, fraction(changes.usd))


def known(number: float | None) -> float:
    """Write a number that is not known as NaN.

    >>> known(None), known(1.5)
    (nan, 1.5)
    """
    return math.nan if number is None else number


def fraction(percent: float | None) -> float:
    """Turn percent into a fraction.

    >>> fraction(50.0)
    0.5
    """
    return known(percent) / PERCENT
