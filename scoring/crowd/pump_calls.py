"""What kind of post it is: part of an organised pump, a trading call, or neither.

A few rules over the normal form of the text (`identity`), each a sign with a name, so that what was decided can be read and
argued with. Signs are counted for each side; the order in which they are weighed is `kind_of`. The rules were written from real
English-language broadcast channels of 2019 and 2020 and know no other language. `python -m tests.bench.crowd_detection` says how
well they do on posts they were not written from.
"""

from __future__ import annotations

import enum
import re
from typing import Final

from scoring.crowd.identity import normalise

MOST_CHARACTERS: Final = 4_096
"""How far a post is read: the longest message of Telegram."""


class PostKind(enum.StrEnum):
    """What a post is for."""

    IRRELEVANT = "irrelevant"
    PUMP = "pump"
    """Announces, counts down to, names the coin of, or sums up an organised pump."""
    CALL = "call"
    """Says what to buy or sell, at what price."""


class Sign(enum.StrEnum):
    """One thing that a post may hold."""

    COUNTDOWN = "countdown"
    """So many hours or minutes until the pump or the coin."""
    NEXT_POST = "next post"
    """The next post names the coin."""
    COIN_NAMED = "coin named"
    """The coin of a pump is this."""
    PUMP_EVENT = "pump event"
    """Speaks of a pump as something held: its results, guide, announcement."""
    BUY = "buy"
    """To buy or accumulate, with a price."""
    ENTRY = "entry"
    """Another way to name the price at which to enter."""
    TARGETS = "targets"
    """Where to take profit, with prices."""
    STOP = "stop"
    """Where to give up."""
    REPORT = "report"
    """Says how an earlier call went."""
    PROMOTION = "promotion"
    """Sells membership."""


_SIGNS: Final = {
    Sign.COUNTDOWN: re.compile(
        r"\b(?:until|till|before|to) (?:the |our )?(?:\w+ )?(?:pump|coin)\b"
        r"|\b\d+ ?(?:days?|hours?|hrs?|min|mins|minutes?|seconds?) (?:\w+ )?(?:left|until|to go|before|remaining)\b"
        r"|^(?:less than )?\d+ (?:minutes?|mins?|hours?)\b"
    ),
    Sign.NEXT_POST: re.compile(r"\bnext (?:post|message)\b(?: \w+){0,4} coin\b|\bcoin name\b(?: \w+){0,6} (?:here|tomorrow|today)\b"),
    Sign.COIN_NAMED: re.compile(
        r"\bcoin (?:name|to pump|to buy|of)\b|^(?:the )?coin (?:is )?\w+|\bthe coin is\b|\b(?:buy ){3}|\bcoin was\b|\bbuy coin\b"
    ),
    Sign.PUMP_EVENT: re.compile(
        r"\bpump (?:results?|analysis|announcement|signal|guide|alert|coin|starts?|starting|begins?)\b"
        r"|\b(?:re ?pump|todays? s? ?pump|today s pump)\b"
        r"|\b(?:heavy|huge|next|our|this|the|massive) (?:solo )?pump\b|\b(?:pre ?pumps?|pumpers|ffa)\b"
    ),
    Sign.BUY: re.compile(
        r"\b(?:buy|rebuy|buying|buyzone|accumulate|accumulating|bought)\b(?: [a-z]\w*){0,4} \d"
        r"|\b(?:buy|accumulate)\b.{0,60}\b(?:rate|price|between|around|below|under) \d"
    ),
    Sign.ENTRY: re.compile(
        r"\b(?:entry|enter|range|zone|area|rate|price|at|below|under|around|between|long|short|sell)\b(?: [a-z]\w*){0,3} \d"
        r"|\b\d+ (?:and|or) below\b"
    ),
    Sign.TARGETS: re.compile(r"\b(?:target|targets|tp|tp1|t1|sell|selling|sel|close|tgt|goal)\b(?: [a-z]+){0,3} \d+"),
    Sign.STOP: re.compile(r"\b(?:stop|stoploss|sl|s l)\b"),
    Sign.REPORT: re.compile(
        r"\b(?:done|reached|achieved|archived|hits|hitted|completed|gained|given|results?|chased|touched|made|booked|went)\b"
        r"|(?<!easily )\bhit\b"
    ),
    Sign.PROMOTION: re.compile(r"\b(?:vip|premium|join|joining|membership|contact|discount|subscribe|paid)\b"),
}


def signs_of(text: str) -> frozenset[Sign]:
    """Give the signs that `text` holds."""
    words = normalise(text[:MOST_CHARACTERS])
    return frozenset(sign for sign, form in _SIGNS.items() if form.search(words))


def kind_of(text: str) -> PostKind:
    """Judge one post.

    >>> kind_of("⏰ 5 minutes until the pump"), kind_of("Buy #XYZ 120-125, sell 140-150, stop loss 110"), kind_of("target 2 done ✅")
    (<PostKind.PUMP: 'pump'>, <PostKind.CALL: 'call'>, <PostKind.IRRELEVANT: 'irrelevant'>)
    """
    return judge(signs_of(text))


def judge(signs: frozenset[Sign]) -> PostKind:
    """Weigh the signs."""
    if signs & {Sign.PUMP_EVENT, Sign.NEXT_POST, Sign.COUNTDOWN}:
        return PostKind.PUMP
    if Sign.COIN_NAMED in signs and not signs & {Sign.BUY, Sign.ENTRY}:
        return PostKind.PUMP
    if Sign.REPORT in signs and not signs >= {Sign.BUY, Sign.TARGETS}:
        return PostKind.IRRELEVANT
    if Sign.BUY in signs and Sign.PROMOTION not in signs:
        return PostKind.CALL
    if len(signs & {Sign.BUY, Sign.ENTRY, Sign.TARGETS, Sign.STOP}) >= 2:
        return PostKind.CALL
    return PostKind.IRRELEVANT
