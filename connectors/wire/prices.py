"""Prices of an aggregator: the answer of CoinGecko's `/simple/price`, feed `coingecko`.

    {"bitcoin": {"usd": 67187.33, "last_updated_at": 1711356300}, "dogecoin": {…}}

One body holds many assets, so the law that counts frames counts differently here: a body gives a row per asset, or is one
reject as a whole. An empty answer is ignored.

Source: https://docs.coingecko.com/reference/simple-price
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from connectors.wire.decoded import Decoded, Refusal
from scoring.records import NANOSECONDS_PER_SECOND, Batch, Kind, Price, to_columns

PRICES_FEED: Final = "coingecko"
"""Frames of this feed are price answers."""


class _Quoted(msgspec.Struct, frozen=True, gc=False):
    usd: Annotated[float, Meta(gt=0, le=sys.float_info.max)]
    last_updated_at: Annotated[int, Meta(ge=0, lt=9_000_000_000)]


_DECODER: Final = msgspec.json.Decoder(dict[Annotated[str, Meta(min_length=1)], _Quoted])


def decode(payloads: Sequence[bytes], received_ns: NDArray[np.int64], positions: NDArray[np.int64]) -> Decoded:
    """Decode answers in tape order: one batch per asset."""
    prices: dict[str, list[Price]] = {}
    rejects: list[Refusal] = []
    ignored = 0
    for index, (payload, arrived_ns) in enumerate(zip(payloads, received_ns.tolist(), strict=True)):
        try:
            quoted = _DECODER.decode(payload)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            rejects.append(Refusal(index, int(positions[index]), str(error)))
            continue
        ignored += not quoted
        for asset, found in quoted.items():
            updated_ns = found.last_updated_at * NANOSECONDS_PER_SECOND
            prices.setdefault(asset, []).append(Price(arrived_ns, updated_ns, asset, PRICES_FEED, found.usd, math.nan, math.nan, math.nan))
    batches = [Batch(Kind.PRICE, asset, to_columns(Price, rows)) for asset, rows in sorted(prices.items())]
    return Decoded(batches=batches, books=[], rejects=rejects, notices=[], ignored=ignored)
