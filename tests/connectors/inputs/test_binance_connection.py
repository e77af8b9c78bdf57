"""The life of a connection against real websockets: what does not arrive is said, and a rotation loses and doubles nothing."""

from __future__ import annotations

import itertools
import re
import threading
import time

import pytest
from msgspec.structs import replace
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection

from connectors.inputs.binance import streams_of
from connectors.wire.binance import BINANCE_FEED
from scoring.duration import Duration
from tests.connectors.inputs.binance_run import QUICK, QUICK_CLOSE_SECONDS, Run, ms
from tests.connectors.inputs.market_server import MarketServer, gaps_of, trade
from tests.waiting import wait_until


def test_a_dropped_connection_is_a_gap_and_comes_back(run: Run, server: MarketServer) -> None:
    feed = run.start(replace(QUICK, hosts=(server.address,)))
    for number in range(3):
        server.wait_for(number + 1)
        server.send(trade(number))
        run.arrived(number + 1)
        server.drop(number)
    server.wait_for(4)
    server.send(trade(3))
    run.arrived(4)
    health = feed.health()[0]
    run.close()
    assert run.market() == [trade(number) for number in range(4)]
    assert (health.reconnects, health.state, health.gaps_open) == (3, "live", 0)
    assert "connecting again" in health.last_error
    gaps = gaps_of(run.frames())
    stamps = [stamp for feed_name, stamp, _ in run.frames() if feed_name == BINANCE_FEED]
    assert [(gap.from_ns, gap.to_ns) for gap in gaps] == [
        span for number in range(3) for span in ((stamps[number], 0), (stamps[number], stamps[number + 1]))
    ]
    assert {(gap.source, gap.symbol, gap.kind, gap.reason) for gap in gaps} == {("live", "*", "*", "disconnected")}
    assert run.connected == [("BTCUSDT",)] * 4


def test_the_end_of_a_gap_stands_before_the_first_frame_behind_it(run: Run, server: MarketServer) -> None:
    run.start(replace(QUICK, hosts=(server.address,)))
    server.wait_for(1)
    server.send(trade(1))
    run.arrived(1)
    server.drop(0)
    server.wait_for(2)
    server.send(trade(2))
    run.arrived(2)
    run.close()
    feeds = [feed for feed, _, _ in run.frames() if feed != "clock"]
    assert feeds == ["binance", "gap", "gap", "binance"]


def test_a_silent_connection_is_given_up(run: Run, server: MarketServer) -> None:
    feed = run.start(replace(QUICK, hosts=(server.address,), silence=ms(1000), stale=ms(200)))
    server.wait_for(1)
    server.send(trade(1))
    run.arrived(1)
    wait_until(lambda: feed.health()[0].state == "stale")
    server.wait_for(2)
    server.send(trade(2))
    run.arrived(2)
    health = feed.health()[0]
    run.close()
    assert "nothing came for 1s" in health.last_error
    assert [gap.to_ns > 0 for gap in gaps_of(run.frames())] == [False, True]


def ping(connection: ServerConnection) -> None:
    """Send pings until the connection ends."""
    for number in itertools.count():
        try:
            connection.ping(b"%d" % number)
        except ConnectionClosed:
            return
        time.sleep(0.02)


def test_pings_alone_do_not_keep_a_silent_connection(run: Run, server: MarketServer) -> None:
    run.start(replace(QUICK, hosts=(server.address,), silence=ms(300)))
    server.wait_for(1)
    pings = threading.Thread(target=ping, args=(server.connections[0],), daemon=True)
    pings.start()
    server.wait_for(2)
    run.close()
    pings.join()


def test_a_host_that_refuses_tcp_is_passed_over(run: Run, server: MarketServer) -> None:
    feed = run.start(
        replace(
            QUICK,
            hosts=(
                "ws://127.0.0.1:1",
                server.address,
            ),
        )
    )
    server.wait_for(1)
    server.send(trade(1))
    run.arrived(1)
    health = feed.health()[0]
    run.close()
    assert (health.state, health.last_error) == ("live", "ws://127.0.0.1:1: Connection refused: check the address and the network")


