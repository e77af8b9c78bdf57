"""The live feed against real websockets: what arrives is on the tape once, and closing takes no time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from connectors.inputs.binance import streams_of
from connectors.wire.binance import BINANCE_FEED
from tests.connectors.inputs.binance_run import QUICK, QUICK_CLOSE_SECONDS, Run
from tests.connectors.inputs.market_server import MarketServer, gaps_of, trade
from tests.waiting import wait_until


def test_frames_are_on_the_tape_as_they_came_and_stamped_on_arrival(run: Run, server: MarketServer) -> None:
    run.start(replace(QUICK, hosts=(server.address,)))
    server.wait_for(1)
    sent = [trade(number) for number in range(500)]
    before = time.time_ns()
    server.send(*sent)
    run.arrived(len(sent))
    after = time.time_ns()
    run.close()
    assert run.market() == sent
    assert server.paths == ["/stream?streams=btcusdt@trade&timeUnit=microsecond"]
    assert all(before <= stamp <= after for feed, stamp, _ in run.frames() if feed == BINANCE_FEED)
    assert gaps_of(run.frames()) == []
    assert run.connected == [("BTCUSDT",)]


def test_replies_and_unknown_frames_are_on_the_tape_too(run: Run, server: MarketServer) -> None:
    run.start(replace(QUICK, hosts=(server.address,)))
    server.wait_for(1)
    strange = [b'{"result":null,"id":1}', b"{", b"", b"\xff\xfe", b"x" * 100_000, trade(1)]
    server.send(*strange)
    run.arrived(len(strange))
    run.close()
    assert run.market() == strange


def test_pings_are_answered_and_fragments_put_together(run: Run, server: MarketServer) -> None:
    run.start(replace(QUICK, hosts=(server.address,)))
    server.wait_for(1)
    assert server.connections[0].ping(b"are you there").wait(5)
    server.connections[0].send(['{"stream":"btcusdt@', 'trade","data":{}}'])
    server.send(trade(1))
    run.arrived(2)
    run.close()
    assert run.market() == [b'{"stream":"btcusdt@trade","data":{}}', trade(1)]


def test_each_shard_has_a_connection_and_speaks_for_its_own_symbols(run: Run, server: MarketServer) -> None:
    feed = run.start(replace(QUICK, hosts=(server.address,), streams_per_connection=1), streams_of(["BTCUSDT", "ETHUSDT"], ["trade"]))
    server.wait_for(2)
    paths = [connection.request.path for connection in server.connections if connection.request]
    by_path = {path.split("=")[1].split("@")[0]: number for number, path in enumerate(paths)}
    server.send(trade(1), to=by_path["btcusdt"])
    server.send(trade(1, "ETHUSDT"), to=by_path["ethusdt"])
    wait_until(lambda: sum(row.frames for row in feed.health()) == 2)
    server.drop(by_path["ethusdt"])
    server.wait_for(3)
    server.send(trade(2, "ETHUSDT"))
    wait_until(lambda: sum(row.frames for row in feed.health()) == 3)
    assert [row.source for row in feed.health()] == ["binance 1/2", "binance 2/2"]
    run.close()
    assert [gap.symbol for gap in gaps_of(run.frames())] == ["ETHUSDT", "ETHUSDT"]


def test_the_time_between_two_runs_is_a_gap(run: Run, server: MarketServer) -> None:
    run.start(replace(QUICK, hosts=(server.address,)))
    server.wait_for(1)
    server.send(trade(1))
    run.arrived(1)
    run.close()
    newest_ns = run.frames()[-1][1]
    run.start(replace(QUICK, hosts=(server.address,)))
    server.wait_for(2)
    server.send(trade(9))
    run.arrived(1)
    run.close()
    gaps = gaps_of(run.frames())
    assert [(gap.from_ns, gap.to_ns > 0) for gap in gaps] == [(newest_ns, False), (newest_ns, True)]


def test_a_gap_left_open_by_an_earlier_run_is_closed_under_its_own_key(run: Run, server: MarketServer) -> None:
    run.start(replace(QUICK, hosts=(server.address,)))
    server.wait_for(1)
    server.send(trade(1))
    run.arrived(1)
    server.refusal = (503, {})
    server.drop(0)
    wait_until(lambda: run.feed.health()[0].gaps_open == 1)
    run.close()
    server.refusal = None
    run.start(replace(QUICK, hosts=(server.address,)))
    server.wait_for(2)
    server.send(trade(2))
    run.arrived(1)
    run.close()
    opened, closed = gaps_of(run.frames())
    assert (opened.from_ns, opened.to_ns) == (closed.from_ns, 0)
    assert closed.to_ns > closed.from_ns


def nothing_listens(_: MarketServer) -> str:
    return "ws://127.0.0.1:1"


def nobody_answers(_: MarketServer) -> str:
    return "ws://10.255.255.1:9"


def somebody_answers(server: MarketServer) -> str:
    return server.address


@pytest.mark.parametrize("host", [nothing_listens, nobody_answers, somebody_answers])
@pytest.mark.parametrize("after_s", [0.0, 0.15])
def test_closing_takes_no_time_in_any_state(run: Run, server: MarketServer, host: Callable[[MarketServer], str], after_s: float) -> None:
    run.start(replace(QUICK, hosts=(host(server),)))
    time.sleep(after_s)
    run.close()
    assert run.closed_in < QUICK_CLOSE_SECONDS


def test_closing_leaves_no_thread_and_no_socket_behind(run: Run, server: MarketServer) -> None:
    threads = {thread.name for thread in threading.enumerate()}
    open_files = len(list(Path("/proc/self/fd").iterdir()))
    for number in range(5):
        run.start(replace(QUICK, hosts=(server.address,)))
        server.wait_for(number + 1)
        run.close()
    wait_until(lambda: not {thread.name for thread in threading.enumerate() if thread.name.startswith("binance")} - threads)
    server.connections.clear()
    wait_until(lambda: len(list(Path("/proc/self/fd").iterdir())) <= open_files + 2)
