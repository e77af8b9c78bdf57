"""Scored posts on their way into the windows: each waits until nothing earlier can come.

A post counts from the instant it was posted; a row with the channel and number of one that was seen before is an edit, and counts
from the instant it was received, so that what was said before it was edited stays said. A row that would count at or before an
instant up to which all posts were declared out is late: dropped and counted. All of that is judged by the posts alone, never by
how far the market has come, so scoring may be as slow as it likes.

What waits is not bounded by a setting: it is what the crowd said while the market lagged, and to drop some of it would let the
speed of the one change the answer of the other.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Final, Self, TypeAlias

from scoring.crowd.texts import Posting
from scoring.crowd.windows import second_of
from scoring.records import Rows

UNSET_NS: Final = -(1 << 62)
"""Before any data."""

_Waiting: TypeAlias = tuple[int, str, int, int, Posting]
"""The instant it counts from, channel, number, which came first, and the post: the order in which posts count."""

_FEW: Final = 256
"""So many posts are remembered before any is forgotten: not worth a look at each."""

_COLUMNS: Final = ("posted_ns", "channel", "message_id", "text_id", "score")


class Arrivals:
    """Posts of one asset that do not count yet."""

    def __init__(self, window_ns: int, most: int) -> None:
        """Begin without a post. Posts are remembered for `window_ns`, at most `most` of them, to know an edit by."""
        self.through_ns = UNSET_NS
        """Event time up to which all posts are out."""
        self.newest_ns = UNSET_NS
        """The newest instant from which a post counts."""
        self.late_posts = 0
        """Posts and edits that came after their instant had passed."""
        self._window_ns = window_ns
        self._most = most
        self._waiting: dict[int, list[_Waiting]] = {}
        """By the second they count from."""
        self._seconds: list[int] = []
        """A heap of those seconds."""
        self._posted_ns: dict[tuple[str, int], int] = {}
        """When the posts of the last window were posted, by channel and number."""
        self._forget_at = min(most, _FEW)
        """How many are remembered when the old ones are forgotten."""
        self._taken = 0

    def copy(self) -> Self:
        """Give what waits, to go its own way from here; it takes no more rows."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._waiting = {second: waiting.copy() for second, waiting in self._waiting.items()}
        other._seconds = self._seconds.copy()
        return other

    def take(self, rows: Rows) -> None:
        """Take rows of `social_signals`, of each channel in the order of its tape."""
        if len(rows):
            columns = [rows.columns[name].tolist() for name in _COLUMNS]
            for received_ns, posting in zip(rows.columns["received_ns"].tolist(), map(Posting, *columns), strict=True):
                self._take(posting, received_ns)
        self.through_ns = max(self.through_ns, rows.through_ns)

    def next_second(self) -> int | None:
        """Name the second at which the next post counts for the first time; None where none waits."""
        return self._seconds[0] if self._seconds else None

    def pop(self, at: int) -> list[Posting]:
        """Give the posts that count from the second `at` or before, each in its last version, in the order in which they count."""
        found: list[_Waiting] = []
        while self._seconds and self._seconds[0] <= at:
            found += sorted(self._waiting.pop(heappop(self._seconds)))
        # Edits of one second that take each other back change nothing, so only what a post said last goes on.
        last = {(channel, message_id): posting for _, channel, message_id, _, posting in found}
        return list(last.values())

    def _take(self, posting: Posting, received_ns: int) -> None:
        key = (posting.channel, posting.message_id)
        known_ns = self._posted_ns.get(key)
        is_edit = known_ns is not None and known_ns > self._forgotten_ns
        from_ns = max(posting.posted_ns, received_ns) if is_edit else posting.posted_ns
        if from_ns <= self.through_ns:
            self.late_posts += 1
            return
        if is_edit or len(self._posted_ns) < self._forget_at or self._has_room():
            self._posted_ns[key] = posting.posted_ns
        second = second_of(from_ns)
        if second not in self._waiting:
            self._waiting[second] = []
            heappush(self._seconds, second)
        self._waiting[second].append((from_ns, *key, self._taken, posting))
        self._taken += 1
        self.newest_ns = max(self.newest_ns, from_ns)

    @property
    def _forgotten_ns(self) -> int:
        """Posts of this instant and before are not remembered."""
        return max(self.through_ns - self._window_ns, UNSET_NS)

    def _has_room(self) -> bool:
        """Say whether one more post can be remembered, after forgetting the old ones; at most every other post was kept for nothing."""
        self._posted_ns = {key: posted_ns for key, posted_ns in self._posted_ns.items() if posted_ns > self._forgotten_ns}
        self._forget_at = min(self._most, max(_FEW, 2 * len(self._posted_ns)))
        return len(self._posted_ns) < self._most
