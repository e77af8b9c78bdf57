"""The posts behind an alert, put into its row when it fires.

An alert about the crowd must say who moved it, also when the tape and the tables of posts are long gone. So the posts of the window
are kept beside the rules, and when an alert fires on a row of `decoupling_signals`, the texts that moved ΔV most at the instant of
that row go into it. An alert that is written again later keeps them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Final

import msgspec
import numpy as np

from scoring.crowd.explanation import movers
from scoring.crowd.texts import Posting
from scoring.duration import Duration, nanoseconds, write_instant
from scoring.records import Rows, Table

NO_POSTS: Final = "[]"
_SIGNALS: Final = f"{Table.DECOUPLING_SIGNALS}."


class WitnessSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What of the crowd is stored in an alert."""

    posts: int = 5
    """Texts at most, those that moved the mood furthest first."""


class Witness:
    """Remembers the scored posts of one asset's window and testifies when an alert fires."""

    def __init__(self, window: Duration, recent: Duration, most_posts: int, settings: WitnessSettings | None = None) -> None:
        """Look back over `window` and `recent`, as the signals do, and hold at most `most_posts` posts."""
        self._window, self._recent, self._most = window, recent, most_posts
        self._settings = settings or WitnessSettings()
        self._posts: dict[tuple[str, int], tuple[Posting, str]] = {}
        self._stored: dict[str, str] = {}

    def take(self, items: Iterable[Rows]) -> None:
        """Take final rows of `social_signals`; others are passed over."""
        for rows in items:
            if rows.table is Table.SOCIAL_SIGNALS and not rows.provisional:
                self._take(rows)

    def testify(self, alerts: Rows) -> Rows:
        """Give rows of `alerts` with the posts that moved the mood in them, and forget the posts that no later alert can rest on."""
        told = self._with_posts(alerts) if len(alerts) else alerts
        self._forget_before(alerts.through_ns - self._window)
        return told

    def _with_posts(self, alerts: Rows) -> Rows:
        columns = alerts.columns
        told = np.empty(len(alerts), object)
        for index, (alert_id, state, evidence) in enumerate(zip(columns["alert_id"], columns["state"], columns["evidence"], strict=True)):
            if alert_id not in self._stored:
                self._stored[alert_id] = self._posts_behind(evidence)
            told[index] = self._stored[alert_id]
            if state == "resolved":
                del self._stored[alert_id]
        return msgspec.structs.replace(alerts, columns={**columns, "posts": told})

    def _take(self, rows: Rows) -> None:
        names = ("posted_ns", "channel", "message_id", "text_id", "score", "excerpt")
        for posted_ns, channel, message_id, text_id, score, text in zip(*(rows.columns[name].tolist() for name in names), strict=True):
            self._posts[channel, message_id] = (Posting(posted_ns, channel, message_id, text_id, score), text)
            if len(self._posts) > self._most:
                del self._posts[next(iter(self._posts))]

    def _forget_before(self, at_ns: int) -> None:
        # A post that comes out of order stands behind older ones and is forgotten a little later than it could be.
        while self._posts and next(iter(self._posts.values()))[0].posted_ns <= at_ns:
            del self._posts[next(iter(self._posts))]

    def _posts_behind(self, evidence: str) -> str:
        """Write the texts that moved the mood the way it went at the instant of the signals that entered the rule."""
        entered = [found["instant"] for name, found in json.loads(evidence).items() if name.startswith(_SIGNALS)]
        if not entered:
            return NO_POSTS
        postings = (posting for posting, _ in self._posts.values())
        newest_ns = max(nanoseconds(datetime.fromisoformat(instant)) for instant in entered)
        moved = movers(postings, newest_ns, self._settings.posts, self._window, self._recent)
        return msgspec.json.encode(
            [
                {
                    "channel": each.posting.channel,
                    "message_id": each.posting.message_id,
                    "posted": write_instant(each.posting.posted_ns),
                    "score": each.posting.score,
                    "moved": each.delta_vibe,
                    "copies": each.copies,
                    "text": self._posts[each.posting.channel, each.posting.message_id][1],
                }
                for each in moved
            ]
        ).decode()
