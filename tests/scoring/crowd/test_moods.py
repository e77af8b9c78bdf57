"""Moods: one row per post and asset, late posts counted, the same however the tape is cut."""

from __future__ import annotations

import itertools
import pickle

from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.crowd.moods import MoodItem, Moods, MoodSettings, ScoredPosts, scored_posts
from scoring.crowd.sentiment import Score
from scoring.records import END_NS, Batch, Clock, End, Kind, Post, Rows, to_columns

SECOND = 1_000_000_000
GOOD, BAD = Score(0.85, 0.9, 0.05, 0.05), Score(-0.6, 0.1, 0.7, 0.2)


def post(second: float, assets: str = "bitcoin", number: int = 0, received: float | None = None) -> Post:
    at_ns = int(second * SECOND)
    return Post(at_ns if received is None else int(received * SECOND), at_ns, "lounge", number, "", f"text {number}", assets)


def scored(posts: list[Post], scores: list[Score | None]) -> ScoredPosts:
    return scored_posts(Batch(Kind.POST, "lounge", to_columns(Post, posts)), scores, "starter", "0123")


def signals(rows: list[Rows]) -> list[tuple[str, int, float]]:
    return sorted(
        (asset, number, score)
        for each in rows
        for asset, number, score in zip(each.columns["asset"], each.columns["message_id"], each.columns["score"], strict=True)
    )


def test_a_post_gives_a_row_for_each_asset_it_names_and_none_where_it_was_not_scored() -> None:
    moods = Moods(("bitcoin", "dogecoin"), MoodSettings())
    rows = moods.update([scored([post(1, "bitcoin,dogecoin"), post(2, "", 1), post(3, "ether", 2)], [GOOD, None, BAD])])
    assert signals(rows) == [("bitcoin", 0, GOOD.score), ("dogecoin", 0, GOOD.score)]
    assert rows[0].columns["model"].tolist() == ["starter"]
    assert len(rows[0].columns["text_id"][0]) == 16


def test_marks_tell_every_asset_how_far_the_crowd_was_heard() -> None:
    moods = Moods(("bitcoin", "dogecoin"), MoodSettings())
    rows = moods.update([Clock(100 * SECOND), End()])
    assert [(each.symbol, each.through_ns) for each in rows] == [
        ("bitcoin", 85 * SECOND),
        ("dogecoin", 85 * SECOND),
        ("bitcoin", END_NS),
        ("dogecoin", END_NS),
    ]


def test_a_post_that_comes_too_late_is_counted_and_not_scored() -> None:
    moods = Moods(("bitcoin",), MoodSettings())
    rows = moods.update([scored([post(100), post(90, number=1, received=100), post(89.9, number=2, received=100)], [GOOD] * 3)])
    assert [number for _, number, _ in signals(rows)] == [0]
    assert moods.late_posts == 2


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20), st.booleans()), max_size=25), st.lists(st.integers(0, 25), max_size=4))
@settings(max_examples=60, deadline=None)
def test_any_cut_and_a_pickle_half_way_give_the_same_rows(raw: list[tuple[int, int, bool]], cuts: list[int]) -> None:
    received, posts = 0, []
    for number, (wait, delay, _) in enumerate(raw):
        received += wait
        posts.append(post(max(received - delay, 0), "bitcoin", number, received))
    scores: list[Score | None] = [GOOD if good else BAD for _, _, good in raw]
    whole = Moods(("bitcoin",), MoodSettings())
    expected = signals(whole.update([scored(posts, scores), End()])) if posts else []
    edges = sorted({0, len(posts), *(cut for cut in cuts if cut < len(posts))})
    moods, found = Moods(("bitcoin",), MoodSettings()), list[Rows]()
    for start, stop in itertools.pairwise(edges):
        items: list[MoodItem] = [scored(posts[start:stop], scores[start:stop])]
        found += moods.update(items)
        moods = pickle.loads(pickle.dumps(moods))
    assert signals(found) == expected
    assert moods.late_posts == whole.late_posts
