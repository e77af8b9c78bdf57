"""When two texts are the same: what is left of them once nothing but the wording counts.

A crowd that is paid copies: the same call appears in twenty channels with another emoji, another link, other capitals or a
letter from another script. Such copies have one id, so that they are judged once and count once. Digits and the sign in front
of them stay, because a price or a percentage makes another message; everything that is not wording goes.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import Final

from scoring.crowd.folding import Characters, caseless

ID_BYTES: Final = 8
"""Length of an id before it is written in hexadecimal: chance makes two texts equal once in some 4 billion different ones."""
MINUS: Final = "\u2212"
"""Stands for a sign in front of a number, and is the only character that is neither wording nor a blank in a normal text."""

LINK: Final = re.compile(r"https?://\S*+|(?<![\w.-])(?:www\.\S*+|(?:[\w-]++\.)++[a-z]{2,24}/\S*+)", re.IGNORECASE)
"""An address, with or without a scheme. Nothing in it is tried twice, so a hostile text costs no more than another."""
_SIGN: Final = re.compile(rf"(?<!\w)[-{MINUS}](?=[$€£]?\d)")


def normalise(text: str) -> str:
    """Give the wording of `text`: no case, links, emoji, punctuation or look-alikes; words with one blank between them.

    >>> normalise("🚀🚀 BUY  $DОGE now!!! -5% 👉 https://t.me/x")
    'buy doge now −5'
    """
    words = without_links(caseless(text))
    if "-" in words or MINUS in words:
        words = _SIGN.sub(MINUS, words)
    return " ".join(words.translate(_WORDING).split())


def without_links(text: str) -> str:
    """Give `text` with a blank in place of each address."""
    return LINK.sub(" ", text) if "/" in text or "www." in text.lower() else text


def text_id(text: str) -> str:
    """Give 16 hexadecimal digits that copies of `text` share; a text without any wording is only like itself.

    >>> text_id("Buy DOGE now") == text_id("BUY 🚀 doge, now!")
    True
    """
    return hashlib.blake2b((normalise(text) or text).encode("utf-8", "surrogatepass"), digest_size=ID_BYTES).hexdigest()


def _worded(character: str) -> str:
    kept = character.isalnum() or character == MINUS or unicodedata.category(character)[0] == "M"
    return character if kept else " "


_WORDING: Final = Characters(_worded)
