"""The live feed against a served session of real frames: rotation, shutdown and loss, compared with what was served."""

from __future__ import annotations

import gzip
import math
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from connectors.inputs.binance import streams_of
from connectors.inputs.binance_ids import event_of
from connectors.outputs.exchange import Exchange, ExchangeSettings
from connectors.outputs.exchange_faults import Fault, FaultKind
from connectors.tape.recorder import Recorder
from connectors.wire.binance import BINANCE_FEED
from scoring.duration import Duration
from tests.connectors.inputs.binance_run import QUICK, Run, ms
from tests.connectors.inputs.market_server import gaps_of
from tests.connectors.outputs.exchange_sessions import Row, write
from tests.waiting import wait_until

STREAMS = streams_of(["BTCUSDT"], ["trade", "bookTicker", "depth@100ms"])
SPEED = 20.0
FRAMES = 20_000
"""A minute and three quarters of the session, five seconds here."""
SHUTDOWN = b"serverShutdown"


@pytest.fixture(scope="module")
def rows(shared_data: Callable[[str], Path]) -> list[Row]:
    with gzip.open(shared_data("market/spot_btcusdt_20240809.gz")) as lines:
        found = [line.rstrip(b"\n").split(b" ", 1) for line in lines]
    return [(int(stamp), payload) for stamp, payload in found if payload.startswith(b'{"stream"')][:FRAMES]


@pytest.fixture(scope="module")
def session(rows: list[Row], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("served") / "real", {"binance": rows}, ("BTCUSDT",))


def listen(run: Run, exchange: Exchange, frames: int, **settings: Duration) -> None:
    """Receive until so many frames are on the tape."""
    chosen = replace(QUICK, hosts=(f"ws://127.0.0.1:{exchange.port}",), time_unit="millisecond", **settings)
    run.recorder = Recorder(run.folder, clock=exchange.clock.now)
    run.begin(chosen, STREAMS)
    run.arrived(frames)


def of_stream(frames: list[bytes], stream: str) -> list[bytes]:
    return [frame for frame in frames if frame.startswith(f'{{"stream":"{stream}"'.encode())]


def test_rotation_under_real_load_loses_and_doubles_nothing(run: Run, session: Path, rows: list[Row]) -> None:
    with Exchange(session, ExchangeSettings(port=0, speed=SPEED)) as exchange:
        listen(run, exchange, FRAMES, rotate_after=ms(700), overlap=ms(200))
        rotations = run.feed.rotations()
        health = run.feed.health()[0]
        run.close()
    served = [payload for _, payload in rows]
    for stream in STREAMS:
        assert of_stream(run.market(), stream) == of_stream(served, stream)
    assert len(run.market()) == FRAMES
    assert gaps_of(run.frames()) == [], (rotations, health)
    assert len(rotations) >= 3
    assert all(rotation.proven and rotation.duplicates > 100 for rotation in rotations)
    assert math.isnan(health.skew_ms) or -3000 < health.skew_ms < 3000  # not known for a moment after each rotation
    assert health.rate > 1000


def test_a_server_that_announces_its_end_takes_nothing_with_it(run: Run, session: Path, rows: list[Row]) -> None:
    shutdown = Fault(at=Duration.parse("20s"), kind=FaultKind.SHUTDOWN, span=Duration.parse("80s"))
    with Exchange(session, ExchangeSettings(port=0, speed=SPEED, faults=(shutdown,))) as exchange:
        listen(run, exchange, FRAMES, overlap=ms(200))
        wait_until(lambda: len(run.feed.rotations()) > 0)
        run.close()
    market = [frame for frame in run.market() if SHUTDOWN not in frame]
    served = [payload for _, payload in rows]
    assert len(run.market()) > len(market)
    for stream in STREAMS:
        assert of_stream(market, stream) == of_stream(served, stream)
    assert gaps_of(run.frames()) == []


def test_what_a_lost_connection_took_lies_inside_its_gap(run: Run, session: Path, rows: list[Row]) -> None:
    drops = tuple(Fault(at=Duration.parse(f"{second}s"), kind=FaultKind.DROP) for second in (10, 25, 40, 55, 70))
    with Exchange(session, ExchangeSettings(port=0, speed=SPEED, faults=drops)) as exchange:
        listen(run, exchange, 1)
        last = event_of(rows[-1][1])
        wait_until(lambda: event_of(newest(run)) == last)
        reconnects = run.feed.health()[0].reconnects
        run.close()
    assert reconnects == len(drops)
    gaps = gaps_of(run.frames())
    assert [gap.to_ns > 0 for gap in gaps] == [False, True] * len(drops)
    received = {event_of(payload): stamp for feed, stamp, payload in run.frames() if feed == BINANCE_FEED}
    missing = {index for index, (_, payload) in enumerate(rows) if event_of(payload) not in received}
    assert missing
    spans = [(gap.from_ns, gap.to_ns) for gap in gaps if gap.to_ns]
    for index in missing:
        before = next(received[event] for at in range(index, -1, -1) if (event := event_of(rows[at][1])) in received)
        after = next(received[event] for at in range(index, len(rows)) if (event := event_of(rows[at][1])) in received)
        assert any(start <= before <= after <= end for start, end in spans)


def newest(run: Run) -> bytes:
    """Give the newest frame on the tape."""
    chunk = run.recorder.read(max(run.recorder.end_row - 50, 0), 50)
    market = [payload for payload in chunk.payloads if payload.startswith(b'{"stream"')] if chunk else []
    return market[-1] if market else b""
