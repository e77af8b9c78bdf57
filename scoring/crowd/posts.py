"""`posts`: what was said, as it was said.

Nothing is judged here. A post that is sent again, edited or fetched twice has the same channel and number; that key makes the
later one count.
"""

from __future__ import annotations

import numpy as np

from scoring.records import Batch, Rows, Table


def post_rows(posts: Batch) -> Rows:
    """Turn a batch of posts, at least one, into rows in order of posting."""
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
    return Rows(Table.POSTS, posts.symbol, columns, int(columns["posted_ns"][-1]))
