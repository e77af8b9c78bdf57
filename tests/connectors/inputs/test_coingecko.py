"""Prices and what is searched for, from a site that answers as documented, through the tape to rows."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from connectors.inputs.coingecko import PricesSettings, poller, price_polls
from connectors.wire import prices
from scoring.duration import Duration
from tests.connectors.inputs.answering import Reply, frames, running, serving
from tests.waiting import wait_until

PRICE = b'{"bitcoin":{"usd":67187.33,"usd_market_cap":1.0,"usd_24h_vol":2.0,"usd_24h_change":50.0,"last_updated_at":1711356300}}'
TRENDING = b'{"coins":[{"item":{"id":"bonk","symbol":"BONK","market_cap_rank":103,"score":0,"data":{"price":2.5e-05}}}]}'
REPLIES = {"/simple/price": [Reply(PRICE)], "/search/trending": [Reply(TRENDING)]}
ONCE = np.array([1_780_000_000_000_000_000])


@pytest.mark.parametrize(("plan", "header"), [("demo", "x-cg-demo-api-key"), ("pro", "x-cg-pro-api-key")])
def test_prices_and_trending_go_on_the_tape_with_the_key_in_its_header(tmp_path: Path, plan: str, header: str) -> None:
    with serving(REPLIES) as site:
        settings = PricesSettings(
            key="secret", plan="pro" if plan == "pro" else "demo", address=site.address + "/", ids={"doge": "dogecoin"}
        )
        feed = poller(settings, ["doge", "bitcoin"], tmp_path)
        with running(feed, tmp_path / "frames" / "live") as recorder:
            assert frames(recorder, "coingecko", 1) == [PRICE]
            assert frames(recorder, "coingecko_trending", 1) == [TRENDING]
            assert [health.source for health in feed.health()] == ["coingecko prices", "coingecko trending"]
            assert "secret" not in repr(feed.health())
    asked = urlsplit(site.asked[0].path)
    assert {name: values[0] for name, values in parse_qs(asked.query).items()} == {
        "ids": "bitcoin,dogecoin",
        "vs_currencies": "usd",
        "include_market_cap": "true",
        "include_24hr_vol": "true",
        "include_24hr_change": "true",
        "include_last_updated_at": "true",
        "precision": "full",
    }
    assert {question.headers[header] for question in site.asked} == {"secret"}
    (batch,) = prices.decode([PRICE], ONCE, ONCE).batches
    assert batch["change_24h"].tolist() == [0.5]
    assert len(prices.decode_trending([TRENDING], ONCE, ONCE).batches[0]) == 1


def test_without_a_key_no_header_names_one(tmp_path: Path) -> None:
    with serving(REPLIES) as site:
        feed = poller(PricesSettings(address=site.address, trending=False), ["bitcoin"], tmp_path)
        with running(feed, tmp_path / "frames" / "live") as recorder:
            frames(recorder, "coingecko", 1)
    assert [asked.path.partition("?")[0] for asked in site.asked] == ["/simple/price"]
    assert not [name for name in site.asked[0].headers if name.startswith("x-cg")]


def test_many_assets_take_several_calls_and_those_of_one_id_are_asked_once() -> None:
    settings = PricesSettings(ids={"eth": "ethereum", "ether": "ethereum"}, ids_per_call=2)
    polls = list(price_polls(settings, ["eth", "ether", "a", "b", "c", "d"]))
    assert [(poll.name, poll.question.parameters["ids"]) for poll in polls] == [
        ("coingecko prices", "a,b"),
        ("coingecko prices 2", "c,d"),
        ("coingecko prices 3", "ethereum"),
    ]
    assert {poll.question.address for poll in polls} == {"https://api.coingecko.com/api/v3/simple/price"}
    assert list(price_polls(settings, [])) == []


def test_the_defaults_fit_a_month_of_the_demo_plan() -> None:
    settings, month = PricesSettings(), Duration.parse("31d")
    assert month / settings.interval + month / settings.trending_interval < settings.monthly_calls


def test_prices_and_trending_share_the_calls_of_a_month(tmp_path: Path) -> None:
    with serving(REPLIES) as site:
        soon = Duration.parse("20ms")
        settings = PricesSettings(address=site.address, interval=soon, trending_interval=soon, monthly_calls=3)
        feed = poller(settings, ["bitcoin"], tmp_path)
        with running(feed, tmp_path / "frames" / "live"):
            wait_until(lambda: all("used up" in health.last_error for health in feed.health()))
    assert len(site.asked) == 3
