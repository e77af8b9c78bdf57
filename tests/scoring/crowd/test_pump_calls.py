"""Posts of the kinds that broadcast channels send, made up for these tables."""

import csv
import doctest
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.crowd import pump_calls
from scoring.crowd.pump_calls import PostKind, Sign, judge, kind_of, signs_of


@pytest.mark.parametrize(
    "text",
    [
        "⏰ 4 Hours Until the Pump! ⏰",
        "ℹ️ 10 minutes ℹ️ be ready",
        "Less than 2 hours left",
        "3 HOURS UNTIL THE COIN TO BUY IS RELEASED",
        "THE NEXT POST WILL BE THE COIN NAME",
        "The coin to pump is: 💎 XYZ 💎",
        "👉 COIN: XYZ 👈 BUY BUY BUY",
        "Pump results: coin was XYZ, open 100, high 300",
        "Huge pump today, read the pump guide",
        "🔥 $XYZ PUMP STARTS SOON 🔥",
        "ρυмρ results: сoin was XYZ",
    ],
)
def test_pumps_are_announced_counted_down_named_and_summed_up(text: str) -> None:
    assert kind_of(text) == PostKind.PUMP


@pytest.mark.parametrize(
    "text",
    [
        "Buy #XYZ 120-125\nSell 140 150 160\nStop loss 110",
        "#XYZ accumulate between 0.00000120-0.00000130, targets 0.00000150",
        "XYZ LONG range 1132 - 1142 close 1148 stop loss 1110",
        "📈SELL XYZABC 0.58\nTP 0.57\nSL 0.60",
        "Buy xyz around 2750 and hold",
        "#XYZ buy below 120, selling targets 140, easily hit, stop 100. All earlier targets reached",
    ],
)
def test_calls_say_what_to_trade_at_what_price(text: str) -> None:
    assert kind_of(text) == PostKind.CALL


@pytest.mark.parametrize(
    "text",
    [
        "",
        "🚀🚀🚀",
        "#XYZ target 2 done ✅ 30% profit",
        "XYZ hit 3380, our second target at 3300 was given yesterday",
        "Join our VIP, discount until Friday, buy membership for 100 dollars",
        "Some exchange lists a new coin next month",
        "https://example.com/pump-results",
    ],
)
def test_reports_promotion_and_news_are_neither(text: str) -> None:
    assert kind_of(text) == PostKind.IRRELEVANT


@pytest.mark.parametrize(
    ("signs", "kind"),
    [
        ({Sign.COUNTDOWN, Sign.BUY, Sign.TARGETS}, PostKind.PUMP),
        ({Sign.COIN_NAMED}, PostKind.PUMP),
        ({Sign.COIN_NAMED, Sign.BUY}, PostKind.CALL),
        ({Sign.ENTRY, Sign.STOP}, PostKind.CALL),
        ({Sign.ENTRY}, PostKind.IRRELEVANT),
        ({Sign.BUY, Sign.PROMOTION}, PostKind.IRRELEVANT),
        ({Sign.BUY, Sign.REPORT}, PostKind.IRRELEVANT),
        ({Sign.BUY, Sign.TARGETS, Sign.REPORT}, PostKind.CALL),
        (set(), PostKind.IRRELEVANT),
    ],
)
def test_signs_are_weighed_in_order(signs: set[Sign], kind: PostKind) -> None:
    assert judge(frozenset(signs)) == kind


def test_what_was_seen_can_be_told() -> None:
    assert signs_of("Buy #XYZ 120, stop 110, join the vip") == {Sign.BUY, Sign.STOP, Sign.PROMOTION}


@given(st.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_text_is_of_one_kind(text: str) -> None:
    assert kind_of(text) in PostKind


@pytest.mark.parametrize("piece", ["buy ", "next post ", "coin name a ", "1 ", "sell a ", "a"])
def test_a_hostile_text_takes_no_longer_than_another(piece: str) -> None:
    started = time.process_time()
    kind_of(piece * 200_000)
    assert time.process_time() - started < 1


def test_nine_of_ten_real_posts_are_judged_as_people_judged_them(shared_data: Callable[[str], Path]) -> None:
    labels = dict(zip("012", (PostKind.IRRELEVANT, PostKind.PUMP, PostKind.CALL), strict=True))
    with shared_data("telegram/labelled_messages_before_2021.csv").open() as file:
        posts = [(row["text"], labels[row["label"]]) for row in csv.DictReader(file) if row["label"] in labels]
    assert len(posts) == 2_341
    assert sum(kind_of(text) == kind for text, kind in posts) > 0.9 * len(posts)


def test_the_examples_hold() -> None:
    assert doctest.testmod(pump_calls).failed == 0
