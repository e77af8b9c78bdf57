"""Decentralised finance, from DefiLlama: feeds `defillama_protocols` and `defillama_tvl`.

    [{"name": "Aave", "symbol": "AAVE", "category": "Lending", "tvl": 5.2e9, "change_1d": 2.1, "change_7d": -5.3}]
    {"chain": "Ethereum", "days": [{"date": 1609459200, "tvl": 1.5e10}]}

The first is a body of `/protocols` as received, or cut to fewer rows and fields, which reads the same. The second is ours, because
a body of `/v2/historicalChainTvl` does not say which chain it is of; `all` stands for the sum over chains. One frame holds many
rows: it gives them, or is one reject as a whole, or is ignored because it is empty.

Source: https://api-docs.defillama.com
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from connectors.wire.decoded import Decoded, Refusal
from connectors.wire.prices import Finite, Name, fraction
from scoring.records import NANOSECONDS_PER_SECOND, Batch, Kind, Protocol, Tvl, to_columns

PROTOCOLS_FEED: Final = "defillama_protocols"
"""Frames of this feed are lists of protocols."""
TVL_FEED: Final = "defillama_tvl"
"""Frames of this feed are days of one chain."""
SOURCE: Final = "defillama"
"""What protocols are keyed by."""
NO_TOKEN: Final = "-"
"""How a protocol without a token writes its symbol."""


class ListedProtocol(msgspec.Struct, frozen=True, gc=False):
    """A protocol as DefiLlama lists it: the fields that are used."""

    name: Name
    symbol: str | None = None
    category: str | None = None
    tvl: Finite | None = None
    """US dollars; at times null or negative, which is no figure."""
    change_1d: Finite | None = None
    """Percent."""
    change_7d: Finite | None = None
    """Percent."""


class Day(msgspec.Struct, frozen=True, gc=False):
    """What was locked on one day."""

    date: Annotated[int, Meta(ge=0, lt=9_000_000_000)]
    """Start of the day, Unix seconds."""
    tvl: Finite
    """US dollars."""


class ChainDays(msgspec.Struct, frozen=True, gc=False):
    """Days of one chain, as they are put on the tape."""

    chain: Name
    days: list[Day]


_PROTOCOLS: Final = msgspec.json.Decoder(list[ListedProtocol])
_CHAIN_DAYS: Final = msgspec.json.Decoder(ChainDays)


def decode_protocols(payloads: Sequence[bytes], received_ns: NDArray[np.int64], positions: NDArray[np.int64]) -> Decoded:
    """Decode lists of protocols, in tape order, into one batch; a list is dated by its receipt."""
    protocols: list[Protocol] = []
    rejects: list[Refusal] = []
    ignored = 0
    for index, (payload, arrived_ns) in enumerate(zip(payloads, received_ns.tolist(), strict=True)):
        try:
            listed = _PROTOCOLS.decode(payload)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            rejects.append(Refusal(index, int(positions[index]), str(error)))
            continue
        found = [_protocol(one, one.tvl, arrived_ns) for one in listed if one.tvl and one.tvl > 0]
        ignored += not found
        protocols += found
    batches = [Batch(Kind.PROTOCOL, SOURCE, to_columns(Protocol, protocols))] if protocols else []
    return Decoded(batches=batches, books=[], rejects=rejects, notices=[], ignored=ignored)


def decode_tvl(payloads: Sequence[bytes], received_ns: NDArray[np.int64], positions: NDArray[np.int64]) -> Decoded:
    """Decode days of chains in tape order: one batch per chain, the days of a frame in their own order."""
    days: dict[str, list[Tvl]] = {}
    rejects: list[Refusal] = []
    ignored = 0
    for index, (payload, arrived_ns) in enumerate(zip(payloads, received_ns.tolist(), strict=True)):
        try:
            found = _CHAIN_DAYS.decode(payload)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            rejects.append(Refusal(index, int(positions[index]), str(error)))
            continue
        ignored += not found.days
        for day in sorted(found.days, key=lambda day: day.date):
            event_ns = min(day.date * NANOSECONDS_PER_SECOND, arrived_ns)
            days.setdefault(found.chain, []).append(Tvl(arrived_ns, event_ns, found.chain, day.tvl))
    batches = [Batch(Kind.TVL, chain, to_columns(Tvl, rows)) for chain, rows in sorted(days.items())]
    return Decoded(batches=batches, books=[], rejects=rejects, notices=[], ignored=ignored)


def _protocol(one: ListedProtocol, tvl: float, arrived_ns: int) -> Protocol:
    symbol = "" if one.symbol in (None, NO_TOKEN) else str(one.symbol)
    changes = fraction(one.change_1d), fraction(one.change_7d)
    return Protocol(arrived_ns, arrived_ns, one.name, symbol, one.category or "", tvl, *changes)
