"""Texts count once, with the score of their earliest posting."""

import math
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.crowd.texts import Posting, Texts


def posting(at: int, message_id: int, text_id: str, score: float = 0.5) -> Posting:
    return Posting(at, "calls", message_id, text_id, score)


def test_a_text_has_the_score_of_its_earliest_posting_while_that_is_there() -> None:
    texts, early, late = Texts(), posting(1, 1, "moon", 0.25), posting(2, 2, "moon", 0.75)
    texts.add([late, early, posting(3, 3, "rug", -0.25)])
    assert (len(texts), texts.mean_score) == (2, 0.0)
    texts.remove([early])
    assert (len(texts), texts.mean_score) == (2, 0.25)
    assert ("moon" in texts, "sun" in texts) == (True, False)


def test_nothing_has_no_mean() -> None:
    texts = Texts()
    texts.add([posting(1, 1, "moon")])
    texts.remove([posting(1, 1, "moon")])
    assert len(texts) == 0
    assert math.isnan(texts.mean_score)


def test_a_copy_goes_its_own_way() -> None:
    texts = Texts()
    texts.add([posting(1, 1, "moon", 0.5)])
    other = texts.copy()
    other.add([posting(0, 2, "moon", 1.0)])
    assert (texts.mean_score, other.mean_score) == (0.5, 1.0)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from("xyz"), st.floats(-1, 1)), min_size=1, max_size=30), st.randoms())
def test_no_order_of_coming_and_going_changes_a_bit(made: list[tuple[int, str, float]], dice: random.Random) -> None:
    postings = [posting(at, number, text, score) for number, (at, text, score) in enumerate(made)]
    kept = [each for each in postings if dice.random() < 0.5]
    expected, texts = Texts(), Texts()
    expected.add(sorted(kept))
    gone = [each for each in postings if each not in kept]
    texts.add(dice.sample(postings, len(postings)))
    texts.remove(dice.sample(gone, len(gone)))
    assert len(texts) == len(expected) == len({each.text_id for each in kept})
    assert repr(texts.mean_score) == repr(expected.mean_score)
