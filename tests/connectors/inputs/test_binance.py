"""The live feed against real websockets: what arrives is on the tape once, and what does not arrive is said."""

from __future__ import annotations

import itertools
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection

from connectors.inputs.binance import BINANCE_FEED, BinanceFeed, BinanceSettings, streams_of
from connectors.tape.recorder import Recorder
from scoring.duration import Duration
from tests.connectors.inputs.market_server import MarketServer, frames_of, gaps_of, trade, until

QUICK_CLOSE_SECONDS = 0.2
TRADES = streams_of(["BTCUSDT"], ["trade"])


def ms(milliseconds: int) -> Duration:
    return Duration(milliseconds * 1_000_000)


QUICK = BinanceSettings(
    silence=Duration.parse("30s"),
    rotate_after=Duration.parse("1h"),
    overlap=ms(300),
    backoff_first=ms(20),
    backoff_most=ms(100),
    open_timeout=Duration.parse("2s"),
)


class Run:
    """A feed that writes a tape of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.connected: list[tuple[str, ...]] = []
        self.closed_in = 0.0

    def start(self, chosen: BinanceSettings, streams: Sequence[str] = TRADES) -> BinanceFeed:
        self.recorder = Recorder(self.folder)
        self.feed = BinanceFeed(chosen, streams, lambda symbols: self.connected.append(tuple(symbols)))
        self.feed.start(self.recorder)
        return self.feed

    def close(self) -> None:
        began = time.perf_counter()
        self.feed.close()
        self.closed_in = time.perf_counter() - began
        self.recorder.close()

    def frames(self) -> list[tuple[str, int, bytes]]:
        return list(frames_of(self.folder))

    def market(self) -> list[bytes]:
        return [payload for feed, _, payload in self.frames() if feed == BINANCE_FEED]

    def arrived(self, frames: int) -> None:
        until(lambda: self.feed.health()[0].frames >= frames)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path / "session" / "frames" / "live")


@pytest.fixture
def server() -> Iterator[MarketServer]:
    with MarketServer() as listening:
        yield listening


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
    feed = run.start(replace(QUICK, hosts=(server.address,), silence=ms(400), stale=ms(100)))
    server.wait_for(1)
    server.send(trade(1))
    run.arrived(1)
    until(lambda: feed.health()[0].state == "stale")
    server.wait_for(2)
    server.send(trade(2))
    run.arrived(2)
    health = feed.health()[0]
    run.close()
    assert "nothing came for 400ms" in health.last_error
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
    pings = threading.Thread(target=ping, args=(server.connections[0],))
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
    until(lambda: feed.health()[0].state == "down")
    health = feed.health()[0]
    run.close()
    assert 80e9 < health.next_try_ns - health.at_ns <= 90e9
    assert "HTTP 418" in health.last_error
    assert run.closed_in < QUICK_CLOSE_SECONDS
    assert len(server.paths) == 1


def test_what_never_came_is_no_gap(run: Run) -> None:
    feed = run.start(replace(QUICK, hosts=("ws://127.0.0.1:1",)))
    until(lambda: feed.health()[0].last_error != "")
    run.close()
    assert gaps_of(run.frames()) == []
    assert run.connected == []


# --- rotation ------------------------------------------------------------------------------------------------------------------------


class Market:
    """Trades of one symbol, sent to everyone who is connected, the older connections later than the newer ones."""

    def __init__(self, server: MarketServer, per_second: int, old_lag: int) -> None:
        self.sent: list[bytes] = []
        self._server, self._pause, self._old_lag = server, 1 / per_second, old_lag
        self._since: dict[int, int] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

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
    assert all(rotation.proven and rotation.duplicates > 0 and 0.2 <= rotation.overlap_s < 0.5 for rotation in rotations)
    assert run.connected == [("BTCUSDT",)]


def test_a_server_that_shuts_down_is_replaced_without_loss(run: Run, server: MarketServer) -> None:
    feed = run.start(replace(QUICK, hosts=(server.address,), overlap=ms(200)))
    server.wait_for(1)
    notice = b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}'
    with Market(server, per_second=500, old_lag=3) as market:
        until(lambda: len(market.sent) > 100)
        server.send(notice, to=0)
        until(lambda: len(feed.rotations()) == 1)
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
        until(lambda: len(feed.rotations()) == 1)
        time.sleep(0.1)
    run.arrived(len(market.sent))
    run.close()
    assert run.market() == market.sent
    assert gaps_of(run.frames()) == []


def test_an_old_connection_that_dies_during_the_overlap_is_replaced_at_once(run: Run, server: MarketServer) -> None:
    feed = run.start(replace(QUICK, hosts=(server.address,), rotate_after=ms(300), overlap=Duration.parse("20s")))
    server.wait_for(1)
    with Market(server, per_second=500, old_lag=0) as market:
        server.wait_for(2)
        time.sleep(0.2)
        server.drop(0)
        until(lambda: len(feed.rotations()) == 1)
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
    until(lambda: len(feed.rotations()) == 1)
    run.arrived(2)
    run.close()
    assert run.market()[:2] == [trade(1), trade(5)]
    assert [gap.to_ns > 0 for gap in gaps_of(run.frames())][:2] == [False, True]
    assert not feed.rotations()[0].proven


# --- subscribing, restarting, closing ------------------------------------------------------------------------------------------------


def test_streams_that_do_not_fit_into_the_address_are_subscribed_to_in_time(run: Run, server: MarketServer) -> None:
    streams = streams_of([f"COIN{number:03}USDT" for number in range(60)], ["trade"])
    run.start(replace(QUICK, hosts=(server.address,), longest_address=200, streams_per_message=10), streams)
    server.wait_for(1)
    until(lambda: len(server.heard) == 5)
    assert run.connected == []
    server.send(*(b'{"result":null,"id":%d}' % number for number in range(1, 6)))
    until(lambda: len(run.connected) == 1)
    run.close()
    asked = re.findall(r"[a-z0-9]+@trade", server.paths[0]) + [
        stream for _, message in server.heard for stream in re.findall(r"[a-z0-9]+@trade", message)
    ]
    assert tuple(asked) == streams
    times = [at for at, _ in server.heard]
    assert all(later - earlier >= 0.2 for earlier, later in itertools.pairwise(times))


def test_each_shard_has_a_connection_and_speaks_for_its_own_symbols(run: Run, server: MarketServer) -> None:
    feed = run.start(replace(QUICK, hosts=(server.address,), streams_per_connection=1), streams_of(["BTCUSDT", "ETHUSDT"], ["trade"]))
    server.wait_for(2)
    by_path = {path.split("=")[1].split("@")[0]: number for number, path in enumerate(server.paths)}
    server.send(trade(1), to=by_path["btcusdt"])
    server.send(trade(1, "ETHUSDT"), to=by_path["ethusdt"])
    until(lambda: sum(row.frames for row in feed.health()) == 2)
    server.drop(by_path["ethusdt"])
    server.wait_for(3)
    server.send(trade(2, "ETHUSDT"))
    until(lambda: sum(row.frames for row in feed.health()) == 3)
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
    until(lambda: run.feed.health()[0].gaps_open == 1)
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
    until(lambda: not {thread.name for thread in threading.enumerate() if thread.name.startswith("binance")} - threads)
    server.connections.clear()
    until(lambda: len(list(Path("/proc/self/fd").iterdir())) <= open_files + 2)
