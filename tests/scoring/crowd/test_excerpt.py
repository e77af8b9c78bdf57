"""What may be stored in an alert and printed on a terminal."""

import pytest

from scoring.crowd.excerpt import EXCERPT_LENGTH, excerpt, visible


def test_only_visible_characters_are_left() -> None:
    assert visible("a\x00b\x07\x9bc\u2028d\u200be\ud800f\tg") == "a b c d e f g"
    assert visible("🚀 naïve 中文 [red]") == "🚀 naïve 中文 [red]"


@pytest.mark.parametrize("length", [0, 1, EXCERPT_LENGTH - 1, EXCERPT_LENGTH])
def test_a_short_text_stays_whole(length: int) -> None:
    assert excerpt("x" * length) == "x" * length


@pytest.mark.parametrize("text", ["x" * (EXCERPT_LENGTH + 1), "y" * 1_000_000, " " * 1_000_000 + "late"])
def test_a_longer_one_says_that_it_was(text: str) -> None:
    assert excerpt(text).endswith("…")
    assert len(excerpt(text)) <= EXCERPT_LENGTH
