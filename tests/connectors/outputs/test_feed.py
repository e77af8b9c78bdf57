"""The feed on a real loopback port: what clients hear, and that none of them can hold up the flow."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from weakref import WeakKeyDictionary

import msgspec
import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from connectors.outputs.feed import FeedPartition, FeedSettings, FeedSink
from connectors.outputs.outbox import OutboxSettings, OutboxSink
from connectors.outputs.output_health import OutputHealth
from connectors.outputs.process_health import ProcessHealth
from scoring.duration import Duration
from scoring.errors import ResourceError, SettingError
from scoring.feed import (
    Control,
    HealthState,
    Heartbeat,
    Hello,
    Message,
    NewRows,
    PaceState,
    PricePoints,
    Snapshot,
    SourceState,
    Subscribe,
    Topic,
    decode_messages,
    encode,
)
from scoring.records import Alert, Column, Gap, Pulse, RiskMetrics, Rows, SourceHealth, Table, TradeMetrics, columns_of, to_columns

HELLO = Hello("0.1.0", "session", "replay", ["BTCUSDT", "ETHUSDT"], ["risk_metrics"])
START = 1_785_585_600_000_000_000
QUICK = FeedSettings(port=0, interval=Duration.parse("10ms"))


BLANK: dict[type, Column] = {int: np.array([START]), float: np.array([0.0]), str: np.array([""], object)}
TEMPLATE = {name: BLANK[kind] for name, kind in columns_of(RiskMetrics).items()}


def risk(price: float, symbol: str = "BTCUSDT", **columns: Column) -> Rows:
    return Rows(Table.RISK_METRICS, symbol, TEMPLATE | {"price": np.array([price]), "symbol": np.array([symbol], object)} | columns, 0)


def pulse(state: str = "replaying") -> Pulse:
    return Pulse("binance", START, 10, 1, 0, START, START, START, 60.0, state)


_HEARD: WeakKeyDictionary[ClientConnection, deque[Message]] = WeakKeyDictionary()
"""What connections have received and no test has looked at."""


def start(settings: FeedSettings = QUICK) -> FeedPartition:
    return FeedSink(settings, HELLO).build_part("feed", "one", None)


@pytest.fixture
def feed() -> Iterator[FeedPartition]:
    partition = start()
    yield partition
    partition.close()


def address(feed: FeedPartition, path: str = "/") -> str:
    return f"ws://127.0.0.1:{feed.port}{path}"


async def next_message(connection: ClientConnection) -> Message:
    """Give the next message; several come at once."""
    heard = _HEARD.setdefault(connection, deque())
    if not heard:
        heard.extend(decode_messages(await connection.recv()))
    return heard.popleft()


async def hear(connection: ClientConnection, kind: type[Message], matching: bytes = b"") -> Message:
    """Wait for the next message of a kind that has this in it."""
    async with asyncio.timeout(30):
        while True:
            message = await next_message(connection)
            if isinstance(message, kind) and matching in encode(message):
                return message


def test_a_client_hears_hello_then_a_snapshot_then_the_past_and_what_changes(feed: FeedPartition) -> None:
    async def client() -> None:
        feed.write_batch([*(risk(float(second), sampled_ns=np.array([START + second * 1_000_000_000])) for second in range(8)), pulse()])
        async with connect(address(feed)) as connection:
            hello = await next_message(connection)
            assert isinstance(hello, Hello)
            assert msgspec.structs.replace(hello, run="") == HELLO
            snapshot = await next_message(connection)
            assert isinstance(snapshot, Snapshot)
            assert [row.columns["price"] for row in snapshot.rows] == [[7.0]]
            assert [source.source for source in snapshot.pulses] == ["binance"]
            assert snapshot.points == [], "the first drawing waits for no past"
            points = await hear(connection, PricePoints, b'"step_s":5')
            assert isinstance(points, PricePoints)
            assert points.price == [4.0], "of the step that is over"
            feed.write_batch([risk(2.0)])
            row = await hear(connection, NewRows)
            assert isinstance(row, NewRows)
            assert row.columns["price"] == [2.0]

    asyncio.run(client())


def test_every_client_of_a_run_hears_its_name_and_no_other_run_has_it(feed: FeedPartition) -> None:
    async def run_of(partition: FeedPartition) -> str:
        async with connect(address(partition)) as connection:
            hello = await hear(connection, Hello)
            assert isinstance(hello, Hello)
            return hello.run

    again = start()
    try:
        first, second, other = (asyncio.run(run_of(partition)) for partition in (feed, feed, again))
    finally:
        again.close()
    assert first == second != other
    assert first


def told(state: str, provisional: bool = False) -> Rows:
    alert = Alert("a", "R", "BTCUSDT", "info", state, 1, 0, 0, "m", "m > 1", 1.0, 2.0, 2.0, "{}", "complete")
    return Rows(Table.ALERTS, "BTCUSDT", to_columns(Alert, [alert]), 0, provisional)


def window(number: int, symbol: str) -> Rows:
    blank: dict[type, Column] = {int: np.array([7]), float: np.array([0.5]), str: np.array(["complete"], object)}
    columns = {name: blank[kind] for name, kind in columns_of(TradeMetrics).items()}
    start = START + number * 60_000_000_000
    return Rows(
        Table.TRADE_METRICS,
        symbol,
        columns
        | {"window_start_ns": np.array([start]), "window_end_ns": np.array([start + 60_000_000_000]), "close": np.array([1.0 * number])},
        0,
    )


def test_the_past_comes_after_the_snapshot_in_pieces_between_which_news_pass() -> None:
    feed = start(msgspec.structs.replace(QUICK, interval=Duration.parse("100ms")))
    symbols = [f"S{number:02}" for number in range(40)]

    async def client() -> tuple[list[str], int]:
        for minute in range(200):
            feed.write_batch([window(minute, symbol) for symbol in symbols])
        past: list[str] = []
        before_news = 0
        async with connect(address(feed)) as connection, asyncio.timeout(30):
            snapshot = await hear(connection, Snapshot)
            assert isinstance(snapshot, Snapshot)
            assert [len(row.columns["close"]) for row in snapshot.rows] == [1] * len(symbols)
            feed.write_batch([risk(1.0)])
            while len(past) < len(symbols):
                message = await next_message(connection)
                if isinstance(message, NewRows) and message.past:
                    assert message.columns["close"] == [float(minute) for minute in range(199)]
                    past.append(message.symbol)
                elif isinstance(message, NewRows):
                    before_news = len(past)
            await connection.send(encode(Subscribe([Topic.TRADE_METRICS], ["S07"])), text=True)
            await hear(connection, Snapshot)
            again = await hear(connection, NewRows)
            assert isinstance(again, NewRows)
            assert (again.symbol, again.past) == ("S07", True)
            return past, before_news

    try:
        past, before_news = asyncio.run(client())
    finally:
        feed.close()
    assert sorted(past) == symbols
    assert before_news < len(symbols), "of what is new a client hears between the pieces"


class Player:
    """A tape that notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[Control] = []
        self.news: list[str] = []
        self.clients = 0
        self.listeners: list[Callable[[PaceState], None]] = []

    def apply(self, control: Control) -> None:
        self.asked.append(control)
        for listener in self.listeners:
            listener(PaceState(1.0, bool(control.paused), None, ""))

    def watched(self) -> None:
        self.clients += 1

    def linger(self) -> None:
        self.news.append("end")

    def saw(self, news: str) -> None:
        self.news.append(news)

    def state(self) -> PaceState:
        return PaceState(1.0, False, None, "")

    def listen(self, listener: Callable[[PaceState], None]) -> None:
        self.listeners.append(listener)


