"""Posts on the tape: dates in both forms, hostile texts, hostile sizes."""

from __future__ import annotations

import doctest
import gzip
import json
import re
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.wire import telegram
from connectors.wire.decoded import TALK, Decoded
from connectors.wire.telegram import (
    TELEGRAM_FEED,
    TelegramWireSettings,
    decode,
    decode_one,
    encode_deletion,
    encode_edit,
    encode_post,
)
from scoring.records import Kind, Post, PostEdit, empty_columns

MESSAGE = {"channel": "calls", "message_id": 7, "date": "2026-05-01T12:00:00Z", "author": "ann", "text": "buy"}
NOON_NS = 1_777_636_800_000_000_000
RECEIVED_NS = NOON_NS + 50


def read(payloads: list[bytes]) -> Decoded:
    found = decode(payloads, np.arange(len(payloads)) + RECEIVED_NS, np.arange(len(payloads)) + 900)
    assert found.frames() == len(payloads)
    return found


def payload(**changes: object) -> bytes:
    return json.dumps({**MESSAGE, **changes}).encode()


def test_a_post_becomes_a_row_of_its_channel() -> None:
    (batch,) = read([payload()]).batches
    assert (batch.kind, batch.symbol) == (Kind.POST, TALK)
    assert {name: column.tolist() for name, column in batch.columns.items()} == {
        "received_ns": [RECEIVED_NS],
        "event_ns": [NOON_NS],
        "channel": ["calls"],
        "message_id": [7],
        "author": ["ann"],
        "text": ["buy"],
        "assets": [""],
    }
    assert {name: column.dtype for name, column in batch.columns.items()} == {
        name: column.dtype for name, column in empty_columns(Post).items()
    }


@pytest.mark.parametrize(
    ("date", "expected_ns"),
    [
        ("2026-05-01T12:00:00Z", NOON_NS),
        ("2026-05-01T14:00:00+02:00", NOON_NS),
        ("2026-05-01T12:00:00", NOON_NS),
        ("2026-05-01T12:00:00.000001Z", NOON_NS + 1_000),
        (1_777_636_800, NOON_NS),
        (1_777_636_800.5, NOON_NS + 500_000_000),
        (0, 0),
    ],
)
def test_a_date_is_iso_or_unix_seconds(date: object, expected_ns: int) -> None:
    assert read([payload(date=date)]).batches[0]["event_ns"].tolist() == [expected_ns]


def test_channels_stay_in_tape_order_and_an_anonymous_author_is_empty() -> None:
    found = read([payload(channel="b", message_id=1), payload(channel="a", author=None), payload(channel="b", message_id=2)])
    (batch,) = found.batches
    assert batch["channel"].tolist() == ["b", "a", "b"]
    assert batch["author"].tolist() == ["ann", "", "ann"]
    assert batch["message_id"].tolist() == [1, 7, 2]


def test_a_post_from_the_future_is_refused() -> None:
    found = read([payload(date="2026-05-01T12:00:59Z"), payload(date="2026-05-01T12:02:00Z")])
    assert [refusal.reason for refusal in found.rejects] == ["posted 120 s ahead of its receipt: expected 1m at most"]


@given(st.text())
@settings(max_examples=100, deadline=None)
def test_any_text_comes_through_as_it_was(text: str) -> None:
    assert read([payload(text=text)]).batches[0]["text"].tolist() == [text]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"", "truncated"),
        (b"\xff", "malformed"),
        (b'{"channel":"\xff","message_id":1,"date":1,"text":""}', "utf-8"),
        (b'{"x":' + b"[" * 100_000, "recursion"),
        (payload(channel=""), "length >= 1"),
        (payload(message_id=-1), ">= 0"),
        (payload(message_id=1 << 64), "message_id"),
        (payload(date="yesterday"), "date"),
        (payload(date=None), "date"),
        (payload(date=-1), "date"),
        (payload(date=1e12), "date"),
        (payload(date="0001-01-01T00:00:00+14:00"), "expected one from 1970 to 2255"),
        (payload(date="9999-12-31T23:59:59Z"), "expected one from 1970 to 2255"),
        (payload(text=None), "Expected `str`"),
        (payload(kind="edited"), "Invalid enum value 'edited'"),
        (payload(kind=1), "kind"),
        (payload(kind="edit", text=None), "Expected `str`"),
        (payload(kind="edit", date="2026-05-01T12:02:00Z"), "posted 120 s ahead of its receipt"),
        (payload(kind="edit", date=1e12), "date"),
        (payload(kind="delete", message_id="7"), "message_id"),
        (b'{"kind":"delete","message_id":7}', "channel"),
        (b'{"kind":"delete"', "truncated"),
        (b" " * 1_000_001, "a post of 1000001 bytes: expected at most 1000000"),
    ],
)
def test_what_is_no_post_is_refused_with_a_reason(bad: bytes, reason: str) -> None:
    found = read([payload(), bad])
    (refusal,) = found.rejects
    assert (refusal.index, refusal.position) == (1, 901)
    assert reason in refusal.reason
    with pytest.raises(ValueError, match=re.escape(reason)):
        decode_one(bad, RECEIVED_NS)


