"""Which texts moved the mood, by leaving each out."""

import math
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.crowd.explanation import Contribution, contributions
from scoring.crowd.texts import Posting
from scoring.crowd.windows import CrowdWindow
from scoring.duration import Duration

SECOND = 1_000_000_000
AT = 1000
WINDOW, RECENT = Duration.parse("5m"), Duration.parse("30s")


def posting(at: float, message_id: int, text_id: str, score: float) -> Posting:
    return Posting(round(at * SECOND), "calls", message_id, text_id, score)


def moved_by(posts: Iterable[Posting], window: Duration = WINDOW, recent: Duration = RECENT) -> list[Contribution]:
    return contributions(posts, AT * SECOND, window, recent)[1]


def delta_vibe(posts: list[Posting]) -> float:
    """Ask the windows themselves."""
    window = CrowdWindow(300, 30, 1000)
    window.advance(AT, posts)
    return 0.0 if math.isnan(window.vibe) else window.vibe - window.average_vibe


def test_the_text_that_lifted_the_mood_comes_first_with_its_copies() -> None:
    calm = [posting(800 + at, at, f"calm {at}", 0.0) for at in range(4)] + [posting(985, 9, "fine", 0.0)]
    pump = [posting(990 + at, 10 + at, "moon", 1.0) for at in range(5)]
    dip = posting(995, 20, "rug", -0.5)
    found = moved_by([*pump, dip, *calm])[:2]
    assert found == [
        Contribution(pump[0], 4, delta_vibe([*calm, *pump, dip]) - delta_vibe([*calm, dip])),
        Contribution(dip, 0, delta_vibe([*calm, *pump, dip]) - delta_vibe([*calm, *pump])),
    ]
    assert found[0].delta_vibe > 0 > found[1].delta_vibe


def test_without_its_only_recent_text_the_mood_did_not_move() -> None:
    (first, *_) = moved_by([posting(800, 1, "calm", 0.0), posting(801, 2, "fine", 0.5), posting(990, 3, "moon", 1.0)])
    assert (first.posting.text_id, first.delta_vibe) == ("moon", 0.5)


def test_posts_outside_the_window_say_nothing() -> None:
    assert moved_by([posting(700, 1, "old", 1.0), posting(1000.5, 2, "future", 1.0)]) == []
    assert moved_by([posting(980, 1, "old", 1.0)], window=Duration.parse("20s"), recent=Duration.parse("5s")) == []


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(690, 1005), st.sampled_from("abcde"), st.floats(-1, 1)), max_size=25))
def test_each_contribution_is_the_windows_own_answer_with_and_without_the_text(
    made: list[tuple[int, str, float]],
) -> None:
    posts = [posting(at, number, text, score) for number, (at, text, score) in enumerate(made)]
    inside = [each for each in posts if AT - 300 < each.posted_ns / SECOND <= AT]
    found = moved_by(posts)
    assert found == moved_by(reversed(posts))
    assert {each.posting.text_id for each in found} == {each.text_id for each in inside}
    for each in found:
        without = [post for post in inside if post.text_id != each.posting.text_id]
        assert each.delta_vibe == delta_vibe(inside) - delta_vibe(without)
    assert [abs(each.delta_vibe) for each in found] == pytest.approx(sorted((abs(each.delta_vibe) for each in found), reverse=True))
