"""What the starter model learns from: labelled texts, each with the side of the split it is on.

Three public collections, all MIT: finance headlines and tweets (TFNS), stock tweets (Surge), and general tweets rated by
people (VADER), with VADER's word list as one-word texts, and a page of phrases of our own for what crypto channels say and the
others do not. The side a text is on is a hash of its words alone, so copies of a text (the same headline with another link)
are never on both sides, and adding a collection moves no text.
"""

from __future__ import annotations

import csv
import hashlib
import html
import re
from collections.abc import Iterable, Iterator
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Final

import msgspec


class Label(IntEnum):
    """In the order of the model's outputs."""

    POSITIVE = 0
    NEGATIVE = 1
    NEUTRAL = 2


class Side(StrEnum):
    """What a text is for."""

    TRAIN = "train"
    VALIDATION = "validation"
    """Settings were chosen on it."""
    TEST = "test"
    """The figures of the model card are about it; it is never learned from."""


class Example(msgspec.Struct, frozen=True):
    """One text with the label that people gave it."""

    text: str
    label: Label
    source: str
    """`tfns`, `surge`, `vader`, `word` or `phrase`."""
    side: Side


VALIDATION_SHARE: Final = 0.10
TEST_SHARE: Final = 0.15
CLEAR_RATING: Final = 1.0
"""A tweet or word rated this far from 0 (of 4) has a mood; one in between is left out."""
NEUTRAL_RATING: Final = 0.3
"""A tweet rated closer to 0 than this has none."""
_TFNS: Final = (Label.NEGATIVE, Label.POSITIVE, Label.NEUTRAL)
_SURGE: Final = {"Positive": Label.POSITIVE, "Negative": Label.NEGATIVE}
_PHRASES: Final = {label.name.lower(): label for label in Label}


def side_of(text: str) -> Side:
    """Choose the side of a text by a hash of its words: links, marks and case do not count.

    >>> side_of("Stocks rally! https://t.co/a") == side_of("stocks RALLY https://t.co/b")
    True
    """
    words = " ".join(re.findall(r"\w+", re.sub(r"https?://\S+", " ", text).lower()))
    share = int.from_bytes(hashlib.blake2b(words.encode(), digest_size=8).digest(), "big") / 2**64
    if share < TEST_SHARE:
        return Side.TEST
    return Side.VALIDATION if share < TEST_SHARE + VALIDATION_SHARE else Side.TRAIN


def read_examples(folder: Path, phrases: Path) -> list[Example]:
    """Read every collection, in a fixed order, without the copies of a text."""
    seen: set[str] = set()
    examples = []
    for example in (*read_tfns(folder), *read_surge(folder), *read_vader(folder), *read_words(folder), *read_phrases(phrases)):
        if example.text not in seen:
            seen.add(example.text)
            examples.append(example)
    return examples


def read_tfns(folder: Path) -> Iterator[Example]:
    """Read the finance tweets: 0 bearish, 1 bullish, 2 neutral."""
    for row in _rows(folder / "tfns_sent_train.csv"):
        yield _example(row["text"], _TFNS[int(row["label"])], "tfns")


def read_surge(folder: Path) -> Iterator[Example]:
    """Read the stock tweets: Positive or Negative."""
    for row in _rows(folder / "surge_stock_tweets_sentiment.csv"):
        yield _example(row["Tweet Text"], _SURGE[row["Sentiment"]], "surge")


def read_vader(folder: Path) -> Iterator[Example]:
    """Read the tweets that people rated from −4 to 4, where the rating is clear."""
    for line in (folder / "vader_tweets_GroundTruth.txt").read_text("utf-8").splitlines():
        _, rating, text = line.split("\t", 2)
        label = label_of(float(rating))
        if label is not None:
            yield _example(html.unescape(text), label, "vader")


def read_words(folder: Path) -> Iterator[Example]:
    """Read the words with a clear mood, as texts of one word to learn from."""
    for word, valence in read_lexicon(folder).items():
        label = label_of(valence)
        if label is not None:
            yield Example(word, label, "word", Side.TRAIN)


def read_phrases(file: Path) -> Iterator[Example]:
    """Read `mood <tab> phrase` lines, to learn from."""
    for line in file.read_text("utf-8").splitlines():
        mood, _, phrase = line.partition("\t")
        if phrase:
            yield Example(phrase, _PHRASES[mood], "phrase", Side.TRAIN)


def read_lexicon(folder: Path) -> dict[str, float]:
    """Read VADER's words, each with its mean rating, −4 to 4."""
    rows = (line.split("\t") for line in (folder / "vader_lexicon.txt").read_text("utf-8").splitlines())
    return {row[0]: float(row[1]) for row in rows if len(row) > 1}


def label_of(rating: float) -> Label | None:
    """Turn a rating into a mood; None where it is between clear and neutral."""
    if abs(rating) <= NEUTRAL_RATING:
        return Label.NEUTRAL
    if abs(rating) < CLEAR_RATING:
        return None
    return Label.POSITIVE if rating > 0 else Label.NEGATIVE


def chosen(examples: Iterable[Example], side: Side, *sources: str) -> list[Example]:
    """Give the examples of one side, of some sources or of all."""
    return [example for example in examples if example.side == side and (not sources or example.source in sources)]


def _rows(file: Path) -> Iterator[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def _example(text: str, label: Label, source: str) -> Example:
    return Example(text, label, source, side_of(text))