def test_a_client_drives_the_tape_and_everyone_hears_how_it_runs() -> None:
    player = Player()
    feed = FeedSink(QUICK, HELLO, player).build_part("feed", "one", None)
    assert player.clients == 0

    async def client() -> None:
        async with connect(address(feed)) as connection, connect(address(feed)) as other:
            snapshot = await hear(connection, Snapshot)
            assert isinstance(snapshot, Snapshot)
            assert snapshot.pace == player.state()
            await connection.send(encode(Control(paused=True)), text=True)
            assert await hear(other, PaceState) == PaceState(1.0, True, None, "")

    asyncio.run(client())
    assert player.asked == [Control(paused=True)]
    assert player.clients == 2
    feed.write_batch(
        [
            risk(1.0),
            told("pending", provisional=True),
            Rows(Table.GAPS, "BTCUSDT", to_columns(Gap, [Gap("a", "BTCUSDT", "trade", 1, 2, 3, 4, 2, 0, "")]), 0),
        ]
    )
    assert player.news == ["gap"]  # a rule that is pending is no alert to pause at
    feed.write_batch([told("firing")])
    assert player.news == ["gap", "alert"]
    feed.close()
    assert player.news == ["gap", "alert", "end"]


def test_a_live_flow_has_no_tape_to_drive(feed: FeedPartition) -> None:
    async def client() -> None:
        async with connect(address(feed)) as connection:
            snapshot = await hear(connection, Snapshot)
            assert isinstance(snapshot, Snapshot)
            assert snapshot.pace is None
            await connection.send(encode(Control(paused=True)), text=True)
            assert await hear(connection, Heartbeat)

    asyncio.run(client())


