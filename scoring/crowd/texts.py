"""Which texts were posted, each once, and their mean score.

A text that is copied counts once, with the score of its earliest posting; the scores are summed exactly, so postings may be added
and taken away in any order and nothing is left of those that went.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from typing import NamedTuple, Self

from scoring.crowd.fixed_point import mean_of, to_fixed


class Posting(NamedTuple):
    """A scored post of one asset. Postings sort by instant, then channel, then number."""

    posted_ns: int
    channel: str
    message_id: int
    text_id: str
    """Copies share it."""
    score: float
    """−1 to 1."""


class Texts:
    """A changing collection of postings, by text.

    >>> texts = Texts()
    >>> texts.add([Posting(2, "tips", 1, "moon", 1.0), Posting(1, "calls", 7, "moon", 0.5), Posting(3, "calls", 8, "rug", -1.0)])
    >>> len(texts), texts.mean_score
    (2, -0.25)
    """

    def __init__(self) -> None:
        """Begin without a posting."""
        self._postings: dict[str, list[Posting]] = {}
        self._total = 0

    def __len__(self) -> int:
        """Count the different texts."""
        return len(self._postings)

    def __contains__(self, text_id: str) -> bool:
        """Say whether a text was posted."""
        return text_id in self._postings

    def copy(self) -> Self:
        """Give a collection that goes its own way from here."""
        other = type(self)()
        other._postings = {text_id: postings.copy() for text_id, postings in self._postings.items()}
        other._total = self._total
        return other

    @property
    def mean_score(self) -> float:
        """Mean score of the different texts, exact and rounded once; NaN without one."""
        return mean_of(self._total, len(self._postings))

    def add(self, postings: Iterable[Posting]) -> None:
        """Take postings in."""
        for posting in postings:
            same = self._postings.get(posting.text_id)
            if same is None:
                self._postings[posting.text_id] = [posting]
                self._total += to_fixed(posting.score)
            elif posting > same[-1]:
                same.append(posting)
            else:
                insort(same, posting)
                if same[0] is posting:
                    self._total += to_fixed(posting.score) - to_fixed(same[1].score)

    def remove(self, postings: Iterable[Posting]) -> None:
        """Take out postings that are in."""
        for posting in postings:
            same = self._postings[posting.text_id]
            if len(same) == 1:
                del self._postings[posting.text_id]
                self._total -= to_fixed(posting.score)
                continue
            place = bisect_left(same, posting)
            del same[place]
            if not place:
                self._total += to_fixed(same[0].score) - to_fixed(posting.score)