def test_a_host_that_does_not_serve_this_place_is_passed_over_and_explained(run: Run, server: MarketServer) -> None:
    with MarketServer() as closed:
        closed.refusal = (451, {})
        feed = run.start(
            replace(
                QUICK,
                hosts=(
                    closed.address,
                    server.address,
                ),
            )
        )
        server.wait_for(1)
        server.send(trade(1))
        run.arrived(1)
        assert "HTTP 451: it does not serve this location: name a host that does in inputs.binance.hosts" in feed.health()[0].last_error
        run.close()
    assert run.market() == [trade(1)]


def test_a_ban_is_waited_for(run: Run, server: MarketServer) -> None:
    server.refusal = (418, {"Retry-After": "90"})
    feed = run.start(replace(QUICK, hosts=(server.address,)))
    wait_until(lambda: feed.health()[0].state == "down")
    health = feed.health()[0]
    run.close()
    assert 80e9 < health.next_try_ns - health.at_ns <= 90e9
    assert "HTTP 418" in health.last_error
    assert run.closed_in < QUICK_CLOSE_SECONDS
    assert len(server.paths) == 1


def test_what_never_came_is_no_gap(run: Run) -> None:
    feed = run.start(replace(QUICK, hosts=("ws://127.0.0.1:1",)))
    wait_until(lambda: feed.health()[0].last_error != "")
    run.close()
    assert gaps_of(run.frames()) == []
    assert run.connected == []


class Market:
    """Trades of one symbol, sent to everyone who is connected, the older connections later than the newer ones."""

    def __init__(self, server: MarketServer, per_second: int, old_lag: int) -> None:
        self.sent: list[bytes] = []
        self._server, self._pause, self._old_lag = server, 1 / per_second, old_lag
        self._since: dict[int, int] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Market:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        """Send each trade once to each connection that was there when it happened."""
        cursors: dict[int, int] = {}
        while not self._stop.is_set():
            self.sent.append(trade(len(self.sent)))
            newest = len(self._server.connections) - 1
            for index in range(newest + 1):
                cursors.setdefault(index, len(self.sent) - 1)
                self._advance(cursors, index, len(self.sent) - (0 if index == newest else self._old_lag))
            time.sleep(self._pause)
        for index in cursors:
            self._advance(cursors, index, len(self.sent))

    def _advance(self, cursors: dict[int, int], index: int, end: int) -> None:
        connection: ServerConnection = self._server.connections[index]
        while cursors[index] < end:
            try:
                connection.send(self.sent[cursors[index]], text=True)
            except ConnectionClosed:
                cursors[index] = 1 << 60
                return
            cursors[index] += 1


@pytest.mark.parametrize("old_lag", [0, 1, 40])
def test_rotation_under_load_loses_and_doubles_nothing(run: Run, server: MarketServer, old_lag: int) -> None:
    feed = run.start(replace(QUICK, hosts=(server.address,), rotate_after=ms(700), overlap=ms(200)))
    server.wait_for(1)
    with Market(server, per_second=1000, old_lag=old_lag) as market:
        server.wait_for(4)
        time.sleep(0.5)
    run.arrived(len(market.sent))
    time.sleep(0.1)
    rotations = feed.rotations()
    run.close()
    assert run.market() == market.sent
    assert gaps_of(run.frames()) == []
    assert len(rotations) >= 3
    assert all(rotation.proven and rotation.duplicates > 0 and 0.2 <= rotation.overlap_s < 2 for rotation in rotations)
    assert run.connected == [("BTCUSDT",)]


def test_a_server_that_shuts_down_is_replaced_without_loss(run: Run, server: MarketServer) -> None:
    feed = run.start(replace(QUICK, hosts=(server.address,), overlap=ms(200)))
    server.wait_for(1)
    notice = b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}'
    with Market(server, per_second=500, old_lag=3) as market:
        wait_until(lambda: len(market.sent) > 100)
        server.send(notice, to=0)
        wait_until(lambda: len(feed.rotations()) == 1)
        time.sleep(0.1)
    run.arrived(len(market.sent))
    run.close()
    frames = run.market()
    assert frames.count(notice) == 1
    assert [frame for frame in frames if frame != notice] == market.sent
    assert gaps_of(run.frames()) == []
    assert len(server.connections) == 2


