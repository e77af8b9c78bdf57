"""Headlines."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings

from connectors.wire.news import decode, message_id
from scoring.records import Kind
from tests.connectors.wire.body_laws import START_NS, assert_every_frame_has_one_fate, hostile, read

COINDESK = b'{"source":"coindesk","guid":"a","published":"2026-05-28T22:20:00+02:00","title":"Up","link":"https://x.test/a"}'
DECRYPT = b'{"source":"decrypt","guid":"a","published":"2026-05-28T20:20:00","title":"Down","link":"javascript:alert(1)"}'
PUBLISHED_NS = 1_779_999_600_000_000_000


def test_a_headline_is_news_and_a_post() -> None:
    news, posts = read(decode, COINDESK).batches
    assert (news.kind, news.symbol, posts.kind, posts.symbol) == (Kind.NEWS, "coindesk", Kind.POST, "talk")
    assert {name: column.tolist() for name, column in news.columns.items()} == {
        "received_ns": [START_NS],
        "event_ns": [PUBLISHED_NS],
        "source": ["coindesk"],
        "guid": ["a"],
        "title": ["Up"],
        "link": ["https://x.test/a"],
    }
    assert {name: column.tolist() for name, column in posts.columns.items()} == {
        "received_ns": [START_NS],
        "event_ns": [START_NS],
        "channel": ["news/coindesk"],
        "message_id": [message_id("a")],
        "author": [""],
        "text": ["Up"],
        "assets": [""],
    }


def test_posts_of_all_sources_keep_the_order_of_the_tape() -> None:
    found = read(decode, DECRYPT, COINDESK, DECRYPT)
    assert [(batch.kind, batch.symbol, len(batch)) for batch in found.batches] == [
        (Kind.NEWS, "coindesk", 1),
        (Kind.NEWS, "decrypt", 2),
        (Kind.POST, "talk", 3),
    ]
    assert found.batches[2]["channel"].tolist() == ["news/decrypt", "news/coindesk", "news/decrypt"]


def test_a_date_without_a_zone_is_utc_and_only_web_addresses_are_links() -> None:
    news = read(decode, DECRYPT).batches[0]
    assert (news["event_ns"].tolist(), news["link"].tolist()) == ([PUBLISHED_NS], [""])


@pytest.mark.parametrize(
    "published", [b"null", b'"2200-01-01T00:00:00Z"', b'"9999-12-31T23:59:59Z"', b'"1970-01-01T00:00:00Z"', b'"0001-01-01T00:00:00Z"']
)
def test_a_headline_without_a_date_that_can_be_is_as_old_as_its_receipt(published: bytes) -> None:
    for batch in read(decode, b'{"source":"s","guid":"g","title":"t","published":' + published + b"}").batches:
        assert batch["event_ns"].tolist() == [START_NS]


@pytest.mark.parametrize(("before_s", "kinds"), [(900, [Kind.NEWS, Kind.POST]), (901, [Kind.NEWS])])
def test_an_old_headline_is_no_post(before_s: int, kinds: list[Kind]) -> None:
    published = dt.datetime.fromtimestamp(START_NS // 10**9 - before_s, dt.UTC).isoformat().encode()
    found = read(decode, b'{"source":"s","guid":"g","title":"t","published":"' + published + b'"}')
    assert [batch.kind for batch in found.batches] == kinds


def test_numbers_of_headlines_are_not_negative_and_differ() -> None:
    numbers = {message_id(str(number)) for number in range(1_000)}
    assert len(numbers) == 1_000
    assert all(0 <= number < 1 << 63 for number in numbers)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<html>no feed here</html>", "malformed"),
        (b'{"source":"","guid":"g","title":"t","published":null}', "length >= 1"),
        (b'{"source":"s","guid":"g","title":"","published":null}', "length >= 1"),
        (b'{"source":"s","guid":"g","title":"t","published":"yesterday"}', "datetime"),
        (b'{"source":"s","guid":"\xff","title":"t","published":null}', "utf-8"),
    ],
)
def test_what_is_no_headline_is_refused(body: bytes, reason: str) -> None:
    found = read(decode, COINDESK, body)
    (refusal,) = found.rejects
    assert (refusal.index, refusal.position, [len(batch) for batch in found.batches]) == (1, 901, [1, 1])
    assert reason in refusal.reason


@settings(max_examples=60, deadline=None)
@given(hostile([COINDESK, DECRYPT]))
def test_every_headline_has_one_fate(payloads: list[bytes]) -> None:
    assert_every_frame_has_one_fate(decode, payloads)
    found = read(decode, *payloads)
    counts = {kind: sum(len(batch) for batch in found.batches if batch.kind is kind) for kind in (Kind.NEWS, Kind.POST)}
    assert counts[Kind.NEWS] == counts[Kind.POST] == len(payloads) - len(found.rejects)
