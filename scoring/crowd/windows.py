"""What the crowd posted within a trailing window: how many texts, from how many channels, in what mood.

Identical texts count once: the earliest posting of a text in the window gives its score, the others are copies. A post that is
seen again under its channel and number is an edit and replaces what it was. Nothing drifts: counts are integers and the mean is
exact, so a window is a function of the posts in it, whatever passed through it before.

At most `most` posts are held. While the window is full, those that come are counted until their time is over, as a copy where
their text is held and as a text of their own otherwise, but they have no weight in the mood and their channels are not counted.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from operator import itemgetter
from typing import Final, NamedTuple, Self

from scoring.crowd.exact_mean import ExactMean
from scoring.records import NANOSECONDS_PER_SECOND

_POSTED_NS: Final = itemgetter(0)


class Posting(NamedTuple):
    """A scored post of one asset. Postings sort by instant, then channel, then number."""

    posted_ns: int
    channel: str
    message_id: int
    text_id: str
    """Copies share it."""
    score: float
    """−1 to 1."""


class CrowdWindow:
    """The posts of (t − `seconds`, t], for whole seconds t that only grow."""

    def __init__(self, seconds: int, most: int) -> None:
        """Begin without a post."""
        self.seconds = seconds
        self.most = most
        self._postings: list[Posting] = []
        self._known: dict[tuple[str, int], Posting] = {}
        self._texts: dict[str, list[Posting]] = {}
        self._channels: dict[str, int] = {}
        self._scores = ExactMean()
        self._beyond: dict[int, tuple[int, int]] = {}
        """Texts and copies posted in a second and not held."""

    def copy(self) -> Self:
        """Give a window that goes its own way from here."""
        other = type(self)(self.seconds, self.most)
        other._postings = self._postings.copy()
        other._known = self._known.copy()
        other._texts = {text_id: postings.copy() for text_id, postings in self._texts.items()}
        other._channels = self._channels.copy()
        other._scores = self._scores.copy()
        other._beyond = self._beyond.copy()
        return other

    @property
    def message_count(self) -> int:
        """How many different texts there are."""
        return len(self._texts) + sum(texts for texts, _ in self._beyond.values())

    @property
    def copies(self) -> int:
        """How many posts repeat a text."""
        return len(self._postings) - len(self._texts) + sum(copies for _, copies in self._beyond.values())

    @property
    def unique_channels(self) -> int:
        """How many channels posted."""
        return len(self._channels)

    @property
    def vibe(self) -> float:
        """Mean score of the different texts, exact and rounded once; NaN without one."""
        return self._scores.mean()

    def next_leave(self) -> int | None:
        """Name the second at which the next post leaves; None without a post."""
        oldest = [min(self._beyond)] if self._beyond else []
        if self._postings:
            oldest.append(second_of(self._postings[0].posted_ns))
        return min(oldest) + self.seconds if oldest else None

    def leave(self, at: int) -> bool:
        """Let go what is too old at the second `at`, and say whether anything was."""
        border = at - self.seconds
        gone = bisect_right(self._postings, border * NANOSECONDS_PER_SECOND, key=_POSTED_NS)
        for posting in self._postings[:gone]:
            self._weigh_out(posting)
        del self._postings[:gone]
        over = [second for second in self._beyond if second <= border]
        for second in over:
            del self._beyond[second]
        return gone > 0 or bool(over)

    def enter(self, posting: Posting, at: int) -> bool:
        """Take a post, or an edit of one, at the second `at`, after `leave`; say whether anything changed."""
        before = self._known.get((posting.channel, posting.message_id))
        if before == posting:
            return False
        if before:
            del self._postings[bisect_left(self._postings, before)]
            self._weigh_out(before)
        if second_of(posting.posted_ns) <= at - self.seconds:
            return before is not None
        if len(self._postings) < self.most:
            insort(self._postings, posting)
            self._weigh_in(posting)
        else:
            self._count(posting)
        return True

    def _weigh_in(self, posting: Posting) -> None:
        self._known[posting.channel, posting.message_id] = posting
        self._channels[posting.channel] = self._channels.get(posting.channel, 0) + 1
        same = self._texts.setdefault(posting.text_id, [])
        if not same or posting < same[0]:
            if same:
                self._scores.remove(same[0].score)
            self._scores.add(posting.score)
        insort(same, posting)

    def _weigh_out(self, posting: Posting) -> None:
        del self._known[posting.channel, posting.message_id]
        self._channels[posting.channel] -= 1
        if not self._channels[posting.channel]:
            del self._channels[posting.channel]
        same = self._texts[posting.text_id]
        place = bisect_left(same, posting)
        del same[place]
        if place == 0:
            self._scores.remove(posting.score)
            if same:
                self._scores.add(same[0].score)
            else:
                del self._texts[posting.text_id]

    def _count(self, posting: Posting) -> None:
        """Count a post that is not held."""
        second, is_copy = second_of(posting.posted_ns), posting.text_id in self._texts
        texts, copies = self._beyond.get(second, (0, 0))
        self._beyond[second] = (texts + (not is_copy), copies + is_copy)


def second_of(instant_ns: int) -> int:
    """Name the first whole second of the epoch at or after an instant.

    >>> second_of(1_000_000_000), second_of(1_000_000_001)
    (1, 2)
    """
    return -(-instant_ns // NANOSECONDS_PER_SECOND)