def test_one_frame_is_read_like_many() -> None:
    assert decode_one(payload(), RECEIVED_NS) == Post(RECEIVED_NS, NOON_NS, "calls", 7, "ann", "buy", "")
    assert decode_one(encode_deletion("calls", 7), RECEIVED_NS) == PostEdit(RECEIVED_NS, RECEIVED_NS, "calls", 7, True, "")


def test_edits_and_deletions_stand_beside_the_posts_in_a_batch_of_their_own() -> None:
    found = read(
        [encode_edit("calls", 7, 1_777_636_790, "sell"), payload(), encode_deletion("calls", 7), encode_edit("calls", 8, None, "")]
    )
    edits, posts = found.batches
    assert (edits.kind, edits.symbol, posts.kind) == (Kind.EDIT, TELEGRAM_FEED, Kind.POST)
    assert posts["received_ns"].tolist() == [RECEIVED_NS + 1]
    assert {name: column.tolist() for name, column in edits.columns.items()} == {
        "received_ns": [RECEIVED_NS, RECEIVED_NS + 2, RECEIVED_NS + 3],
        "event_ns": [NOON_NS - 10_000_000_000, RECEIVED_NS + 2, RECEIVED_NS + 3],
        "channel": ["calls", "calls", "calls"],
        "message_id": [7, 7, 8],
        "deleted": [False, True, False],
        "text": ["sell", "", ""],
    }
    assert {name: column.dtype for name, column in edits.columns.items()} == {
        name: column.dtype for name, column in empty_columns(PostEdit).items()
    }


def test_a_post_that_speaks_of_kinds_is_a_post() -> None:
    (batch,) = read([payload(text="kind"), payload(text='{"kind":"delete"}'), payload(kind="post")]).batches
    assert (batch.kind, batch["text"].tolist()) == (Kind.POST, ["kind", '{"kind":"delete"}', "buy"])


@given(st.text(min_size=1), st.integers(0, (1 << 63) - 1), st.integers(0, NOON_NS // 10**9), st.text(), st.text())
@settings(max_examples=100, deadline=None)
def test_what_is_written_is_read_again(channel: str, message_id: int, date_s: int, author: str, text: str) -> None:
    written = [encode_post(channel, message_id, date_s, author, text), encode_edit(channel, message_id, date_s, text)]
    edits, posts = read([*written, encode_deletion(channel, message_id)]).batches
    assert [batch["channel"].tolist() for batch in (posts, edits)] == [[channel], [channel] * 2]
    assert [batch["message_id"].tolist() for batch in (posts, edits)] == [[message_id], [message_id] * 2]
    assert (posts["event_ns"].tolist(), edits["event_ns"].tolist()[0]) == ([date_s * 10**9], date_s * 10**9)
    assert (posts["author"].tolist(), posts["text"].tolist(), edits["text"].tolist()) == ([author], [text], [text, ""])


def test_the_examples_in_the_module_hold() -> None:
    assert doctest.testmod(telegram).failed == 0


def test_the_largest_size_is_a_setting() -> None:
    found = decode([payload()], np.array([NOON_NS]), np.array([1]), TelegramWireSettings(largest_payload=10))
    assert len(found.rejects) == 1


def test_real_posts_come_through(shared_data: Callable[[str], Path]) -> None:
    with gzip.open(shared_data("telegram/messages_2019-06_2020-12.jsonl.gz"), "rt", encoding="utf-8") as lines:
        posts = [json.loads(line) for line in islice(lines, 5_000)]
    found = read([payload(channel=str(post["channel_id"]), message_id=post["id"], date=post["date"], text=post["text"]) for post in posts])
    assert found.rejects == []
    assert sorted(text for batch in found.batches for text in batch["text"]) == sorted(post["text"] for post in posts)
