"""What three channels say during the bundled session: phrases written for it, put together by a seeded generator.

Most of it is everyday market talk. From the sixth minute two channels talk one coin up, ever faster and with copies of each other's
posts, while its price stands; after the pump the tone turns.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Final

CHANNELS: Final = ("altcoin_lounge", "daily_candles", "moon_signals")

_EVERYDAY: Final = (
    "{coin} holds its range, volume is thin before the weekend",
    "Quiet morning for {coin}. Nothing to do but wait",
    "{coin} funding is flat, open interest unchanged",
    "Watching {coin} at this level, no position yet",
    "{coin} bounced from support again, buyers defend it",
    "{coin} slips a little, sellers in control on low volume",
    "Fees on {tag} are the lowest this month, good for users",
    "Another exchange outage today, check your {coin} stops",
)
_HYPE: Final = (
    "{tag} is about to explode, whales are loading up! 🚀🚀",
    "Huge {coin} announcement coming, strong buy right now",
    "Last chance to get {tag} cheap. Breakout is confirmed, target +40%",
    "{coin} to the moon 🚀 best setup of the year, do not miss it",
    "Massive accumulation on #{pair}, this will rally hard",
    "Everyone is bullish on {coin}, profits are coming",
    "I doubled my {tag} position, record gains ahead 💰",
)
_COPIED: Final = "🔥 {tag} PUMP STARTS SOON 🔥 buy before everyone else, massive profit"
_TURN: Final = (
    "{coin} is dumping, I am out with a small loss",
    "Told you the {coin} hype was empty, price crashed back",
    "Scam pump on {tag}, late buyers lost badly",
    "Taking profits on {coin}, momentum is gone",
    "{coin} sellers everywhere, weak close, avoid",
)
_COINS: Final = (("bitcoin", "$BTC", "BTCUSDT"), ("ethereum", "$ETH", "ETHUSDT"), ("dogecoin", "$DOGE", "DOGEUSDT"))
_PUMPED: Final = _COINS[2]


def posts(seed: int, start_ns: int) -> Iterator[tuple[int, bytes]]:
    """Give (receive time in ns, payload) of every post in order."""
    random = Random(f"{seed}/posts")
    second, message_ids = 4.0, dict.fromkeys(CHANNELS, 41_000)
    while second < 20 * 60 - 5:
        channel, text = _post(random, second)
        message_ids[channel] += 1
        at_ns = start_ns + int(second * 1e9)
        payload = {
            "channel": channel,
            "message_id": message_ids[channel],
            "date": at_ns // 1_000_000_000,
            "author": None,
            "text": text,
        }
        yield at_ns + 350_000_000 + int(random.random() * 9e8), json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
        second += 2.0 + random.random() * _pause(second)


def _pause(second: float) -> float:
    """Give the longest wait for the next post, in seconds: the crowd speeds up while it talks the coin up."""
    if 360 <= second < 600:
        return 9.0 - 8.0 * (second - 360) / 240
    return 2.0 if 600 <= second < 960 else 22.0


def _post(random: Random, second: float) -> tuple[str, str]:
    channel = random.choice(CHANNELS)
    coin, tag, pair = random.choice(_COINS)
    phrases: tuple[str, ...] = _EVERYDAY
    if 360 <= second < 750 and random.random() < 0.85:
        (coin, tag, pair), phrases = _PUMPED, _HYPE
        if random.random() < 0.25:
            phrases = (_COPIED,)
    elif 750 <= second < 1000 and random.random() < 0.8:
        (coin, tag, pair), phrases = _PUMPED, _TURN
    return channel, random.choice(phrases).format(coin=coin, tag=tag, pair=pair)
