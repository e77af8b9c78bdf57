"""Which posts moved the mood: the evidence behind an alert about the crowd.

A text counts once however often it is posted, so it is texts that are left out, one at a time: what ΔV would be without it says
what it did. To leave out a single post would call a text that was copied fifty times harmless, since the next copy takes its
place. Each text is named by its earliest posting in the window.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from scoring.crowd.exact_mean import ExactMean
from scoring.crowd.windows import Posting
from scoring.duration import Duration

_WINDOW: Final = Duration.parse("5m")
_RECENT: Final = Duration.parse("30s")


class Contribution(NamedTuple):
    """What one text did to ΔV."""

    posting: Posting
    """Its earliest posting in the window."""
    copies: int
    """Further posts in the window with the same text."""
    delta_vibe: float
    """ΔV minus what it would be without the text: above 0 where it lifted the mood."""


def contributions(
    posts: Iterable[Posting], at_ns: int, most: int = 3, window: Duration = _WINDOW, recent: Duration = _RECENT
) -> list[Contribution]:
    """Give the at most `most` texts that moved ΔV furthest at an instant, the furthest first.

    `posts` are those of one asset in any order, each post once, in its version that counts; posts outside the window are passed over.
    """
    ordered = sorted(post for post in posts if at_ns - window < post.posted_ns <= at_ns)
    scores, recent_scores = _first_postings(ordered), _first_postings([post for post in ordered if post.posted_ns > at_ns - recent])
    average, vibe = _mean(scores), _mean(recent_scores)
    delta_vibe = _difference(vibe, average)
    found = []
    for text_id, (post, copies) in scores.items():
        with_recent = recent_scores.get(text_id)
        average.remove(post.score)
        if with_recent:
            vibe.remove(with_recent[0].score)
        found.append(Contribution(post, copies, delta_vibe - _difference(vibe, average)))
        average.add(post.score)
        if with_recent:
            vibe.add(with_recent[0].score)
    found.sort(key=lambda each: (-abs(each.delta_vibe), each.posting))
    return found[:most]


def _first_postings(ordered: list[Posting]) -> dict[str, tuple[Posting, int]]:
    """Give each text's earliest posting and the number of others."""
    found: dict[str, tuple[Posting, int]] = {}
    for post in ordered:
        first, copies = found.get(post.text_id, (post, -1))
        found[post.text_id] = (first, copies + 1)
    return found


def _mean(scores: dict[str, tuple[Posting, int]]) -> ExactMean:
    mean = ExactMean()
    for post, _ in scores.values():
        mean.add(post.score)
    return mean


def _difference(vibe: ExactMean, average: ExactMean) -> float:
    """ΔV; 0 while the recent past is silent."""
    return vibe.mean() - average.mean() if vibe.count else 0.0
