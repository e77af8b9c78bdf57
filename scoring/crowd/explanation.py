"""Which posts moved the mood: the evidence behind an alert about the crowd.

A text counts once however often it is posted, so it is texts that are left out, one at a time: what ΔV would be without it says
what it did. To leave out a single post would call a text that was copied fifty times harmless, since the next copy takes its
place. Each text is named by its earliest posting in the window.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from scoring.crowd.fixed_point import mean_of, to_fixed
from scoring.crowd.texts import Posting
from scoring.duration import Duration


class Contribution(NamedTuple):
    """What one text did to ΔV."""

    posting: Posting
    """Its earliest posting in the window."""
    copies: int
    """Further posts in the window with the same text."""
    delta_vibe: float
    """ΔV minus what it would be without the text: above 0 where it lifted the mood."""


def movers(posts: Iterable[Posting], at_ns: int, most: int, window: Duration, recent: Duration) -> list[Contribution]:
    """Give the at most `most` texts that moved ΔV the way it went, the furthest first; what held it back explains nothing."""
    delta_vibe, found = contributions(posts, at_ns, window, recent)
    return [each for each in found if each.delta_vibe and (each.delta_vibe < 0) is (delta_vibe < 0)][:most]


def contributions(posts: Iterable[Posting], at_ns: int, window: Duration, recent: Duration) -> tuple[float, list[Contribution]]:
    """Give ΔV at an instant, and what each text did to it, the furthest first.

    `posts` are those of one asset in any order, each post once, in its version that counts; posts outside the window are passed over.
    """
    ordered = sorted(post for post in posts if at_ns - window < post.posted_ns <= at_ns)
    scores, recent_scores = _first_postings(ordered), _first_postings([post for post in ordered if post.posted_ns > at_ns - recent])
    whole, whole_recent = _sum(scores), _sum(recent_scores)
    delta_vibe = _delta_vibe(whole_recent, whole)
    found = []
    for text_id, (post, copies) in scores.items():
        without = _Sum(whole.total - to_fixed(post.score), whole.texts - 1)
        without_recent = whole_recent
        if text_id in recent_scores:
            without_recent = _Sum(whole_recent.total - to_fixed(recent_scores[text_id][0].score), whole_recent.texts - 1)
        found.append(Contribution(post, copies, delta_vibe - _delta_vibe(without_recent, without)))
    found.sort(key=lambda each: (-abs(each.delta_vibe), each.posting))
    return delta_vibe, found


class _Sum(NamedTuple):
    total: int
    texts: int


def _first_postings(ordered: list[Posting]) -> dict[str, tuple[Posting, int]]:
    """Give each text's earliest posting and the number of others."""
    found: dict[str, tuple[Posting, int]] = {}
    for post in ordered:
        first, copies = found.get(post.text_id, (post, -1))
        found[post.text_id] = (first, copies + 1)
    return found


def _sum(postings: dict[str, tuple[Posting, int]]) -> _Sum:
    return _Sum(sum(to_fixed(post.score) for post, _ in postings.values()), len(postings))


def _delta_vibe(recent: _Sum, window: _Sum) -> float:
    """ΔV; 0 while the recent past is silent."""
    return mean_of(*recent) - mean_of(*window) if recent.texts else 0.0
