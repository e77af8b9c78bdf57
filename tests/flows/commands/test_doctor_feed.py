"""The port of the feed: free, ours, or somebody else's."""

from __future__ import annotations

import socket

import pytest
from msgspec.structs import replace

from connectors.outputs.feed import FeedPartition, FeedSettings
from flows.commands.doctor_checks import Mark
from flows.commands.doctor_feed import address, port, running_feed
from scoring.feed import Hello
from scoring.records import SourceHealth
from tests.connectors.inputs.answering import Reply, serving
from tests.flows.sessions import free_ports

FREE = FeedSettings(port=0)


def test_a_free_port_is_taken_and_let_go() -> None:
    settings = FeedSettings(port=free_ports(1)[0])
    for _ in range(2):
        (found,) = port(settings)
        assert (found.mark, found.found) == (Mark.OK, f"{settings.port} on 127.0.0.1 is free")
    assert next(port(FREE)).found == "any free one"


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_feed_of_ours_says_how_it_is(host: str) -> None:
    feed = FeedPartition(replace(FREE, host=host), Hello("0.1.0", "live", "live", [], []))
    settings = FeedSettings(host=host, port=feed.port)
    try:
        (found,) = port(settings)
        assert (found.mark, found.found) == (Mark.OK, f"{feed.port} on {host} is a feed of ours: live, running, 0 clients")
        feed.write_batch([SourceHealth("binance 1/1", 1, "down"), SourceHealth("telegram", 1, "live")])
        (found,) = port(settings)
        assert found.mark is Mark.WARNING
        assert found.found.endswith("degraded, 0 clients; binance 1/1 is down")
    finally:
        feed.close()


def test_a_program_that_is_not_ours_has_the_port() -> None:
    with serving({"/healthz": [Reply(b'{"status":"UP"}')]}) as site:
        settings = FeedSettings(port=site.server.server_port)
        (found,) = port(settings)
    assert found.mark is Mark.FAILED
    assert "is in use: stop the program that has it" in found.found


def test_a_program_that_says_nothing_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert running_feed(FeedSettings(port=silent.getsockname()[1])) is None


@pytest.mark.parametrize(
    ("host", "token", "mark", "said"),
    [
        ("127.0.0.1", "", Mark.OK, "only programs on this machine reach it"),
        ("0.0.0.0", "", Mark.FAILED, "a feed.token to go with it"),
        ("0.0.0.0", "short", Mark.WARNING, "a token of 5 characters"),
        ("0.0.0.0", "a-long-enough-token", Mark.OK, "with a token"),
    ],
)
def test_an_address_that_others_reach_needs_a_token(host: str, token: str, mark: Mark, said: str) -> None:
    (found,) = address(FeedSettings(host=host, token=token))
    assert found.mark is mark
    assert said in found.found
    assert not token or token not in found.found
