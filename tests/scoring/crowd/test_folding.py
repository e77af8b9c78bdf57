"""However a letter is written, it is read; and every character there is keeps the laws."""

import doctest
import time
from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.crowd import folding
from scoring.crowd.folding import LONGEST, MOST_KEPT, Characters, caseless, fold

EVERY_CHARACTER = [chr(code) for code in range(0x110000)]
FOLDED = [(fold(character), caseless(character)) for character in EVERY_CHARACTER]


@pytest.mark.parametrize(
    "written",
    [
        "BTC",
        "ＢＴＣ",
        "ВТС",
        "ΒΤϹ",
        "𝐁𝐓𝐂",
        "𝕭𝕿𝕮",
        "𝔹𝕋ℂ",
        "ⒷⓉⒸ",
        "🅑🅣🅒",
        "🅱🆃🅲",
        "ʙᴛᴄ",
        "₿TC",
        "B\u200bT\u200dC",
        "B\u00adT\ufeffC",
        "B̶T̶C̶",
        "B\ufe0fT\u20e3C",
        "B\u3164TC",
        "\u202eBTC",
    ],
)
def test_a_ticker_is_read_however_its_letters_are_written(written: str) -> None:
    assert fold(written) == "BTC"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("dоgе", "doge"),
        ("café", "cafe"),
        ("Łódź", "Lodz"),
        ("①②", "12"),
        ("＄ＥＴＨ", "$ETH"),
        ("ℹ️ hour™", "  hour "),
        ("a\u2800b\u2028c", "a b\nc"),
        ("比特币", "比特币"),
        ("की", "की"),
        ("🇧🇷", "🇧🇷"),
        ("\ufdfa", "\ufdfa"),
    ],
)
def test_what_is_not_latin_or_not_a_letter_keeps_its_meaning(written: str, read: str) -> None:
    assert fold(written) == read


def test_to_fold_again_changes_no_character() -> None:
    assert [pair for pair in FOLDED if (fold(pair[0]), caseless(pair[1])) != pair] == []


def test_the_case_may_be_folded_before_or_after_the_letters() -> None:
    assert [folded for folded, small in FOLDED if caseless(folded) != small] == []


def test_to_fold_the_case_never_makes_or_ends_a_word() -> None:
    def words(text: str) -> list[bool]:
        return [kind for kind, _ in groupby(text, str.isalnum)]

    assert [folded for folded, small in FOLDED if folded != small and words(folded) != words(small)] == []


def test_no_character_grows_without_measure() -> None:
    assert max(len(small) for _, small in FOLDED) <= LONGEST


@given(st.text())
@settings(max_examples=200, deadline=None)
def test_a_text_is_folded_character_by_character(text: str) -> None:
    assert fold(text) == "".join(map(fold, text))
    assert caseless(text) == "".join(map(caseless, text))


def test_what_is_remembered_has_a_bound_and_new_characters_still_get_in() -> None:
    characters = Characters(str.upper)
    assert "".join(EVERY_CHARACTER[: 3 * MOST_KEPT + 5]).translate(characters) == "".join(EVERY_CHARACTER[: 3 * MOST_KEPT + 5]).upper()
    assert len(characters) == 5
    assert "aa".translate(characters) == "AA"
    assert len(characters) == 6


def test_marks_that_would_have_to_be_sorted_cost_no_more_than_letters() -> None:
    marked = "a" + "\u0301\u0316" * 250_000
    started = time.process_time()
    assert fold(marked) == "a"
    assert time.process_time() - started < 2


def test_the_examples_hold() -> None:
    assert doctest.testmod(folding).failed == 0
