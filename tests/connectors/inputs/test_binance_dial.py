"""Hosts are tried in turn, and each refusal says in one line what to do."""

from __future__ import annotations

import ssl
import threading
import time

import pytest
from msgspec.structs import replace

from connectors.inputs.binance_dial import Dialled, Dialler, Refused
from connectors.inputs.binance_settings import BinanceSettings
from connectors.inputs.binance_shards import ConnectionBudget
from scoring.duration import Duration
from tests.connectors.inputs.market_server import MarketServer
from tests.waiting import wait_until

NOWHERE = "ws://127.0.0.1:1"
SETTINGS = BinanceSettings(open_timeout=Duration.parse("2s"))


def dialler(*hosts: str, attempts: int = 300) -> Dialler:
    return Dialler(replace(SETTINGS, hosts=hosts), "/stream", ConnectionBudget(attempts, 300.0), lambda: None)


def test_the_host_that_answered_last_is_tried_first_again(server: MarketServer) -> None:
    dialling = dialler(NOWHERE, server.address)
    first, second = dialling.dial(), dialling.dial()
    assert isinstance(first, Dialled)
    assert isinstance(second, Dialled)
    assert (first.host, second.host) == (server.address, server.address)
    assert NOWHERE in first.refusals
    assert second.refusals == ""
    first.client.close()
    second.client.close()


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (451, "it does not serve this location: name a host that does in inputs.binance.hosts"),
        (403, "its firewall refuses this network"),
        (429, "too many connections from this network"),
        (418, "this network is banned"),
        (404, "it has no market data streams"),
        (503, "it refuses a websocket: trying again"),
    ],
)
def test_a_refusal_says_what_to_do(server: MarketServer, status: int, advice: str) -> None:
    server.refusal = (status, {"Retry-After": "7"})
    outcome = dialler(server.address, NOWHERE).dial()
    assert isinstance(outcome, Refused)
    assert outcome.reason.startswith(f"{server.address}: HTTP {status}: {advice}")
    assert "Connection refused" in outcome.reason
    assert "\n" not in outcome.reason
    assert outcome.wait_s == 7


def test_what_is_no_address_is_said() -> None:
    outcome = dialler("http://127.0.0.1:1").dial()
    assert isinstance(outcome, Refused)
    assert "no address of a websocket" in outcome.reason


def test_a_name_nobody_has_is_said() -> None:
    outcome = dialler("ws://nobody.invalid").dial()
    assert isinstance(outcome, Refused)
    assert "check the address and the network" in outcome.reason


def test_tls_that_fails_is_said(server: MarketServer) -> None:
    outcome = dialler(f"wss://127.0.0.1:{server.port}").dial()
    assert isinstance(outcome, Refused)
    assert "\n" not in outcome.reason
    assert outcome.reason.startswith("wss://127.0.0.1")
    assert ssl.OPENSSL_VERSION  # the error is the library's own; which one depends on it


def test_the_budget_is_kept(server: MarketServer) -> None:
    told = threading.Event()
    dialling = Dialler(replace(SETTINGS, hosts=(NOWHERE, server.address)), "/stream", ConnectionBudget(1, 300.0), told.set)
    dialling.start()
    time.sleep(0.1)
    assert dialling.busy
    assert server.paths == []
    dialling.close()
    assert not told.is_set()


def test_a_connection_nobody_took_is_closed(server: MarketServer) -> None:
    told = threading.Event()
    dialling = Dialler(replace(SETTINGS, hosts=(server.address,)), "/stream", ConnectionBudget(9, 300.0), told.set)
    dialling.start()
    dialling.start()
    assert told.wait(5)
    dialling.close()
    server.wait_for(1)
    wait_until(lambda: server.connections[0].close_code is not None)
    assert len(server.paths) == 1
    assert dialling.take() is None
