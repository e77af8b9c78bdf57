"""Prices of an aggregator, and what people search for there: CoinGecko's `/simple/price` and `/search/trending`, as received.

Without a key the site serves everybody behind one address out of one allowance. The demo plan's 10,000 calls a month are what the
defaults fit: prices every five minutes are 8,928 calls in a long month, trending every hour 744.

Source: https://docs.coingecko.com/docs/errors-and-rate-limits
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, Literal

import msgspec

from connectors.inputs.answers import Question
from connectors.inputs.polling import Poller
from connectors.inputs.polls import Poll, PollingSettings
from connectors.wire.prices import PRICES_FEED, TRENDING_FEED
from scoring.duration import Duration

_PLANS: Final = {
    "demo": ("https://api.coingecko.com/api/v3", "x-cg-demo-api-key"),
    "pro": ("https://pro-api.coingecko.com/api/v3", "x-cg-pro-api-key"),
}
_PRICE_PARAMETERS: Final = {
    "vs_currencies": "usd",
    "include_market_cap": "true",
    "include_24hr_vol": "true",
    "include_24hr_change": "true",
    "include_last_updated_at": "true",
    "precision": "full",
}


class PricesSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What CoinGecko is asked."""

    enabled: bool = False
    """Nobody is asked unless this is set."""
    key: str = ""
    """Of an account there; empty to ask without one."""
    plan: Literal["demo", "pro"] = "demo"
    """Which address and which header go with the key."""
    address: str = ""
    """Where the site is; empty for the plan's own."""
    ids: dict[str, str] = {}
    """What the site calls our assets, by our name; an asset that is not here is asked for under its own."""
    ids_per_call: int = 250
    """More assets than this take several calls each time; the site allows 515."""
    interval: Duration = Duration.parse("5m")
    """Between prices. The site itself renews them each minute."""
    trending: bool = True
    """Ask also what people search for."""
    trending_interval: Duration = Duration.parse("1h")
    """Between those. The site itself renews them every ten minutes."""
    monthly_calls: int = 10_000
    """Calls in a calendar month (UTC), 0 for any number; the demo plan has 10,000. Failed calls count, there and here."""
    polling: PollingSettings = PollingSettings()


def poller(settings: PricesSettings, assets: Iterable[str], folder: Path) -> Poller:
    """Poll the prices of assets, by the names of the settings; `folder` keeps what must not be forgotten."""
    polls = [*price_polls(settings, assets), *([trending_poll(settings)] if settings.trending else [])]
    return Poller("coingecko", polls, folder / "coingecko.json", settings.polling, settings.monthly_calls)


def price_polls(settings: PricesSettings, assets: Iterable[str]) -> Iterator[Poll]:
    """Ask for the prices of all assets, in as few calls as the site allows."""
    ids = sorted({settings.ids.get(asset, asset) for asset in assets})
    for number, start in enumerate(range(0, len(ids), settings.ids_per_call), start=1):
        asked = _PRICE_PARAMETERS | {"ids": ",".join(ids[start : start + settings.ids_per_call])}
        name = "coingecko prices" if number == 1 else f"coingecko prices {number}"
        yield Poll(name, PRICES_FEED, _question(settings, "simple/price", asked), settings.interval)


def trending_poll(settings: PricesSettings) -> Poll:
    """Ask what people search for."""
    return Poll("coingecko trending", TRENDING_FEED, _question(settings, "search/trending", {}), settings.trending_interval)


def _question(settings: PricesSettings, path: str, parameters: dict[str, str]) -> Question:
    address, header = _PLANS[settings.plan]
    secrets = {header: settings.key} if settings.key else {}
    return Question(f"{(settings.address or address).rstrip('/')}/{path}", parameters, secrets)
