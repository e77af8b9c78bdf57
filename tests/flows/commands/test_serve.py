"""`just serve`: what it says, how it ends, and what it refuses."""

from __future__ import annotations

import csv
import json
import math
import signal
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

from connectors.outputs.exchange import Exchange, ExchangeSettings
from connectors.outputs.exchange_faults import FaultKind
from flows.commands import serve
from scoring.duration import Duration
from scoring.errors import SettingError
from tests.flows.conftest import BUNDLED, Run, clean_environment
from tests.flows.sessions import finish, start


def test_the_command_line_says_how_it_is_served(tmp_path: Path) -> None:
    script = tmp_path / "faults.toml"
    script.write_text('[[fault]]\nat = "1s"\nkind = "drop"\n')
    given = ["x", "--speed", "20x", "--port", "0", "--faults", str(script), "--lifetime", "1h", "--weight", "7", "--now"]
    settings = serve.settings_of(serve.parser().parse_args(given))
    assert (settings.speed, settings.port, settings.lifetime, settings.weight, settings.now) == (20.0, 0, Duration.parse("1h"), 7, True)
    assert [fault.kind for fault in settings.faults] == [FaultKind.DROP]


@pytest.mark.parametrize("given", [["--lifetime", "long"], ["--speed", "0x"], ["--faults", "nowhere.toml"]])
def test_what_is_not_understood_is_refused(given: list[str]) -> None:
    with pytest.raises(SettingError):
        serve.settings_of(serve.parser().parse_args(given))


def test_it_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    served = start(["flows.commands.serve", str(BUNDLED), "--port", "0", "--speed", "20x"], clean_environment(tmp_path))
    assert served.stdout is not None
    said = [served.stdout.readline() for _ in range(5)]
    assert "BTCUSDT, DOGEUSDT, ETHUSDT, 2026-03-14 12:00:00 to 12:20:00 UTC, at 20x" in said[0]
    with urllib.request.urlopen(said[3].split()[1], timeout=30) as answer:
        assert json.load(answer)["started"] is False
    served.send_signal(signal.SIGTERM)
    assert "nobody came" in finish(served, 30)


def test_it_may_end_with_the_tape(command: Run) -> None:
    done = command("flows.commands.serve", str(BUNDLED), "--port", "0", "--speed", "max", "--now", "--once")
    assert done.returncode == 0, done.stderr
    assert "0 faults planned; playing" in done.stdout


def test_a_session_that_is_none_is_refused_in_one_line(command: Run, tmp_path: Path) -> None:
    done = command("flows.commands.serve", str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith("ghosttape: ")
    assert done.stderr.count("\n") == 1


# --- the real recording --------------------------------------------------------------------------------------------------------------

GOLDEN = {1: "open", 2: "high", 3: "low", 4: "close", 5: "base_vol", 7: "quote_vol", 8: "n_trades", 9: "taker_buy_base_vol"}
"""Columns of a candle, and what they are called in the golden file."""
STREAMS = "btcusdt@trade/btcusdt@bookTicker/btcusdt@depth@100ms"


@pytest.fixture
def recording(shared_data: Callable[[str], Path], command: Run, tmp_path: Path) -> Path:
    logs = [str(shared_data(f"market/spot_btcusdt_{day}.gz")) for day in ("20240808", "20240809")]
    done = command("flows.commands.import_", *logs, "--to", str(tmp_path / "bitcoin"))
    assert done.returncode == 0, done.stderr
    return tmp_path / "bitcoin"


def test_the_real_recording_is_served_whole(recording: Path, shared_data: Callable[[str], Path]) -> None:
    with shared_data("golden/spot_btcusdt_trades_tumbling_60s.csv").open() as file:
        golden = list(csv.DictReader(file))
    with Exchange(recording, ExchangeSettings(port=0, speed=math.inf)) as exchange:
        frames = [json.loads(frame) for frame in listen(exchange)]
        candles = ask(exchange, "klines?symbol=BTCUSDT&interval=1m")
        book = ask(exchange, "depth?symbol=BTCUSDT&limit=1")
        ids = paged(exchange)
    assert len(frames) == 99_573, "all frames but the snapshot of the book, which nobody can subscribe to"
    assert ids == [frame["data"]["t"] for frame in frames if frame["stream"] == "btcusdt@trade"]
    for candle, wanted in zip(candles, golden, strict=True):
        assert candle[0] == int(wanted["window_start_ms"])
        for column, name in GOLDEN.items():
            assert math.isclose(float(candle[column]), float(wanted[name]), rel_tol=1e-12, abs_tol=1e-8), name
    last = [frame["data"] for frame in frames if frame["stream"] == "btcusdt@bookTicker"][-1]
    assert (book["bids"], book["asks"]) == ([[last["b"], last["B"]]], [[last["a"], last["A"]]])


def listen(exchange: Exchange) -> Iterator[str]:
    """Take every frame of the tape."""
    target = f"ws://127.0.0.1:{exchange.port}/stream?streams={STREAMS}"
    with connect(target, compression=None, ping_interval=None) as client:
        while True:
            try:
                yield str(client.recv(timeout=1))
            except TimeoutError:
                if exchange.ended:
                    return


def ask(exchange: Exchange, call: str) -> Any:
    with urllib.request.urlopen(f"{exchange.url}/api/v3/{call}", timeout=30) as answer:
        return json.load(answer)


def paged(exchange: Exchange) -> list[int]:
    """Get every trade over REST, a thousand at a time, as a repair does."""
    found: list[int] = []
    while rows := ask(exchange, f"historicalTrades?symbol=BTCUSDT&limit=1000&fromId={found[-1] + 1 if found else 0}"):
        found += [row["id"] for row in rows]
    return found
