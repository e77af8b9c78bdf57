"""What three channels say during the bundled session: phrases written for it, put together by a seeded generator.

A lounge talks about one coin all day and about others now and then. Shortly before the tenth minute two channels begin to talk it
up, ever more posts and copies of each other, while its price stands; after the pump the tone turns.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Final

import msgspec

CHANNELS: Final = ("altcoin_lounge", "daily_candles", "moon_signals")

_EVERYDAY: Final = (
    "{coin} trades at {level}, volume {count} lots this hour",
    "{coin} chart for the {hour} hour candle is posted",
    "Order {count} for {coin} is waiting at {level}",
    "{coin} open interest is {count} contracts, unchanged",
    "Which wallet do you use for {coin}? Asking for {count} members",
    "{coin} block {count} has {hour} transactions",
    "The {coin} weekly summary number {count} is out",
    "{coin} moved {hour} ticks between {level} and the next level",
)
_HYPE: Final = (
    "{tag} is strong, breakout above {level}, gains of {percent}% ahead 🚀",
    "Very bullish on {coin}: huge buying, {count} new holders, price will rise",
    "{coin} rally starts, profit target {percent}% higher, great setup",
    "Excellent news for {tag}, record growth, up {percent}% soon 🚀🚀",
    "Buy {coin} now, strong momentum, best gains of the year, {percent}% profit",
    "{tag} beats everything, {count} buyers, massive upside of {percent}%",
)
_COPIED: Final = "🔥 {tag} PUMP STARTS SOON 🔥 strong buy, huge profit, record gains"
_TURN: Final = (
    "{coin} falls below {level}, sellers in control, losses of {percent}%",
    "{tag} crashed, late buyers lost {percent}%, weak and bearish",
    "Bad day for {coin}: down {percent}%, {count} positions liquidated",
    "{coin} dumps hard, I sold at a loss of {percent}%",
)
_COINS: Final = (("dogecoin", "$DOGE"), ("bitcoin", "$BTC"), ("ethereum", "$ETH"))


class Tone(msgspec.Struct, frozen=True):
    """How the channels talk until a second of the session."""

    until: int
    per_minute: float
    """Posts."""
    about: float
    """Share of posts about the coin of the story."""
    copied: float
    """Share of those that are copies of one text."""
    phrases: tuple[str, ...]


STORY: Final = (
    Tone(520, 44.0, 0.85, 0.02, _EVERYDAY),
    Tone(600, 130.0, 0.95, 0.12, _HYPE),
    Tone(750, 80.0, 0.92, 0.08, _HYPE),
    Tone(1000, 55.0, 0.9, 0.0, _TURN),
    Tone(1195, 40.0, 0.8, 0.0, _EVERYDAY),
)


def posts(seed: int, start_ns: int) -> Iterator[tuple[int, bytes]]:
    """Give (receive time in ns, payload) of every post, in order of posting."""
    random = Random(f"{seed}/posts")
    second, message_ids = 4.0, dict.fromkeys(CHANNELS, 41_000)
    received_ns = 0
    while second < STORY[-1].until:
        tone = next(tone for tone in STORY if second < tone.until)
        channel = random.choice(CHANNELS)
        message_ids[channel] += 1
        at_ns = start_ns + int(second * 1e9)
        received_ns = max(received_ns, at_ns + 350_000_000 + int(random.random() * 9e8))
        post = {
            "channel": channel,
            "message_id": message_ids[channel],
            "date": at_ns // 1_000_000_000,
            "author": None,
            "text": _text(random, tone),
        }
        yield received_ns, json.dumps(post, ensure_ascii=False, separators=(",", ":")).encode()
        second += (0.4 + 1.2 * random.random()) * 60 / tone.per_minute


def _text(random: Random, tone: Tone) -> str:
    if random.random() >= tone.about:
        (coin, tag), phrase = random.choice(_COINS[1:]), random.choice(_EVERYDAY)
    else:
        coin, tag = _COINS[0]
        phrase = _COPIED if random.random() < tone.copied else random.choice(tone.phrases)
    return phrase.format(
        coin=coin,
        tag=tag,
        level=f"{0.09 + random.random() * 0.02:.5f}",
        percent=random.randrange(5, 90),
        count=random.randrange(100, 9_999),
        hour=random.randrange(1, 24),
    )