def test_the_server_says_each_second_that_it_lives(feed: FeedPartition) -> None:
    async def client() -> None:
        async with connect(address(feed)) as connection:
            first = await hear(connection, Heartbeat)
            second = await hear(connection, Heartbeat)
            assert isinstance(first, Heartbeat)
            assert isinstance(second, Heartbeat)
            assert 0.9 < second.uptime_s - first.uptime_s < 10

    asyncio.run(client())


def test_a_subscription_is_answered_with_a_snapshot_of_what_was_asked_for(feed: FeedPartition) -> None:
    async def client() -> None:
        feed.write_batch([risk(1.0), risk(2.0, "ETHUSDT"), pulse()])
        async with connect(address(feed)) as connection:
            await hear(connection, Snapshot)
            await connection.send(encode(Subscribe([Topic.RISK_METRICS], ["ETHUSDT"])), text=True)
            snapshot = await hear(connection, Snapshot)
            assert isinstance(snapshot, Snapshot)
            assert [row.symbol for row in snapshot.rows] == ["ETHUSDT"]
            assert not snapshot.pulses
            feed.write_batch([risk(3.0), risk(4.0, "ETHUSDT")])
            row = await hear(connection, NewRows)
            assert isinstance(row, NewRows)
            assert row.symbol == "ETHUSDT"
            await connection.send('{"type":"subscribe"}')
            whole = await hear(connection, Snapshot)
            assert isinstance(whole, Snapshot)
            assert len(whole.rows) == 2

    asyncio.run(client())


def test_a_client_that_says_nonsense_is_told_what_was_expected(feed: FeedPartition) -> None:
    async def client() -> None:
        async with connect(address(feed)) as connection:
            await connection.send("please")
            with pytest.raises(ConnectionClosed) as closed:
                await hear(connection, NewRows)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1008
            assert "subscribe" in closed.value.rcvd.reason

    asyncio.run(client())


def test_a_fast_writer_is_conflated_to_the_newest_state(feed: FeedPartition) -> None:
    async def client() -> int:
        async with connect(address(feed)) as connection:
            await hear(connection, Snapshot)
            for i in range(20_000):
                feed.write_batch([risk(float(i))])
            heard = 0
            while True:
                message = await hear(connection, NewRows)
                heard += 1
                assert isinstance(message, NewRows)
                if message.columns["price"] == [19_999.0]:
                    return heard

    assert asyncio.run(client()) < 1_000


def test_a_client_that_does_not_read_gets_the_newest_state_and_never_the_backlog(feed: FeedPartition) -> None:
    symbols = [f"S{i}" for i in range(100)]

    async def client() -> tuple[int, float]:
        async with connect(address(feed), max_queue=1, compression=None, close_timeout=0.1) as connection:
            await hear(connection, Snapshot)
            slowest = 0.0
            for round_ in range(150):  # 150 × 100 rows of 800 bytes: several times what the system can hold back
                before = time.perf_counter()
                feed.write_batch([risk(float(round_), symbol) for symbol in symbols])
                slowest = max(slowest, time.perf_counter() - before)
                time.sleep(0.01)
            heard = 0
            last: dict[str, object] = {}
            async with asyncio.timeout(30):
                while len(last) < 100 or set(last.values()) != {149.0}:
                    message = await hear(connection, NewRows)
                    assert isinstance(message, NewRows)
                    heard += 1
                    last[message.symbol] = message.columns["price"][0]
            return heard, slowest

    heard, slowest = asyncio.run(client())
    assert heard < 5_000, "of 15,000 rows written"
    assert slowest < 5, "it would have waited for as long as nobody reads"


