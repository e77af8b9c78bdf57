"""Words, and what stands around them."""

import doctest

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.crowd import words
from scoring.crowd.words import Words, seen_in, words_of


def test_words_are_caseless_and_keep_their_places() -> None:
    cut = Words("Buy #ВLZ, Straße!")
    assert cut.texts == ["buy", "blz", "strasse"]
    assert [cut.folded[start:end] for start, end in cut.spans] == ["Buy", "BLZ", "Straße"]
    assert len(cut) == 3


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("B T C", ["btc"]),
        ("b.t.c d", ["btc", "d"]),
        ("b t", ["b", "t"]),
        ("b t.c", ["b", "t", "c"]),
        ("b-t-c-d", ["btcd"]),
        ("d o g e  b t c", ["doge", "btc"]),
        ("see https://b.t.c/d @e_f ok", ["see", "ok"]),
        ("b    t    c", ["b", "t", "c"]),
    ],
)
def test_spaced_letters_become_words_and_links_and_handles_vanish(text: str, found: list[str]) -> None:
    assert Words(text).texts == found


@pytest.mark.parametrize(
    ("text", "stands"),
    [
        ("shiba inu", True),
        ("shiba - inu", True),
        ("shiba, inu", False),
        ("shiba", False),
        ("shiba bitcoin", False),
        ("shiba    inu", False),
    ],
)
def test_a_phrase_stands_where_nothing_but_blanks_and_hyphens_part_it(text: str, stands: bool) -> None:
    assert Words(text).stands(("shiba", "inu"), 0) is stands


@pytest.mark.parametrize(
    ("text", "alone"),
    [
        ("Buy ONE", True),
        ("BUY ONE", False),
        ("ONE is up", True),
        ("one", False),
        ("BUY ONE\nsmall", False),
        ("BUY ONE " + "X" * 50 + " y", False),
    ],
)
def test_upper_case_stands_out_only_among_small_letters_in_its_line(text: str, alone: bool) -> None:
    cut = Words(text)
    assert cut.is_raised_alone(cut.texts.index("one")) is alone


@pytest.mark.parametrize(
    ("text", "pair"),
    [("a1/b1", True), ("a1 - b1", True), ("a1/b1/c1", False), ("z1/a1/b1", False), ("a1, b1", False), ("a1", False), ("a1-b1/c1", False)],
)
def test_a_pair_is_two_words_and_no_list(text: str, pair: bool) -> None:
    cut = Words(text)
    assert cut.is_pair(cut.texts.index("a1")) is pair


def test_the_ends_have_no_neighbours() -> None:
    cut = Words("one two")
    assert (cut.before(0), cut.after(0), cut.before(1), cut.after(1)) == ("", "two", "one", "")


@given(
    st.text()
    | st.lists(st.sampled_from(["btc", "BTC", "\ufe0f", "\u20e3", "🚀", "–", "…", "1", "_", "é", "\u200d", "ß", "\xa0", "ℹ"])).map("".join)
)
@settings(max_examples=300, deadline=None)
def test_the_words_seen_at_a_glance_are_the_words(text: str) -> None:
    assert seen_in(text) == words_of(text)


def test_no_character_hides_a_word_from_a_glance() -> None:
    texts = [f"b{chr(code)}tc" for code in range(0x20000)]
    assert [text for text in texts if seen_in(text) != words_of(text)] == []


def test_the_examples_hold() -> None:
    assert doctest.testmod(words).failed == 0
