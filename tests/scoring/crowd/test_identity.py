"""Decoration makes no other text, and wording does."""

import doctest
import hashlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.crowd import identity
from scoring.crowd.identity import MINUS, normalise, text_id, without_links

ORIGINAL = "Buy DOGE now, target 0.0025 at www.example.com"


@pytest.mark.parametrize(
    "copy",
    [
        "BUY DOGE NOW, TARGET 0.0025 AT WWW.EXAMPLE.COM",
        "🚀🚀 Buy DOGE now!!! target: 0.0025 at",
        "Buy\n\n DOGE\tnow   target 0.0025 at",
        "Buy D\u200bOGE now, target 0.0025 at https://t.me/joinchat/abc?x=1",
        "Buy DОGЕ now, target 0.0025 at bit.ly/2x",
        "*Buy* __DOGE__ now ➡️ target 0.0025 at",
        "Ｂｕｙ 𝐃𝐎𝐆𝐄 now, target 0.0025 at",
    ],
)
def test_a_copy_with_other_decoration_has_the_same_id(copy: str) -> None:
    assert text_id(copy) == text_id(ORIGINAL)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Buy DOGE now", "Buy DOGE later"),
        ("target 0.0025", "target 0.0026"),
        ("target 1.5", "target 15"),
        ("BTC +5%", "BTC -5%"),
        ("BTC −5%", "BTC 5%"),
        ("BTC -$5", "BTC $5"),
        ("🚀", "📉"),
        ("https://a.example/1", "https://a.example/2"),
        ("की", "कु"),
        ("买入", "卖出"),
        ("", " "),
    ],
)
def test_another_message_has_another_id(one: str, other: str) -> None:
    assert text_id(one) != text_id(other)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("see HTTPS://x.y/z now", "see   now"),
        ("see t.me/abc", "see  "),
        ("sub.domain-1.co.uk/path?q#f end", "  end"),
        ("Www.x.y", " "),
        ("BTC/USDT 0.5/0.6 and/or 1.a", "BTC/USDT 0.5/0.6 and/or 1.a"),
        ("no link", "no link"),
    ],
)
def test_links_are_told_from_pairs_and_fractions(text: str, left: str) -> None:
    assert without_links(text) == left


def test_an_id_is_sixteen_hexadecimal_digits_of_the_wording_alone() -> None:
    assert text_id("Buy DOGE now!") == hashlib.blake2b(b"buy doge now", digest_size=8).hexdigest()
    assert len(text_id(ORIGINAL)) == 16


def test_half_a_surrogate_pair_has_an_id() -> None:
    assert text_id("a \ud83d b") == text_id("a b")
    assert len(text_id("\ud83d")) == 16


@given(st.text())
@settings(max_examples=300, deadline=None)
def test_to_normalise_again_changes_nothing(text: str) -> None:
    normal = normalise(text)
    assert normalise(normal) == normal


@given(st.text())
@settings(max_examples=300, deadline=None)
def test_a_normal_text_is_words_with_one_blank_between_them(text: str) -> None:
    normal = normalise(text)
    assert normal == " ".join(normal.split())
    assert MINUS not in normal or any(map(str.isdigit, normal))


@given(st.lists(st.sampled_from(["buy", "doge", "5", "now"]), min_size=1), st.lists(st.sampled_from(["🚀", "!", "\u200b", " ", "\n", "…"])))
@settings(max_examples=100, deadline=None)
def test_decoration_between_and_around_words_changes_no_id(words: list[str], decoration: list[str]) -> None:
    between = f" {''.join(decoration)} "
    assert text_id(between.join(["", *words, ""])) == text_id(" ".join(words).upper())


@pytest.mark.parametrize(
    "piece", ["a", "a-", "a.", "a./", "https://", "www.", "-", "-5", "b\u0301\u0316", "\ufdfa", " ", "_", "й", "1.", "x.com/", "\U0001f680"]
)
def test_a_hostile_text_takes_no_longer_than_another(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    started = time.process_time()
    text_id(text)
    assert time.process_time() - started < 3


def test_the_examples_hold() -> None:
    assert doctest.testmod(identity).failed == 0