def test_a_token_is_asked_for_where_one_is_set() -> None:
    feed = start(msgspec.structs.replace(QUICK, token="s3cret"))

    async def client() -> None:
        with pytest.raises(InvalidStatus) as refused:
            await connect(address(feed))
        assert refused.value.response.status_code == 401
        async with connect(address(feed, "/?token=s3cret")) as connection:
            await hear(connection, Snapshot)
        async with connect(address(feed), additional_headers={"Authorization": "Bearer s3cret"}) as connection:
            await hear(connection, Snapshot)

    try:
        asyncio.run(client())
    finally:
        feed.close()


def test_a_web_page_may_not_read_the_feed(feed: FeedPartition) -> None:
    async def client() -> None:
        with pytest.raises(InvalidStatus) as refused:
            await connect(address(feed), origin="https://example.com")  # type: ignore[arg-type]
        assert refused.value.response.status_code == 403

    asyncio.run(client())


def test_there_are_only_so_many_places() -> None:
    feed = start(msgspec.structs.replace(QUICK, clients=1))

    async def client() -> None:
        async with connect(address(feed)) as first:
            await hear(first, Snapshot)
            with pytest.raises(InvalidStatus) as refused:
                await connect(address(feed), open_timeout=5)
            assert refused.value.response.status_code == 503

    try:
        asyncio.run(client())
    finally:
        feed.close()


def test_at_the_end_of_the_tape_clients_hear_that_it_ended_and_the_connection_closes_normally() -> None:
    feed = start()

    async def client() -> None:
        async with connect(address(feed)) as connection:
            await hear(connection, Snapshot)
            feed.write_batch([risk(7.0), pulse("ended")])
            started = time.perf_counter()
            await asyncio.to_thread(feed.close)
            assert time.perf_counter() - started < 0.9, "a second is what closing waits at most"
            ended = await hear(connection, SourceState, b'"ended"')
            assert isinstance(ended, SourceState)
            with pytest.raises(ConnectionClosed) as closed:
                await hear(connection, NewRows, b"no such row")
            assert closed.value.rcvd is not None
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1000, "the tape has ended")

    asyncio.run(client())


def test_a_flow_that_is_stopped_says_so() -> None:
    feed = start()

    async def client() -> None:
        async with connect(address(feed)) as connection:
            await hear(connection, Snapshot)
            await asyncio.to_thread(feed.close)
            with pytest.raises(ConnectionClosed) as closed:
                await hear(connection, NewRows)
            assert closed.value.rcvd is not None
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1001, "the flow has stopped")

    asyncio.run(client())


def test_it_stops_quickly_even_when_a_client_takes_nothing() -> None:
    feed = start()
    with socket.create_connection(("127.0.0.1", feed.port)) as silent:
        key = "dGhlIHNhbXBsZSBub25jZQ=="
        silent.sendall(
            f"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        for i in range(40):
            feed.write_batch([risk(float(i), f"S{j}") for j in range(200)])
            time.sleep(0.01)
        started = time.perf_counter()
        feed.close()
        assert time.perf_counter() - started < 0.9, "a second is what closing waits at most"
    feed.close()


def test_health_and_counts_are_on_the_same_port(feed: FeedPartition) -> None:
    feed.write_batch([risk(1.0), pulse()])

    def get(path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{feed.port}{path}", timeout=5) as response:
            text: bytes = response.read()
        return text.decode()

    assert '"status":"running"' in get("/healthz")
    assert 'ghosttape_rows_total{table="risk_metrics"} 1' in get("/metrics")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get("/elsewhere")


def test_a_port_in_use_stops_the_start_and_says_which(feed: FeedPartition) -> None:
    with pytest.raises(ResourceError, match=rf"port {feed.port} on 127.0.0.1 is in use: .*feed.port") as refused:
        start(FeedSettings(port=feed.port))
    assert "\n" not in str(refused.value)


def test_an_address_that_is_not_ours_is_a_plain_error() -> None:
    with pytest.raises(ResourceError, match=r"cannot listen on 203\.0\.113\.7"):
        start(FeedSettings(host="203.0.113.7", port=0, token="s3cret"))


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.2", "example.com", "::"])
def test_an_open_port_needs_a_token(host: str) -> None:
    with pytest.raises(SettingError, match=r"feed.host = .*token"):
        FeedSink(FeedSettings(host=host), HELLO)
    FeedSink(FeedSettings(host=host, token="s3cret"), HELLO)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "::1"])
