"""One question and its answer, from a site that behaves and one that does not."""

from __future__ import annotations

import gzip
import socket
import threading
import time

import pytest
import requests

from connectors.inputs.answers import Answer, AskingSettings, NoAnswer, Question, ask, seconds_of
from scoring.duration import Duration
from tests.connectors.inputs.answering import Reply, serving

QUICK = AskingSettings(silence=Duration.parse("300ms"), longest_answer=Duration.parse("500ms"), largest_body=10_000)


def put(question: Question, settings: AskingSettings = QUICK, stopped: threading.Event | None = None) -> Answer:
    with requests.Session() as session:
        return ask(session, question, settings, stopped or threading.Event())


def test_an_answer_comes_with_what_to_ask_next_time_with() -> None:
    reply = Reply(b'{"a":1}', headers={"ETag": '"x"', "Last-Modified": "Fri, 01 May 2026 12:00:00 GMT"})
    with serving({"/a": [reply, Reply(status=304)]}) as site:
        first = put(Question(f"{site.address}/a", {"limit": "2", "ids": "a,b"}))
        second = put(Question(f"{site.address}/a", etag=first.etag, last_modified=first.last_modified))
    assert (first.status, first.body, first.hold_s) == (200, b'{"a":1}', 0.0)
    assert (second.status, second.body) == (304, b"")
    asked, again = site.asked
    assert asked.path == "/a?limit=2&ids=a%2Cb"
    assert asked.headers["user-agent"] == "ghosttape"
    assert "if-none-match" not in asked.headers
    assert "if-modified-since" not in asked.headers
    assert again.headers["if-none-match"] == '"x"'
    assert again.headers["if-modified-since"] == "Fri, 01 May 2026 12:00:00 GMT"


def test_a_compressed_body_is_unfolded() -> None:
    with serving({"/": [Reply(gzip.compress(b"x" * 9_000), headers={"Content-Encoding": "gzip"})]}) as site:
        assert put(Question(f"{site.address}/")).body == b"x" * 9_000


@pytest.mark.parametrize("pieces", [1, 5])
def test_a_body_that_grows_too_large_is_dropped(pieces: int) -> None:
    with serving({"/": [Reply(b"x" * 2_000_000, pieces=pieces)]}) as site, pytest.raises(NoAnswer, match="more than 10000 bytes"):
        put(Question(f"{site.address}/"))


def test_a_small_body_that_unfolds_into_a_large_one_is_dropped() -> None:
    bomb = gzip.compress(b"\0" * 5_000_000)
    assert len(bomb) < QUICK.largest_body
    reply = Reply(bomb, headers={"Content-Encoding": "gzip"})
    with serving({"/": [reply]}) as site, pytest.raises(NoAnswer, match="more than 10000 bytes"):
        put(Question(f"{site.address}/"))


def test_silence_is_given_up() -> None:
    with serving({"/": [Reply(b"late", delay_s=2.0)]}) as site, pytest.raises(NoAnswer, match="timed out"):
        put(Question(f"{site.address}/"))


def test_a_body_that_drips_is_given_up() -> None:
    with serving({"/": [Reply(b"x" * 1_000_000, delay_s=0.1, pieces=100)]}) as site:
        started = time.monotonic()
        with pytest.raises(NoAnswer, match="more than 500ms"):
            put(Question(f"{site.address}/"), AskingSettings(silence=QUICK.silence, longest_answer=QUICK.longest_answer))
    assert time.monotonic() - started < 3


def test_an_answer_that_is_not_wanted_any_more_is_given_up() -> None:
    stopped = threading.Event()
    stopped.set()
    with serving({"/": [Reply(b"x")]}) as site, pytest.raises(NoAnswer, match="stopped"):
        put(Question(f"{site.address}/"), stopped=stopped)


def test_nobody_there_is_said_in_one_line_without_the_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    with pytest.raises(NoAnswer) as raised:
        put(Question(f"http://127.0.0.1:{port}/feed?token=hidden"))
    assert str(raised.value) == f"127.0.0.1:{port}: [Errno 111] Connection refused"


@pytest.mark.parametrize("address", ["nowhere", "http://", "ftp://127.0.0.1/", "http://[::1", "http://*.test/"])
def test_an_address_that_is_none_is_no_answer(address: str) -> None:
    with pytest.raises(NoAnswer):
        put(Question(address))


def test_a_broken_body_is_no_answer() -> None:
    short = Reply(b"not gzip at all", headers={"Content-Encoding": "gzip"})
    with serving({"/": [short]}) as site, pytest.raises(NoAnswer):
        put(Question(f"{site.address}/"))


def test_redirects_are_followed_unless_a_secret_would_go_along() -> None:
    with serving({"/there": [Reply(b"found")]}) as there:
        moved = Reply(status=301, headers={"Location": f"{there.address}/there"})
        with serving({"/": [moved]}) as here:
            assert put(Question(f"{here.address}/")).body == b"found"
            assert put(Question(f"{here.address}/", secrets={"x-key": "secret"})).status == 301
        assert here.asked[1].headers["x-key"] == "secret"
        assert len(there.asked) == 1


def test_a_site_that_asks_for_a_pause_gets_a_bounded_one() -> None:
    replies = [Reply(status=429, headers={"Retry-After": text}) for text in ("7", "9" * 400, "soon")]
    with serving({"/": replies}) as site:
        holds = [put(Question(f"{site.address}/")).hold_s for _ in replies]
    assert holds == [7.0, 86_400.0, 0.0]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("", 0.0), ("-1", 0.0), ("1.5", 0.0), ("²", 0.0), ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0), ("Thu, 01 Jan 99999 00:00:00 GMT", 0.0)],
)
def test_what_names_no_later_instant_asks_for_no_pause(text: str, seconds: float) -> None:
    assert seconds_of(text, 100.0) == seconds
