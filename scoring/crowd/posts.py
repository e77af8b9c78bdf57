"""`posts`: what was said, as it was said.

Nothing is judged here. A post that is sent again, edited or fetched twice has the same channel and number; that key makes the
later one count.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from scoring.records import Batch, Kind, MarketItem, Rows, Table


class Posts:
    """Posts of one channel."""

    def __init__(self, channel: str) -> None:
        """Start without a post."""
        self.channel = channel
        self.through_ns = 0
        """Newest posting time seen."""

    def update(self, items: Iterable[MarketItem]) -> list[Rows]:
        """Take items of the channel in tape order; give each of its batches of posts as rows."""
        told = []
        for item in items:
            if isinstance(item, Batch) and item.kind == Kind.POST and len(item):
                rows = post_rows(item, self.through_ns)
                self.through_ns = rows.through_ns
                told.append(rows)
        return told


def post_rows(posts: Batch, through_ns: int = 0) -> Rows:
    """Turn a batch of posts, at least one, into rows in order of posting; `through_ns` is the newest posting time before it."""
    order = np.argsort(posts["event_ns"], kind="stable")
    columns = {
        "channel": posts["channel"][order],
        "message_id": posts["message_id"][order],
        "posted_ns": posts["event_ns"][order],
        "received_ns": posts["received_ns"][order],
        "author": posts["author"][order],
        "text": posts["text"][order],
        "assets": posts["assets"][order],
    }
    return Rows(Table.POSTS, posts.symbol, columns, max(through_ns, int(columns["posted_ns"][-1])))