def test_a_successor_that_dies_leaves_the_old_connection_in_place(run: Run, server: MarketServer) -> None:
    feed = run.start(replace(QUICK, hosts=(server.address,), rotate_after=ms(300), overlap=ms(300)))
    server.wait_for(1)
    with Market(server, per_second=500, old_lag=2) as market:
        server.wait_for(2)
        server.drop(1)
        wait_until(lambda: len(feed.rotations()) == 1)
        time.sleep(0.1)
    run.arrived(len(market.sent))
    run.close()
    assert run.market() == market.sent
    assert gaps_of(run.frames()) == []


def test_what_a_successor_brought_before_it_died_stands_on_the_tape_once(run: Run, server: MarketServer) -> None:
    run.start(replace(QUICK, hosts=(server.address,), rotate_after=ms(300), overlap=Duration.parse("20s")))
    server.wait_for(1)
    server.wait_for(2)
    time.sleep(0.1)
    for number in (1, 2):
        server.send(trade(number), to=0)
        server.send(trade(number), to=1)
    run.arrived(2)
    server.send(trade(3), to=1)
    run.arrived(3)
    server.drop(1)
    time.sleep(0.2)
    for number in (3, 4):
        server.send(trade(number), to=0)
    run.arrived(4)
    run.close()
    assert run.market() == [trade(number) for number in (1, 2, 3, 4)]


def test_an_old_connection_that_dies_during_the_overlap_is_replaced_at_once(run: Run, server: MarketServer) -> None:
    feed = run.start(replace(QUICK, hosts=(server.address,), rotate_after=ms(300), overlap=Duration.parse("20s")))
    server.wait_for(1)
    with Market(server, per_second=500, old_lag=0) as market:
        server.wait_for(2)
        time.sleep(0.2)
        server.drop(0)
        wait_until(lambda: len(feed.rotations()) == 1)
        time.sleep(0.1)
    run.arrived(len(market.sent))
    run.close()
    assert run.market() == market.sent
    assert gaps_of(run.frames()) == []


def test_a_rotation_that_proves_nothing_is_a_gap(run: Run, server: MarketServer) -> None:
    feed = run.start(replace(QUICK, hosts=(server.address,), rotate_after=ms(300), overlap=ms(200)))
    server.wait_for(1)
    server.send(trade(1), to=0)
    server.wait_for(2)
    time.sleep(0.05)
    server.send(trade(5), to=1)
    wait_until(lambda: len(feed.rotations()) == 1)
    run.arrived(2)
    run.close()
    assert run.market()[:2] == [trade(1), trade(5)]
    assert [gap.to_ns > 0 for gap in gaps_of(run.frames())][:2] == [False, True]
    assert not feed.rotations()[0].proven


def test_streams_that_do_not_fit_into_the_address_are_subscribed_to_in_time(run: Run, server: MarketServer) -> None:
    streams = streams_of([f"COIN{number:03}USDT" for number in range(60)], ["trade"])
    run.start(replace(QUICK, hosts=(server.address,), longest_address=200, streams_per_message=10), streams)
    server.wait_for(1)
    wait_until(lambda: len(server.heard) == 5)
    assert run.connected == []
    server.send(*(b'{"result":null,"id":%d}' % number for number in range(1, 6)))
    wait_until(lambda: len(run.connected) == 1)
    run.close()
    asked = re.findall(r"[a-z0-9]+@trade", server.paths[0]) + [
        stream for _, message in server.heard for stream in re.findall(r"[a-z0-9]+@trade", message)
    ]
    assert tuple(asked) == streams
    times = [at for at, _ in server.heard]
    assert times[-1] - times[0] > 0.9  # four pauses of a quarter of a second
