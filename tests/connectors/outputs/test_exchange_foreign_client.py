"""A client that is not ours, from the package index, receives what the tape holds."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from connectors.outputs.exchange import Exchange, ExchangeSettings
from tests.connectors.outputs.exchange_sessions import FIRST_ID, PER_SECOND, SECONDS, START_NS, rows, write

TRADES = SECONDS * PER_SECOND


@pytest.mark.skipif(
    importlib.util.find_spec("binance") is None, reason="a client that is not ours is not here: pip install binance-connector"
)
def test_its_streams_are_what_the_tape_holds_and_its_requests_are_answered(tmp_path: Path) -> None:
    wanted = [payload for _, payload in rows() if b'"btcusdt@trade"' in payload or b'"ethusdt@bookTicker"' in payload]
    session = write(tmp_path / "minute", {"binance": rows()})
    with Exchange(session, ExchangeSettings(port=0, speed=60.0)) as exchange:
        program = [sys.executable, str(Path(__file__).with_name("foreign_client.py")), str(exchange.port), str(len(wanted))]
        done = subprocess.run(program, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    received, answers = map(json.loads, done.stdout.splitlines())
    assert received == [json.loads(payload) for payload in wanted]
    assert answers["ping"] == {}
    assert answers["time"]["serverTime"] >= START_NS // 10**6
    assert [row["symbol"] for row in answers["exchange_info"]["symbols"]] == ["BTCUSDT", "ETHUSDT"]
    assert [row["id"] for row in answers["historical_trades"]] == [FIRST_ID, FIRST_ID + 1]
    assert [row["id"] for row in answers["trades"]] == [FIRST_ID + TRADES - 1]
    assert [(row["f"], row["l"]) for row in answers["agg_trades"]] == [(FIRST_ID, FIRST_ID + 1), (FIRST_ID + 2, FIRST_ID + 3)]
    assert [row[8] for row in answers["klines"]] == [TRADES]
    assert answers["depth"]["lastUpdateId"] == 2 * SECONDS
    assert answers["ticker_24hr"]["count"] == TRADES
