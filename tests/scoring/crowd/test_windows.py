"""The crowd's windows: every text once, every post for as long as it is young, whatever came before."""

import math
import pickle
from collections.abc import Iterable
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.crowd.texts import Posting
from scoring.crowd.windows import CrowdWindow

SECOND = 1_000_000_000


def posting(at: float, message_id: int, text_id: str = "", score: float = 0.5, channel: str = "calls") -> Posting:
    return Posting(round(at * SECOND), channel, message_id, text_id or f"text {channel} {message_id}", score)


def told(window: CrowdWindow) -> tuple[int, int, int, float]:
    return window.message_count, window.copies, window.unique_channels, window.average_vibe


def filled(*postings: Posting, most: int = 100) -> CrowdWindow:
    window = CrowdWindow(30, 5, most)
    assert window.advance(10, postings)
    return window


def test_a_text_counts_once_with_the_score_of_its_earliest_posting() -> None:
    window = filled(posting(5, 1, "moon", 0.5), posting(4, 2, "moon", 0.25, "tips"), posting(6, 3, "rug", -0.75))
    assert told(window) == (2, 1, 2, (0.25 - 0.75) / 2)
    assert window.advance(34, [])
    assert told(window) == (2, 0, 1, (0.5 - 0.75) / 2)


def test_a_post_is_in_for_exactly_the_length_of_the_window() -> None:
    window = filled(posting(5, 1), posting(5.000000001, 2))
    window.advance(15, [])
    assert [window.next_leave(), window.advance(34, []), window.advance(35, []), window.message_count] == [35, False, True, 1]
    assert [window.next_leave(), window.advance(35, []), window.advance(36, []), window.message_count] == [36, False, True, 0]
    assert window.next_leave() is None
    assert math.isnan(window.average_vibe)


def test_a_post_is_recent_for_exactly_as_long_as_is_said() -> None:
    window = filled(posting(7, 1, score=0.5), posting(8, 2, score=-0.5))
    assert [window.next_leave(), window.advance(11, []), window.vibe] == [12, False, 0.0]
    assert [window.advance(12, []), window.vibe, window.next_leave()] == [True, -0.5, 13]
    assert [window.advance(13, []), window.next_leave(), window.average_vibe] == [True, 37, 0.0]
    assert math.isnan(window.vibe)


def test_of_a_text_that_is_old_and_posted_again_the_recent_posting_counts_as_recent() -> None:
    window = filled(posting(2, 1, "moon", 0.25), posting(9, 2, "moon", 0.75))
    assert (window.vibe, window.average_vibe) == (0.75, 0.25)


def test_an_edit_replaces_what_was_said() -> None:
    window = filled(posting(5, 1, "moon", 0.5), posting(6, 2, "moon", 0.5), posting(7, 1, "moon", 0.5, "tips"))
    assert window.advance(10, [posting(5, 1, "rug", -0.5)])
    assert (told(window), window.vibe) == ((2, 1, 2, 0.0), 0.5)
    assert window.advance(10, [posting(6, 2, "rug", -0.5)])
    assert (told(window), window.vibe) == ((2, 1, 2, 0.0), 0.0)


def test_a_post_that_is_sent_again_changes_nothing() -> None:
    window = filled(posting(6, 1))
    assert not window.advance(10, [posting(6, 1)])
    assert told(window) == (1, 0, 1, 0.5)


def test_an_edit_that_is_dated_out_of_the_window_takes_the_post_out() -> None:
    window = filled(posting(6, 1))
    assert not window.advance(10, [posting(-20, 2)])
    assert window.advance(10, [posting(-20, 1)])
    assert told(window)[:3] == (0, 0, 0)
    assert math.isnan(window.vibe)


def test_posts_beyond_the_bound_are_counted_as_long_as_they_are_young_but_not_weighed() -> None:
    window = filled(posting(5, 1, "moon", 0.5), posting(6, 2, "rug", -0.5), most=2)
    assert window.advance(10, [posting(7, 3, "rug", -0.5, "tips"), posting(7, 4, "new", 1.0, "tips")])
    assert told(window) == (3, 1, 1, 0.0)
    assert window.advance(10, [posting(6, 2, "sun", 0.75)])
    assert told(window)[:3] == (3, 1, 1)
    window.advance(36, [])
    assert (window.next_leave(), told(window)[:3]) == (37, (1, 1, 0))
    assert window.advance(37, [])
    assert (window.next_leave(), told(window)[:3]) == (None, (0, 0, 0))


def test_a_copy_goes_its_own_way() -> None:
    window = filled(posting(5, 1, "moon"), posting(6, 2, "moon"), posting(7, 3), most=2)
    before, other = told(window), window.copy()
    other.advance(36, [posting(36, 9, "moon")])
    assert told(window) == before
    assert told(other)[:3] == (2, 0, 1)


def mean(postings: Iterable[Posting]) -> float:
    firsts = {each.text_id: each.score for each in sorted(postings, reverse=True)}
    scores = [Fraction(score) for score in firsts.values()]
    return float(sum(scores, Fraction(0)) / len(scores)) if scores else math.nan


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 3),
            st.integers(0, 8),
            st.integers(0, 5),
            st.sampled_from("ab"),
            st.sampled_from("xyz"),
            st.sampled_from([-1.0, -0.3, 0.1, 1 / 3]),
        ),
        max_size=60,
    )
)
def test_a_window_is_what_a_plain_list_says_it_is(steps: list[tuple[int, int, int, str, str, float]]) -> None:
    window, posts, at = CrowdWindow(7, 3, 100), dict[tuple[str, int], Posting](), 10
    for step, age, message_id, channel, text, score in steps:
        at += step
        posts[channel, message_id] = posting(at - age, message_id, text, score, channel)
        window.advance(at, [posts[channel, message_id]])
        inside = [each for each in posts.values() if at - 7 < each.posted_ns / SECOND <= at]
        count = len({each.text_id for each in inside})
        window = pickle.loads(pickle.dumps(window))
        assert told(window)[:3] == (count, len(inside) - count, len({each.channel for each in inside}))
        assert window.average_vibe == pytest.approx(mean(inside), abs=0, rel=0, nan_ok=True)
        assert window.vibe == pytest.approx(mean(each for each in inside if each.posted_ns > (at - 3) * SECOND), abs=0, rel=0, nan_ok=True)
