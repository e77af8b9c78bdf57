"""Which feeds a live run has: each input of the settings that is switched on, put together with what it needs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from connectors.inputs import coingecko, defillama, fear_greed, news
from connectors.inputs.binance import BinanceFeed, streams_of
from connectors.inputs.binance_rest import BinanceRest
from connectors.inputs.kafka import KafkaFeed
from connectors.inputs.kafka_clock import TopicClock
from connectors.inputs.lines import LinesFeed
from connectors.inputs.live import LiveFeed
from connectors.inputs.repair import RepairFeed
from connectors.inputs.served_clock import ServedClock
from connectors.inputs.symbols import top_symbols
from connectors.inputs.telegram import TelegramFeed
from connectors.inputs.telegram_settings import channel_name
from connectors.wire.news import CHANNEL_PREFIX, NEWS_FEED
from connectors.wire.telegram import TELEGRAM_FEED
from flows.settings import Asset, BinanceInput, Kafka, Settings, Shaping
from scoring.errors import SettingError

LIVE_PARTITION: Final = "live"
"""The one partition of a live tape: one recorder, one order."""
POLLS: Final = "polls"
"""Folder beside the tape of what pollers must not forget: what they know is on it, when they last asked, how often this month."""

DIFFS: Final = frozenset({"depth", "depth@100ms"})
"""Streams of a book that need a snapshot to begin with; partial depth is a whole top of book by itself."""


class Feeds(msgspec.Struct, frozen=True):
    """What a live run listens to."""

    feeds: Sequence[LiveFeed]
    repair: RepairFeed | None
    """Fetches what was missed; None where nothing can be asked."""
    clock: Callable[[], int]
    """Wall time in ns UTC, the time of a served session, or that of topics."""


def topic_feeds(kafka: Kafka) -> Feeds:
    """Build the feed of topics, which has a clock of its own: a backlog is not late."""
    clock = TopicClock()
    return Feeds([KafkaFeed(kafka, kafka.input, clock)], None, clock)


def live_feeds(settings: Settings, shaping: Shaping, folder: Path) -> Feeds:
    """Build the feeds; nothing connects yet. `folder` is the data folder.

    Raises:
        SettingError: an input cannot work as it is set, or none is switched on.
        ResourceError: the clock of a served session was to be followed, and nothing answers.
    """
    inputs = settings.inputs
    served = ServedClock(inputs.follow_clock) if inputs.follow_clock else None
    feeds: list[LiveFeed] = [LinesFeed(lines) for lines in inputs.lines]
    repair = None
    if inputs.binance.enabled:
        rest = BinanceRest(inputs.binance.rest)
        kinds = kinds_of(inputs.binance, shaping)
        repair = RepairFeed(rest, inputs.binance.repair, shaping.market.primary, not DIFFS.isdisjoint(kinds))
        on_connected = partial(_look, repair, served)
        feeds += [BinanceFeed(inputs.binance.stream, streams_of(shaping.symbols, kinds), on_connected, LIVE_PARTITION), repair]
    if inputs.telegram.groups:
        feeds.append(TelegramFeed(inputs.telegram, folder / "tape" / "frames" / LIVE_PARTITION))
    polls = folder / "tape" / POLLS
    if inputs.prices.enabled:
        feeds.append(coingecko.poller(inputs.prices, shaping.assets, polls))
    if inputs.defi.enabled:
        feeds.append(defillama.poller(inputs.defi, polls))
    if inputs.fear_greed.enabled:
        feeds.append(fear_greed.poller(inputs.fear_greed, polls))
    if inputs.news.enabled:
        feeds.append(news.poller(inputs.news, polls))
    if not feeds:
        raise SettingError("settings", "inputs", "", "at least one input switched on, such as inputs.binance.enabled = true")
    return Feeds(feeds, repair, served or time.time_ns)


def _look(repair: RepairFeed, clock: ServedClock | None, symbols: Sequence[str]) -> None:
    """Look what was missed, and where a served session is that may have begun just now."""
    if clock is not None:
        clock.set_again()
    repair.probe(symbols)


def channels_of(settings: Settings) -> tuple[str, ...]:
    """Name the channels that may be heard, as far as the settings know; none where nobody is listened to."""
    if settings.kafka.listen:
        return (settings.kafka.topics.social,)
    inputs = settings.inputs
    groups = [channel_name(group) for group in inputs.telegram.groups]
    headlines = [f"{CHANNEL_PREFIX}{source}" for source in inputs.news.feeds] if inputs.news.enabled else []
    lines = [lines.feed for lines in inputs.lines if lines.feed in (TELEGRAM_FEED, NEWS_FEED)]
    return tuple(dict.fromkeys((*groups, *headlines, *lines)))


def kinds_of(binance: BinanceInput, shaping: Shaping) -> tuple[str, ...]:
    """Give the streams of each symbol.

    Raises:
        SettingError: the trade stream that counts is not among them.
    """
    kinds = binance.stream.kinds
    if shaping.market.primary not in kinds:
        key = "inputs.binance.stream.kinds"
        raise SettingError("settings", key, list(kinds), f"{shaping.market.primary!r} among them: it is market.primary")
    return kinds


def with_top_symbols(shaping: Shaping, binance: BinanceInput) -> Shaping:
    """Give settings that also know the most traded symbols, where they are asked for; each new one is an asset of its own.

    Raises:
        ResourceError: the exchange cannot be asked, or has none.
    """
    if not (binance.enabled and binance.top.count):
        return shaping
    rest = BinanceRest(binance.rest)
    try:
        found = top_symbols(rest, binance.top)
    finally:
        rest.close()
    known = set(shaping.symbols)
    return replace(shaping, assets={**shaping.assets, **{symbol.lower(): Asset((symbol,)) for symbol in found if symbol not in known}})
