"""A link subscribes at the allowed pace and hears what is no market data."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.inputs.binance_link import Link
from connectors.inputs.websocket_client import WebSocketClient, dial
from tests.connectors.inputs.market_server import MarketServer, trade
from tests.waiting import wait_until

NEVER = float("inf")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def client(server: MarketServer) -> Iterator[WebSocketClient]:
    opened = dial(server.address, 5)
    yield opened
    opened.close()


def test_messages_go_out_at_the_allowed_pace(server: MarketServer, client: WebSocketClient) -> None:
    clock = Clock()
    link = Link(client, "host", [b"1", b"2", b"3"], 4.0, clock)
    sent_at = []
    while link.sends_at != NEVER:
        clock.now = link.sends_at
        sent_at.append(clock.now)
        link.keep_pace()
        link.keep_pace()  # not due yet
    assert sent_at == [100.0, 100.25, 100.5]
    wait_until(lambda: [text for _, text in server.heard] == ["1", "2", "3"])


def test_a_link_is_ready_after_the_last_reply(client: WebSocketClient) -> None:
    assert Link(client, "host", [], 4.0).ready
    link = Link(client, "host", [b"1", b"2"], 4.0)
    link.hear(7, [trade(1), b'{"result":null,"id":2}', b'{"result":null,"id":"x"}', b'{"result":null,"id":null}'])
    assert (link.ready, link.heard, link.last_ns) == (False, True, 7)
    link.hear(8, [b'{"error":{"code":2,"msg":"Invalid request"},"id":1}'])
    assert (link.ready, link.last_ns) == (True, 8)
    assert link.error == 'host: {"code":2,"msg":"Invalid request"}'


def test_replies_and_notices_are_no_market_data(client: WebSocketClient) -> None:
    link = Link(client, "host", [], 4.0)
    link.hear(1, [b'{"result":null,"id":1}', b"{", b"\xff", b"", b"[]", b'{"stream":"!ticker@arr","data":[]}'])
    assert not link.heard
    assert not link.shutting_down


@pytest.mark.parametrize(
    "notice",
    [b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1}}', b'{"e":"serverShutdown","E":1770123456789}'],
)
def test_a_server_that_will_go_is_heard(client: WebSocketClient, notice: bytes) -> None:
    link = Link(client, "host", [], 4.0)
    link.hear(1, [trade(1), notice])
    assert link.shutting_down


def test_a_link_is_given_up_when_nothing_comes_or_no_reply(client: WebSocketClient) -> None:
    clock = Clock()
    link = Link(client, "host", [b"1"], 4.0, clock)
    clock.now = 101.0
    link.keep_pace()
    assert link.gives_up_at(15.0) == 115.0
    clock.now = 110.0
    link.hear(1, [trade(1)])
    assert link.gives_up_at(15.0) == pytest.approx(116.25)  # the reply is missing
    link.hear(2, [b'{"result":null,"id":1}'])
    assert link.gives_up_at(15.0) == 125.0
