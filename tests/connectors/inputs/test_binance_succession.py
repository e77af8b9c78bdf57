"""A link is replaced step by step, each at its time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.inputs.binance_link import Link
from connectors.inputs.binance_succession import NEVER, Rotation, Succession
from connectors.inputs.websocket_client import dial
from tests.connectors.inputs.market_server import MarketServer, trade


@pytest.fixture
def links() -> Iterator[tuple[Link, Link]]:
    with MarketServer() as server:
        clients = [dial(server.address, 5), dial(server.address, 5)]
        yield Link(clients[0], "old", [], 4.0), Link(clients[1], "new", [], 4.0)
        for client in clients:
            client.close()


def test_nothing_is_due_before_the_successor_is_ready(links: tuple[Link, Link]) -> None:
    old, new = links
    succession = Succession(3.0)
    assert succession.passing(old, [trade(1)]) == [trade(1)]
    succession.successor = new
    assert (succession.due_at, succession.settling) == (NEVER, False)
    succession.begin(100.0)
    assert succession.due_at == 103.0


def test_an_old_link_that_lags_is_waited_for_once_more(links: tuple[Link, Link]) -> None:
    old, new = links
    succession = Succession(3.0)
    succession.passing(old, [trade(1)])
    succession.successor = new
    succession.begin(100.0)
    assert succession.passing(new, [trade(3)]) == []
    assert succession.due_at == 106.0
    assert succession.settle(7, 106.0) == (Rotation(7, 6.0, 0, False), [trade(3)])


def test_the_new_link_alone_may_repeat_the_old_one_for_a_while(links: tuple[Link, Link]) -> None:
    old, new = links
    succession = Succession(3.0)
    succession.successor = new
    succession.begin(100.0)
    assert succession.passing(old, [trade(1), trade(2), trade(3)]) == [trade(1), trade(2), trade(3)]
    assert succession.passing(new, [trade(2)]) == []
    assert succession.settle(7, 103.0) == (Rotation(7, 3.0, 1, True), [])
    assert succession.settling
    assert succession.passing(new, [trade(3), trade(4)]) == [trade(4)]
    assert succession.due_at == 106.0
