"""Posts about one asset: copies in one line, other people's text harmless."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from rich.cells import cell_len

from tui.crowd import Crowd, Post
from tui.widgets.asset_posts import folded, posts_of

AT = datetime(2026, 8, 1, 12, tzinfo=UTC)


def crowd(*posts: tuple[str, int, str, float | None, str]) -> Crowd:
    """Each: channel, seconds, text, score, hash of the text."""
    keys = [(channel, number) for number, (channel, *_) in enumerate(posts)]
    return Crowd(
        posts={
            key: Post(AT + timedelta(seconds=second), channel, text, ("dogecoin",))
            for key, (channel, second, text, _, _) in zip(keys, posts, strict=True)
        },
        scores={key: score for key, (*_, score, _) in zip(keys, posts, strict=True) if score is not None},
        identities={key: identity for key, (*_, identity) in zip(keys, posts, strict=True) if identity},
    )


COPIES = crowd(("a", 0, "moon", 0.9, "h"), ("b", 5, "other", -0.5, "i"), ("c", 9, "MOON", 0.9, "h"), ("d", 3, "unscored", None, ""))


def test_copies_stand_in_one_line_as_new_as_the_newest() -> None:
    assert [(post.channel, score, copies) for post, score, copies in folded(COPIES, "dogecoin")] == [
        ("c", 0.9, 2),
        ("b", -0.5, 1),
        ("d", None, 1),
    ]


def test_posts_about_others_are_left_out() -> None:
    assert list(folded(COPIES, "bitcoin")) == []


def test_a_line_says_how_old_where_how_it_sounds_and_how_many() -> None:
    lines = posts_of(COPIES, "dogecoin", AT + timedelta(seconds=10), 100).plain.splitlines()
    assert lines[0].split() == ["12:00:09", "1.0s", "c", "▲", "+0.90", "×2", "MOON"]
    assert lines[1].split() == ["12:00:05", "5.0s", "b", "▼", "−0.50", "other"]
    assert lines[2].split() == ["12:00:03", "7.0s", "d", "–", "unscored"]


@pytest.mark.parametrize("width", [20, 50, 80, 140])
@pytest.mark.parametrize("text", ["x" * 500, "\x1b[2J\x1b]0;owned\x07", "\u202eevil", "[bold]x[/]", "é́́" * 99, "👨‍👩‍👧🇺🇸" * 40])
def test_a_hostile_post_fills_its_line_and_no_more(text: str, width: int) -> None:
    line = posts_of(crowd((text, 0, text, 0.0, text)), "dogecoin", AT, width).plain
    assert cell_len(line) == width
    assert line.isprintable()