def test_loopback_needs_none(host: str) -> None:
    sink = FeedSink(FeedSettings(host=host), HELLO)
    assert sink.list_parts() == ["one"]
    assert sink.part_fn("anything") == 0


def test_nothing_is_kept_for_recovery(feed: FeedPartition) -> None:
    assert feed.snapshot() is None  # type: ignore[func-returns-value]


def test_outputs_are_asked_by_themselves_and_told_to_clients_and_monitors(tmp_path: Path) -> None:
    asked: list[float] = []

    def ask() -> Sequence[SourceHealth]:
        asked.append(time.monotonic())
        return (SourceHealth("archive", START, "stale", frames=7, lag=len(asked), last_error="held"),)

    process = ProcessHealth(tmp_path, least_free=0)
    feed = FeedSink(QUICK, HELLO, outputs=[ask], process=process).build_part("feed", "one", None)

    async def client() -> None:
        async with connect(address(feed)) as connection:
            for _ in range(2):  # nothing was written to the feed
                told = await hear(connection, HealthState, b'"source":"archive"')
                assert isinstance(told, HealthState)
                assert (told.state, told.frames, told.last_error) == ("stale", 7, "held")

    try:
        asyncio.run(client())
        assert 0.5 < asked[1] - asked[0] < 10
        health = msgspec.json.decode(urllib.request.urlopen(f"http://127.0.0.1:{feed.port}/healthz", timeout=30).read())
        assert (health["status"], health["sources"]) == ("degraded", {"archive": "stale", "this process": "live"})
        lines = urllib.request.urlopen(f"http://127.0.0.1:{feed.port}/metrics", timeout=30).read().decode().splitlines()
        assert 'ghosttape_source_frames_total{source="archive"} 7.0' in lines
        assert any(line.startswith("ghosttape_disk_free_bytes ") for line in lines)
    finally:
        feed.close()
    known = len(asked)
    time.sleep(0.05)
    assert len(asked) == known, "nobody is asked after the end"


def test_an_output_that_holds_up_the_flow_is_heard_of() -> None:
    stuck, closed = threading.Event(), threading.Event()

    class Stuck:
        """A disk that hangs."""

        def write(self, rows: list[Rows]) -> None:  # noqa: ARG002
            stuck.set()
            closed.wait(20)

        def close(self) -> None:
            """Let go of nothing."""

    outbox = OutboxSink(Stuck, OutboxSettings(max_rows=1, flush_interval=Duration.parse("1ms")))
    part = outbox.build_part("archive", "one", None)
    feed = FeedSink(QUICK, HELLO, outputs=[OutputHealth("archive", outbox.standing)]).build_part("feed", "one", None)
    part.write_batch([risk(1.0)])
    flow = threading.Thread(target=part.write_batch, args=([risk(2.0)],), daemon=True)
    flow.start()  # waits, and would wait for the feed as well if it were the one who asks

    async def client() -> None:
        async with connect(address(feed)) as connection:
            heard = await hear(connection, HealthState, b'"lag":1')
            assert isinstance(heard, HealthState)
            assert heard.source == "archive"

    try:
        assert stuck.wait(5)
        asyncio.run(client())
        assert flow.is_alive()
    finally:
        closed.set()
        flow.join()
        part.close()
        feed.close()
