"""A live run against a served session lives in the session's time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from connectors.inputs.served_clock import SPEED_HEADER, ServedClock
from scoring.errors import ResourceError, SettingError


class Answer(BaseHTTPRequestHandler):
    body: ClassVar[bytes] = b'{"serverTime":1700000000000}'
    speed: ClassVar[str] = "20.0"
    refusals: ClassVar[list[int]] = []

    def do_GET(self) -> None:
        self.send_response(type(self).refusals.pop() if type(self).refusals else 200 if self.path == "/api/v3/time" else 404)
        self.send_header(SPEED_HEADER, type(self).speed)
        self.end_headers()
        self.wfile.write(type(self).body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_the_clock_starts_where_the_session_is_and_runs_as_fast(address: str) -> None:
    ticks = iter([5, 5, 1_000_000_005])
    now = ServedClock(f"{address}/", lambda: next(ticks))
    assert now() == 1_700_000_000_000_000_000
    assert now() == 1_700_000_020_000_000_000


def test_it_is_set_again_and_runs_on_where_nobody_answers(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    now_ns = [0]
    clock = ServedClock(address, lambda: now_ns[0])
    now_ns[0] = 1_000_000_000
    monkeypatch.setattr(Answer, "body", b'{"serverTime":1700000005000}')
    clock.set_again()
    assert clock() == 1_700_000_005_000_000_000
    monkeypatch.setattr(Answer, "body", b"gone")
    clock.set_again()
    now_ns[0] += 1_000_000_000
    assert clock() == 1_700_000_025_000_000_000


def test_who_refuses_for_a_while_is_asked_again(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    refusals = [503, 429, 503]
    monkeypatch.setattr(Answer, "refusals", refusals)
    assert ServedClock(address)() >= 1_700_000_000_000_000_000
    assert refusals == []


def test_who_answers_but_knows_no_time_is_no_served_session(address: str) -> None:
    with pytest.raises(ResourceError, match=r"nothing answers at .*HTTP Error 404"):
        ServedClock(f"{address}/elsewhere")


@pytest.mark.parametrize(
    ("body", "speed"),
    [(b"<html>", "20"), (b"{}", "20"), (b'{"serverTime":1}', ""), (b'{"serverTime":1}', "inf"), (b'{"serverTime":"x"}', "1")],
)
def test_what_is_no_served_session_is_refused(address: str, monkeypatch: pytest.MonkeyPatch, body: bytes, speed: str) -> None:
    monkeypatch.setattr(Answer, "body", body)
    monkeypatch.setattr(Answer, "speed", speed)
    with pytest.raises(SettingError, match=r"inputs\.follow_clock"):
        ServedClock(address)


def test_an_address_of_another_kind_is_refused() -> None:
    with pytest.raises(SettingError, match=r"file:///etc"):
        ServedClock("file:///etc/passwd")


def test_a_server_that_is_not_there_is_told_in_one_line() -> None:
    with pytest.raises(ResourceError, match=r"nothing answers at http://127\.0\.0\.1:9 .*: start `just serve` first$"):
        ServedClock("http://127.0.0.1:9")
