"""Which feeds a live run has follows from the settings alone; nothing connects before it starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from connectors.inputs.kafka_clock import TopicClock
from connectors.inputs.lines import LinesSettings
from connectors.inputs.news import NewsSettings
from connectors.inputs.symbols import TopSymbolSettings
from connectors.inputs.telegram_settings import TelegramSettings
from connectors.outputs.exchange import Exchange, ExchangeSettings
from flows.feeds import channels_of, kinds_of, live_feeds, topic_feeds, with_top_symbols
from flows.settings import Asset, BinanceInput, InputSettings, Kafka, Market, Settings, Shaping
from scoring.errors import SettingError
from tests.flows.sessions import BUNDLED


def names(settings: Settings, folder: Path) -> list[str]:
    found = live_feeds(settings, settings.shaping, folder)
    for feed in found.feeds:
        feed.close()
    assert found.repair is None
    return [type(feed).__name__ for feed in found.feeds]


def test_by_default_the_exchange_is_listened_to_and_what_it_misses_is_fetched(tmp_path: Path) -> None:
    feeds = live_feeds(Settings(), Shaping(), tmp_path)
    assert [type(feed).__name__ for feed in feeds.feeds] == ["BinanceFeed", "RepairFeed"]
    assert feeds.repair is feeds.feeds[1]


def test_every_input_that_is_switched_on_is_a_feed(tmp_path: Path) -> None:
    inputs = InputSettings(
        binance=BinanceInput(enabled=False),
        lines=(LinesSettings(port=1),),
        telegram=TelegramSettings(groups=("calls",), api_id=1, api_hash="x", session=str(tmp_path / "a.session")),
        news=NewsSettings(enabled=True, feeds={"wire": "http://127.0.0.1:1/"}),
    )
    assert names(Settings(inputs=inputs), tmp_path) == ["LinesFeed", "TelegramFeed", "Poller"]


def test_a_run_that_listens_to_nobody_is_refused(tmp_path: Path) -> None:
    silent = Settings(inputs=InputSettings(binance=BinanceInput(enabled=False)))
    with pytest.raises(SettingError, match="at least one input switched on"):
        live_feeds(silent, Shaping(), tmp_path)


def test_the_trades_that_count_must_be_subscribed_to() -> None:
    aggregates = Shaping(market=Market(primary="aggTrade"))
    with pytest.raises(SettingError, match=r"inputs\.binance\.stream\.kinds.*'aggTrade' among them"):
        kinds_of(BinanceInput(), aggregates)
    binance = BinanceInput(stream=replace(BinanceInput().stream, kinds=("aggTrade",)))
    assert kinds_of(binance, aggregates) == ("aggTrade",)


def test_topics_bring_a_clock_of_their_own() -> None:
    feeds = topic_feeds(Kafka())
    assert isinstance(feeds.clock, TopicClock)
    assert [type(feed).__name__ for feed in feeds.feeds] == ["KafkaFeed"]


def test_channels_are_what_may_be_heard() -> None:
    inputs = InputSettings(
        telegram=TelegramSettings(groups=("@Calls", "t.me/calls")),
        news=NewsSettings(enabled=True, feeds={"wire": ""}),
        lines=(LinesSettings(port=1, feed="telegram"), LinesSettings(port=2)),
    )
    assert channels_of(Settings(inputs=inputs)) == ("calls", "news/wire", "telegram")
    assert channels_of(Settings()) == ()
    assert channels_of(Settings(kafka=Kafka(listen=True))) == ("live-social",)


def test_the_most_traded_symbols_become_assets_of_their_own() -> None:
    only = Shaping(assets={"bitcoin": Asset(("BTCUSDT",))})
    assert with_top_symbols(only, BinanceInput()) is only
    with Exchange(BUNDLED, ExchangeSettings(port=0, now=True)) as exchange:
        rest = replace(BinanceInput().rest, hosts=(f"http://127.0.0.1:{exchange.port}",))
        found = with_top_symbols(only, BinanceInput(top=TopSymbolSettings(count=2), rest=rest))
    assert len(found.symbols) in (2, 3)
    assert set(found.symbols) <= {"BTCUSDT", "ETHUSDT", "DOGEUSDT"}
    assert found.assets["bitcoin"] == only.assets["bitcoin"]
