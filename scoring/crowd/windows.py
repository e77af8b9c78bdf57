"""What the crowd posted lately: how many texts, from how many channels, in what mood, and in what mood just now.

The recent past is the end of the window, so both live here and hold the same posts. A post that is seen again under its channel
and number is an edit and replaces what it was. Counts are integers and means are exact, so a window is a function of the posts in
it, whatever passed through it before.

At most `most` posts are held. While the window is full, those that come are counted until their time is over, as a copy where
their text is held and as a text of their own otherwise, but they have no weight in the mood and their channels are not counted.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from operator import itemgetter
from typing import Final, Self

from scoring.crowd.texts import Posting, Texts
from scoring.records import NANOSECONDS_PER_SECOND

_POSTED_NS: Final = itemgetter(0)


class CrowdWindow:
    """The posts of (t − `seconds`, t], and of (t − `recent_seconds`, t], for whole seconds t that only grow."""

    def __init__(self, seconds: int, recent_seconds: int, most: int) -> None:
        """Begin without a post; the recent past is no longer than the window."""
        self._seconds = seconds
        self._recent_seconds = recent_seconds
        self._most = most
        self._oldest_ns = self._recent_ns = -(1 << 62)
        """Posts of this instant and before are not in the window, and not recent."""
        self._postings: list[Posting] = []
        self._by_key: dict[tuple[str, int], Posting] = {}
        self._channels: dict[str, int] = {}
        self._texts = Texts()
        self._recent_texts = Texts()
        self._beyond: dict[int, tuple[int, int]] = {}
        """Texts and copies posted in a second and not held."""

    def copy(self) -> Self:
        """Give a window that goes its own way from here."""
        other = object.__new__(type(self))
        for name, value in self.__dict__.items():
            other.__dict__[name] = value if isinstance(value, int) else value.copy()
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
    def average_vibe(self) -> float:
        """Mean score of the different texts; NaN without one."""
        return self._texts.mean_score

    @property
    def vibe(self) -> float:
        """Mean score of the different texts of the recent past; NaN without one."""
        return self._recent_texts.mean_score

    def next_leave(self) -> int | None:
        """Name the second at which the next post leaves the window or stops being recent; None without a post."""
        turns = [min(self._beyond) + self._seconds] if self._beyond else []
        if self._postings:
            turns.append(second_of(self._postings[0].posted_ns) + self._seconds)
            recent = bisect_right(self._postings, self._recent_ns, key=_POSTED_NS)
            if recent < len(self._postings):
                turns.append(second_of(self._postings[recent].posted_ns) + self._recent_seconds)
        return min(turns, default=None)

    def advance(self, at: int, postings: Iterable[Posting]) -> bool:
        """Come to the second `at`, with the posts and edits that count from then on; say whether anything changed."""
        changed = self._leave(at)
        for posting in postings:
            changed |= self._enter(posting)
        return changed

    def _leave(self, at: int) -> bool:
        """Let go what is too old at a second, and say whether anything was."""
        was_recent = bisect_right(self._postings, self._recent_ns, key=_POSTED_NS)
        self._oldest_ns = (at - self._seconds) * NANOSECONDS_PER_SECOND
        self._recent_ns = (at - self._recent_seconds) * NANOSECONDS_PER_SECOND
        recent = bisect_right(self._postings, self._recent_ns, key=_POSTED_NS)
        self._recent_texts.remove(self._postings[was_recent:recent])
        gone = bisect_right(self._postings, self._oldest_ns, key=_POSTED_NS)
        self._texts.remove(self._postings[:gone])
        self._forget(self._postings[:gone])
        del self._postings[:gone]
        over = [second for second in self._beyond if second <= at - self._seconds]
        for second in over:
            del self._beyond[second]
        return recent > was_recent or gone > 0 or bool(over)

    def _enter(self, posting: Posting) -> bool:
        """Take a post or an edit, and say whether anything changed."""
        key = (posting.channel, posting.message_id)
        before = self._by_key.get(key)
        if before == posting:
            return False
        if before:
            self._take_out(before)
        if posting.posted_ns <= self._oldest_ns:
            return before is not None
        if len(self._postings) >= self._most:
            self._count(posting)
            return True
        self._by_key[key] = posting
        self._channels[posting.channel] = self._channels.get(posting.channel, 0) + 1
        if self._postings and posting < self._postings[-1]:
            insort(self._postings, posting)
        else:
            self._postings.append(posting)
        self._texts.add((posting,))
        if posting.posted_ns > self._recent_ns:
            self._recent_texts.add((posting,))
        return True

    def _take_out(self, posting: Posting) -> None:
        """Take out a post that is edited."""
        del self._postings[bisect_left(self._postings, posting)]
        self._texts.remove((posting,))
        if posting.posted_ns > self._recent_ns:
            self._recent_texts.remove((posting,))
        self._forget((posting,))

    def _forget(self, postings: Iterable[Posting]) -> None:
        """Forget keys and channels of posts that go."""
        for posting in postings:
            del self._by_key[posting.channel, posting.message_id]
            left = self._channels[posting.channel] - 1
            if left:
                self._channels[posting.channel] = left
            else:
                del self._channels[posting.channel]

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
