"""A served session, from outside: over real sockets."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from connectors.outputs.exchange import Exchange, ExchangeSettings
from connectors.outputs.exchange_faults import Fault, FaultKind
from scoring.duration import Duration
from tests.connectors.outputs.exchange_sessions import FIRST_ID, PER_SECOND, SECONDS, get, rows, write

TRADES = SECONDS * PER_SECOND


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("served") / "minute", {"binance": rows()})


@pytest.fixture
def exchange(session: Path) -> Iterator[Exchange]:
    with Exchange(session, ExchangeSettings(port=0, speed=math.inf)) as served:
        yield served


def take(exchange: Exchange, target: str, most: int) -> list[str]:
    """Listen until so many frames have come."""
    with connect(f"ws://127.0.0.1:{exchange.port}{target}", compression=None) as client:
        return [str(client.recv(timeout=10)) for _ in range(most)]


def collect(client: ClientConnection, frames: list[int]) -> None:
    """Note ids of trades until the connection ends."""
    while True:
        frames.append(json.loads(client.recv(timeout=10))["t"])


def test_a_client_gets_what_the_tape_holds_of_its_streams(exchange: Exchange) -> None:
    wanted = [payload.decode() for _, payload in rows() if b'"btcusdt@trade"' in payload]
    assert take(exchange, "/stream?streams=btcusdt@trade", TRADES) == wanted


def test_a_raw_stream_has_no_wrapper(exchange: Exchange) -> None:
    frames = take(exchange, "/ws/btcusdt@trade", TRADES)
    assert [json.loads(frame)["t"] for frame in frames] == list(range(FIRST_ID, FIRST_ID + TRADES))


def test_rest_knows_what_has_been_played(exchange: Exchange) -> None:
    assert get(exchange, "/api/v3/trades?symbol=BTCUSDT")[1] == []
    take(exchange, "/ws/btcusdt@trade", TRADES)
    status, found, _ = get(exchange, f"/api/v3/historicalTrades?symbol=BTCUSDT&fromId={FIRST_ID + 7}&limit=3")
    assert (status, [row["id"] for row in found]) == (200, [FIRST_ID + 7, FIRST_ID + 8, FIRST_ID + 9])


def test_a_dropped_connection_ends_without_a_goodbye(session: Path) -> None:
    drop = Fault(at=Duration.parse("10s"), kind=FaultKind.DROP)
    with (
        Exchange(session, ExchangeSettings(port=0, speed=60.0, faults=(drop,))) as served,
        connect(f"ws://127.0.0.1:{served.port}/ws/btcusdt@trade") as client,
    ):
        frames: list[int] = []
        with pytest.raises(ConnectionClosed) as closed:
            collect(client, frames)
        assert closed.value.rcvd is None
        assert frames == list(range(FIRST_ID, FIRST_ID + len(frames)))
        assert len(frames) <= 10 * PER_SECOND
        assert served.counts["drop"] == 1


def test_an_address_that_leads_nowhere_is_refused(exchange: Exchange) -> None:
    with pytest.raises(InvalidStatus) as refused, connect(f"ws://127.0.0.1:{exchange.port}/nowhere"):
        pass
    assert refused.value.response.status_code == 404
