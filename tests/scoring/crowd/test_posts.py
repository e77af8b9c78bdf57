"""Posts pass through as they are."""

from __future__ import annotations

from scoring.crowd.posts import post_rows
from scoring.records import Batch, Kind, Post, PostRow, Table, columns_of, to_columns

SECOND_NS = 1_000_000_000


def batch(*posts: Post) -> Batch:
    return Batch(Kind.POST, "pumps", to_columns(Post, posts))


def post(second: int, message_id: int, text: str = "to the moon") -> Post:
    return Post((second + 2) * SECOND_NS, second * SECOND_NS, "pumps", message_id, "", text, "bitcoin")


def test_a_post_becomes_a_row_dated_by_when_it_was_posted() -> None:
    rows = post_rows(batch(post(7, 1, "\x00<b>buy</b> \U0001f680")))
    assert (rows.table, rows.symbol, rows.provisional) == (Table.POSTS, "pumps", False)
    assert list(rows.columns) == list(columns_of(PostRow))
    assert {name: column.tolist() for name, column in rows.columns.items()} == {
        "channel": ["pumps"],
        "message_id": [1],
        "posted_ns": [7 * SECOND_NS],
        "received_ns": [9 * SECOND_NS],
        "author": [""],
        "text": ["\x00<b>buy</b> \U0001f680"],
        "assets": ["bitcoin"],
    }


def test_rows_come_in_order_of_posting_and_the_later_version_of_a_post_comes_last() -> None:
    rows = post_rows(batch(post(9, 3), post(7, 1, "first"), post(7, 1, "edited")))
    assert rows.columns["message_id"].tolist() == [1, 1, 3]
    assert rows.columns["text"].tolist()[:2] == ["first", "edited"]
    assert rows.through_ns == 9 * SECOND_NS
