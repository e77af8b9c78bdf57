"""Counting is a matter of which posts came, never of their order."""

import pickle
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.crowd.copies import Copies, CopyCount, CopySettings
from scoring.duration import Duration

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
TEN_MINUTES = CopySettings(window=Duration.parse("10m"), step=Duration.parse("1m"))

Posts = list[tuple[str, str, int]]
posts_in = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.integers(0, 30 * MINUTE)), max_size=30)


def counted(posts: Posts, settings: CopySettings = TEN_MINUTES) -> Copies:
    copies = Copies(settings)
    for text, channel, event_ns in posts:
        copies.add(text, channel, event_ns)
    return copies


def test_copies_and_channels_are_counted_in_a_trailing_window() -> None:
    copies = counted([("a", "x", 0), ("a", "x", SECOND), ("a", "y", 5 * MINUTE), ("b", "x", 5 * MINUTE)])
    assert copies.count("a", 5 * MINUTE) == CopyCount(copies=3, channels=2)
    assert copies.count("a", 4 * MINUTE) == CopyCount(copies=2, channels=1)
    assert copies.count("a", 10 * MINUTE - 1) == CopyCount(copies=3, channels=2)
    assert copies.count("a", 10 * MINUTE) == CopyCount(copies=1, channels=1)
    assert copies.count("unheard", 5 * MINUTE) == CopyCount(copies=0, channels=0)


def test_without_settings_the_window_is_a_day() -> None:
    copies = Copies()
    copies.add("a", "x", 0)
    assert copies.count("a", 24 * 60 * MINUTE - 1).copies == 1
    assert copies.count("a", 24 * 60 * MINUTE).copies == 0


@given(posts_in, st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_the_counts_do_not_depend_on_the_order(posts: Posts, random: object) -> None:
    shuffled = list(posts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    newest = max((event_ns for _, _, event_ns in posts), default=0)
    first, second = counted(posts), counted(shuffled)
    assert [first.count(text, newest) for text in "abc"] == [second.count(text, newest) for text in "abc"]
    assert len(first) == len(second)


@given(posts_in, st.integers(1, 6), st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_nor_do_they_when_memory_is_short(posts: Posts, most: int, random: object) -> None:
    shuffled = list(posts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    short = CopySettings(window=TEN_MINUTES.window, step=TEN_MINUTES.step, most_entries=most)
    newest = max((event_ns for _, _, event_ns in posts), default=0)
    first, second = counted(posts, short), counted(shuffled, short)
    assert [first.count(text, newest) for text in "abc"] == [second.count(text, newest) for text in "abc"]
    assert len(first) == len(second) <= most


@given(posts_in)
@settings(max_examples=150, deadline=None)
def test_the_counts_are_those_of_counting_everything_anew(posts: Posts) -> None:
    newest = max((event_ns for _, _, event_ns in posts), default=0)
    first_step = newest // MINUTE - 9
    inside = [(text, channel) for text, channel, event_ns in posts if event_ns // MINUTE >= first_step]
    copies = Counter(text for text, _ in inside)
    channels = Counter(text for text, _ in set(inside))
    state = counted(posts)
    assert {text: state.count(text, newest) for text in "abc"} == {text: CopyCount(copies[text], channels[text]) for text in "abc"}


@given(posts_in, st.integers(0, 30))
@settings(max_examples=50, deadline=None)
def test_pickling_half_way_changes_nothing(posts: Posts, cut: int) -> None:
    half: Copies = pickle.loads(pickle.dumps(counted(posts[:cut])))
    for text, channel, event_ns in posts[cut:]:
        half.add(text, channel, event_ns)
    whole = counted(posts)
    assert [half.count(text, 30 * MINUTE) for text in "abc"] == [whole.count(text, 30 * MINUTE) for text in "abc"]
    assert (len(half), half.forgotten) == (len(whole), whole.forgotten)


def test_what_the_window_has_passed_takes_no_memory() -> None:
    copies = Copies(TEN_MINUTES)
    for number in range(5_000):
        copies.add(f"text {number}", "x", number * SECOND)
    assert len(copies) <= 600


def test_many_copies_in_one_channel_take_one_entry_for_each_step() -> None:
    assert len(counted([("a", "x", event_ns) for event_ns in range(0, 5 * MINUTE, SECOND)])) == 5


def test_a_flood_shortens_the_memory_and_is_counted() -> None:
    short = CopySettings(window=TEN_MINUTES.window, step=TEN_MINUTES.step, most_entries=2)
    copies = counted([("a", "x", 0), ("b", "x", MINUTE), ("c", "x", 2 * MINUTE), ("a", "x", 0)], short)
    assert (len(copies), copies.forgotten) == (2, 1)
    assert copies.count("a", 2 * MINUTE).copies == 0
    assert copies.count("c", 2 * MINUTE).copies == 1


@pytest.mark.parametrize(("window", "step"), [("10s", "3s"), ("1s", "10s"), ("10s", "0s")])
def test_a_window_that_is_no_whole_number_of_steps_is_refused(window: str, step: str) -> None:
    with pytest.raises(ValueError, match="a window of whole steps was expected"):
        Copies(CopySettings(window=Duration.parse(window), step=Duration.parse(step)))
