"""The crowd's windows: every text once, every post for as long as it is young, whatever came before."""

import math
import pickle
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.crowd.windows import CrowdWindow, Posting

SECOND = 1_000_000_000


def posting(at: float, message_id: int, text_id: str = "", score: float = 0.5, channel: str = "calls") -> Posting:
    return Posting(round(at * SECOND), channel, message_id, text_id or f"text {channel} {message_id}", score)


def told(window: CrowdWindow) -> tuple[int, int, int, float]:
    return window.message_count, window.copies, window.unique_channels, window.vibe


def filled(*postings: Posting, seconds: int = 30, most: int = 100) -> CrowdWindow:
    window = CrowdWindow(seconds, most)
    for each in postings:
        assert window.enter(each, 10)
    return window


def test_a_text_counts_once_with_the_score_of_its_earliest_posting() -> None:
    window = filled(posting(5, 1, "moon", 0.5), posting(4, 2, "moon", 0.25, "tips"), posting(6, 3, "rug", -0.75))
    assert told(window) == (2, 1, 2, (0.25 - 0.75) / 2)
    assert window.leave(34)
    assert told(window) == (2, 0, 1, (0.5 - 0.75) / 2)


def test_a_post_is_in_for_exactly_the_length_of_the_window() -> None:
    window = filled(posting(5, 1), posting(5.000000001, 2))
    assert [window.next_leave(), window.leave(34), window.leave(35), window.message_count] == [35, False, True, 1]
    assert [window.next_leave(), window.leave(35), window.leave(36), window.message_count] == [36, False, True, 0]
    assert window.next_leave() is None
    assert math.isnan(window.vibe)


def test_an_edit_replaces_what_was_said() -> None:
    window = filled(posting(5, 1, "moon", 0.5), posting(5, 2, "moon", 0.5), posting(7, 1, "moon", 0.5, "tips"))
    assert window.enter(posting(5, 1, "rug", -0.5), 10)
    assert told(window) == (2, 1, 2, 0.0)
    assert window.enter(posting(5, 2, "rug", -0.5), 10)
    assert told(window) == (2, 1, 2, 0.0)


def test_a_post_that_is_sent_again_changes_nothing() -> None:
    window = filled(posting(5, 1))
    assert not window.enter(posting(5, 1), 12)
    assert told(window) == (1, 0, 1, 0.5)


def test_an_edit_that_is_dated_out_of_the_window_takes_the_post_out() -> None:
    window = filled(posting(5, 1))
    assert not window.enter(posting(-20, 2), 10)
    assert window.enter(posting(-20, 1), 10)
    assert told(window)[:3] == (0, 0, 0)


def test_posts_beyond_the_bound_are_counted_as_long_as_they_are_young_but_not_weighed() -> None:
    window = filled(posting(5, 1, "moon", 0.5), posting(6, 2, "rug", -0.5), most=2)
    assert window.enter(posting(7, 3, "rug", -0.5, "tips"), 10)
    assert window.enter(posting(7, 4, "new", 1.0, "tips"), 10)
    assert told(window) == (3, 1, 1, 0.0)
    assert window.enter(posting(6, 2, "sun", 0.75), 10)
    assert told(window)[:3] == (3, 1, 1)
    window.leave(36)
    assert (window.next_leave(), told(window)[:3]) == (37, (1, 1, 0))
    assert window.leave(37)
    assert (window.next_leave(), told(window)[:3]) == (None, (0, 0, 0))


def test_a_copy_goes_its_own_way() -> None:
    window = filled(posting(5, 1, "moon"), posting(6, 2, "moon"), posting(7, 3), most=2)
    before, other = told(window), window.copy()
    other.leave(36)
    other.enter(posting(36, 9, "moon"), 36)
    assert told(window) == before
    assert told(other)[:3] == (2, 0, 1)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 8), st.integers(0, 5), st.sampled_from("ab"), st.sampled_from("xyz"), st.floats(-1, 1)),
        max_size=60,
    )
)
def test_a_window_is_what_a_plain_list_says_it_is(steps: list[tuple[int, int, int, str, str, float]]) -> None:
    window, posts, at = CrowdWindow(7, 100), dict[tuple[str, int], Posting](), 10
    for step, age, message_id, channel, text, score in steps:
        at += step
        window.leave(at)
        fresh = posting(at - age, message_id, text, score, channel)
        window.enter(fresh, at)
        posts[channel, message_id] = fresh
        inside = sorted(each for each in posts.values() if at - 7 < each.posted_ns / SECOND <= at)
        firsts = {each.text_id: each for each in reversed(inside)}
        window = pickle.loads(pickle.dumps(window))
        assert told(window)[:3] == (len(firsts), len(inside) - len(firsts), len({each.channel for each in inside}))
        if firsts:
            assert window.vibe == float(sum((Fraction(each.score) for each in firsts.values()), Fraction(0)) / len(firsts))
