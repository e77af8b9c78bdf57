"""The bundled session with a third of its trades torn out, served as an exchange, repaired through the tape: every trade is back."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from connectors.inputs.binance_rest import BinanceRest, RestSettings
from connectors.inputs.repair import RepairFeed
from connectors.inputs.repair_queue import QueueSettings
from connectors.inputs.repair_settings import RepairSettings
from connectors.outputs.exchange import Exchange, ExchangeSettings
from connectors.tape.reader import FrameReader
from connectors.tape.recorder import Recorder
from connectors.wire.binance import BinanceWireSettings, decode
from scoring.duration import Duration
from scoring.market.continuity import Continuity
from scoring.records import Batch, Gap, Kind
from tests.conftest import ROOT

SESSION = ROOT / "recordings" / "session"
SYMBOLS = ("BTCUSDT", "ETHUSDT", "DOGEUSDT")
WIRE = BinanceWireSettings(SYMBOLS)


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    with Exchange(SESSION, ExchangeSettings(port=0, speed=float("inf"), now=True, weight=1_000_000)) as served:
        deadline = time.monotonic() + 30
        while not served.ended:
            assert served.failure is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield served


def trade_frames() -> list[tuple[int, bytes]]:
    reader = FrameReader(SESSION / "frames" / "binance")
    found: list[tuple[int, bytes]] = []
    row = reader.first_row
    while (chunk := reader.read(row, 20_000)) is not None:
        row += len(chunk)
        found += [pair for pair in zip(chunk.received_ns.tolist(), chunk.payloads, strict=True) if b'@trade"' in pair[1][:40]]
    reader.close()
    return found


def torn(frames: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """Leave out stretches of frames, as a lost connection does, and single ones."""
    dice = random.Random(4)
    kept, skip = [frames[:300]], 0
    for at in range(300, len(frames), 100):
        skip = dice.randrange(1, 12) if skip == 0 and dice.random() < 0.05 else max(0, skip - 1)
        kept.append([] if skip else [frame for frame in frames[at : at + 100] if dice.random() > 0.002])
    return [frame for part in kept for frame in part]


def ids_of(frames: list[tuple[int, bytes]]) -> dict[str, list[int]]:
    instants = np.array([received_ns for received_ns, _ in frames])
    decoded = decode([payload for _, payload in frames], instants, np.arange(len(frames)), WIRE)
    return {batch.symbol: batch["trade_id"].tolist() for batch in decoded.batches}


def test_every_trade_the_exchange_has_is_on_the_tape_in_the_end(tmp_path: Path, exchange: Exchange) -> None:
    whole = trade_frames()
    broken = torn(whole)
    assert 0.1 < 1 - len(broken) / len(whole) < 0.6
    recorder = Recorder(tmp_path / "frames" / "live", clock=lambda: whole[-1][0] + 10**9)
    quick = RepairSettings(QueueSettings(tries=1), settle=Duration.parse("1ms"), retry=Duration.parse("1ms"), warm_minutes=20)
    feed = RepairFeed(BinanceRest(RestSettings((exchange.url,), weight_per_minute=1_000_000)), quick)
    for received_ns, payload in broken:
        recorder.put(received_ns, "binance", payload)
    recorder.flush()
    feed.start(recorder)
    feed.probe(SYMBOLS)
    states = {symbol: Continuity(symbol) for symbol in SYMBOLS}
    seen: dict[str, list[int]] = {symbol: [] for symbol in SYMBOLS}
    expected = {symbol: sorted(set(ids)) for symbol, ids in ids_of(whole).items()}
    candles: dict[str, int] = {}
    row, deadline = 0, time.monotonic() + 60
    while any(len(seen[symbol]) < len(expected[symbol]) for symbol in SYMBOLS) or len(candles) < len(SYMBOLS):
        assert time.monotonic() < deadline, {symbol: (len(seen[symbol]), len(expected[symbol])) for symbol in SYMBOLS}
        chunk = recorder.read(row, 5_000)
        if chunk is None:
            recorder.wait(row, 0.01)
            continue
        row += len(chunk)
        at = chunk.rows_of("binance")
        decoded = decode([chunk.payloads[index] for index in at.tolist()], chunk.received_ns[at], at, WIRE)
        assert decoded.rejects == []
        for batch in decoded.batches:
            if batch.kind is Kind.CANDLE:
                candles[batch.symbol] = candles.get(batch.symbol, 0) + len(batch)
                continue
            passed = states[batch.symbol].update([batch])
            feed.take([item for item in passed if isinstance(item, Gap)])
            seen[batch.symbol] += [number for item in passed if isinstance(item, Batch) for number in item["trade_id"].tolist()]
    feed.close()
    recorder.close()
    for symbol in SYMBOLS:
        assert sorted(seen[symbol]) == expected[symbol]  # all, and each once
        assert candles[symbol] >= 19
