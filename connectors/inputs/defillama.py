"""What is locked in decentralised finance: DefiLlama's `/protocols` and `/v2/historicalChainTvl`, cut to what is used.

The list of protocols is megabytes of thousands, so what goes on the tape is the same list with fewer rows and fields. The history
of a chain goes on the tape whole once, then only the days that are new, and the newest again when its figure has moved; each frame
names its chain, which the site's body does not.

Source: https://api-docs.defillama.com
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import quote

import msgspec

from connectors.inputs.answers import Question
from connectors.inputs.polling import Poller
from connectors.inputs.polls import Poll, PollingSettings, Read, Reading
from connectors.wire.defi import PROTOCOLS_FEED, TVL_FEED, ChainDays, Day, ListedProtocol
from scoring.duration import Duration

EVERY_CHAIN: Final = "all"
"""Stands for the sum over chains."""
_PROTOCOLS: Final = msgspec.json.Decoder(list[ListedProtocol])
_DAYS: Final = msgspec.json.Decoder(list[Day])
BodyT = TypeVar("BodyT")


class DefiSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What DefiLlama is asked."""

    enabled: bool = False
    """Nobody is asked unless this is set."""
    address: str = "https://api.llama.fi"
    """Where the site is."""
    protocols: int = 100
    """How many protocols are kept, those with the most value locked; 0 to ask for none."""
    without: tuple[str, ...] = ("CEX", "Chain")
    """Categories that are left out: exchanges and bridges of a chain's own hold money, but are no decentralised finance."""
    interval: Duration = Duration.parse("1h")
    """Between lists of protocols."""
    chains: tuple[str, ...] = (EVERY_CHAIN,)
    """Chains whose history is kept, as the site writes them, e.g. `Ethereum`; `all` is the sum over chains."""
    chains_interval: Duration = Duration.parse("6h")
    """Between histories; they have a figure a day."""
    polling: PollingSettings = PollingSettings()


def poller(settings: DefiSettings, folder: Path) -> Poller:
    """Poll protocols and chains; `folder` keeps what must not be forgotten."""
    return Poller("defillama", list(polls(settings)), folder / "defillama.json", settings.polling)


def polls(settings: DefiSettings) -> Iterator[Poll]:
    """Ask for the list of protocols and for each chain."""
    address = settings.address.rstrip("/")
    if settings.protocols:
        read = largest_protocols(settings.protocols, frozenset(settings.without))
        yield Poll("defillama protocols", PROTOCOLS_FEED, Question(f"{address}/protocols"), settings.interval, read)
    for chain in settings.chains:
        path = "v2/historicalChainTvl" + ("" if chain == EVERY_CHAIN else f"/{quote(chain, safe='')}")
        yield Poll(f"defillama {chain}", TVL_FEED, Question(f"{address}/{path}"), settings.chains_interval, new_days(chain))


def largest_protocols(count: int, without: frozenset[str]) -> Read:
    """Cut a list of protocols to the `count` with the most value locked, in that order."""

    def read(body: bytes, seen: Sequence[str]) -> Reading:
        listed = [one for one in _decode(_PROTOCOLS.decode, body) if one.tvl and one.tvl > 0 and one.category not in without]
        largest = sorted(listed, key=lambda one: (-(one.tvl or 0.0), one.name))[:count]
        return Reading((msgspec.json.encode(largest),) if largest else (), seen)

    return read


def new_days(chain: str) -> Read:
    """Cut the history of a chain to what is not on the tape yet."""

    def read(body: bytes, seen: Sequence[str]) -> Reading:
        days = sorted(_decode(_DAYS.decode, body), key=lambda day: day.date)
        last = msgspec.json.decode(seen[0], type=Day) if seen else None
        fresh = [day for day in days if last is None or day.date > last.date or (day.date == last.date and day.tvl != last.tvl)]
        if not fresh:
            return Reading((), seen)
        return Reading((msgspec.json.encode(ChainDays(chain, fresh)),), (msgspec.json.encode(fresh[-1]).decode(),))

    return read


def _decode(decode: Callable[[bytes], BodyT], body: bytes) -> BodyT:
    try:
        return decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(str(error)) from error
