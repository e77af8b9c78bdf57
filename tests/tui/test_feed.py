"""The client of the feed, against the real server and against things that are none."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing
from itertools import islice

import msgspec
import pytest
from websockets.asyncio.server import ServerConnection, serve

from connectors.outputs.feed import FeedPartition, FeedSettings, FeedSink
from scoring.duration import Duration
from scoring.errors import SettingError
from scoring.feed import Control, Heartbeat, Hello, Snapshot, SourceState, decode_request, encode
from scoring.records import Pulse
from tui.feed import Requests, checked, delays, follow, shown
from tui.state import Connecting, Event, Lost

HELLO = Hello("0.1.0", "session", "replay", ["BTCUSDT"], [])
START = 1_785_585_600_000_000_000


def start(token: str = "", port: int = 0) -> FeedPartition:
    return FeedSink(FeedSettings(port=port, token=token, interval=Duration.parse("10ms")), HELLO).build_part("feed", "one", None)


@pytest.fixture
def feed() -> Iterator[FeedPartition]:
    partition = start()
    yield partition
    partition.close()


def pulse(state: str) -> Pulse:
    return Pulse("binance", START, 10, 0, 0, START, START, START, 60.0, state)


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


async def hear(url: str, until: Callable[[list[Event]], bool], token: str = "", silence_s: float = 5.0) -> list[Event]:
    """Follow until enough has been heard; the name that a run gives itself is left out."""
    heard: list[Event] = []
    async with asyncio.timeout(30), aclosing(follow(url, token, silence_s)) as events:
        async for event in events:
            heard.append(msgspec.structs.replace(event, run="") if isinstance(event, Hello) else event)
            if until(heard):
                break
    return heard


def is_lost(heard: list[Event]) -> bool:
    return isinstance(heard[-1], Lost)


def lost(heard: list[Event]) -> Lost:
    assert isinstance(heard[-1], Lost)
    return heard[-1]


async def against(behave: Callable[[ServerConnection], Awaitable[None]], silence_s: float = 5.0) -> Lost:
    """Follow a server that behaves in its own way, until the feed is lost."""
    async with serve(behave, "127.0.0.1", 0, close_timeout=0.1) as server:
        port = server.sockets[0].getsockname()[1]
        return lost(await hear(f"ws://127.0.0.1:{port}", is_lost, silence_s=silence_s))


def test_it_says_that_it_tries_then_gives_what_the_feed_says(feed: FeedPartition) -> None:
    url = f"ws://127.0.0.1:{feed.port}"
    heard = asyncio.run(hear(url, lambda heard: len(heard) == 4))
    assert heard[:2] == [Connecting(url), HELLO]
    assert isinstance(heard[2], Snapshot)
    assert isinstance(heard[3], Heartbeat)


def test_the_end_of_a_tape_is_told_from_a_flow_that_was_stopped() -> None:
    async def ending(news: list[Pulse]) -> list[Event]:
        feed = start()
        feed.write_batch(list(news))
        closing = asyncio.get_running_loop().call_later(0.2, feed.close)
        heard = await hear(f"ws://127.0.0.1:{feed.port}", is_lost)
        closing.cancel()
        return heard

    ended, stopped = asyncio.run(ending([pulse("ended")])), asyncio.run(ending([pulse("replaying")]))
    assert (lost(ended).ended, lost(ended).reason) == (True, "the tape has ended")
    assert (lost(stopped).ended, lost(stopped).reason) == (False, "the flow has stopped")
    snapshots = [event for event in ended if isinstance(event, Snapshot)]
    assert [source.state for source in snapshots[0].pulses if isinstance(source, SourceState)] == ["ended"]


def test_where_nothing_listens_it_says_so_and_waits_longer_each_time() -> None:
    port = unused_port()
    heard = asyncio.run(hear(f"ws://127.0.0.1:{port}", lambda heard: sum(isinstance(event, Lost) for event in heard) == 2))
    waits = [event.retry_s for event in heard if isinstance(event, Lost)]
    assert waits == [0.5, 1.0]
    assert lost(heard).reason == f"nothing listens at ws://127.0.0.1:{port}"
    assert sum(isinstance(event, Connecting) for event in heard) == 2


def test_it_comes_back_when_the_flow_does() -> None:
    async def client() -> list[Event]:
        first = start()
        port, revived = first.port, []

        def restart() -> None:
            first.close()
            revived.append(start(port=port))

        asyncio.get_running_loop().call_later(0.2, restart)
        heard = await hear(f"ws://127.0.0.1:{port}", lambda heard: heard.count(HELLO) == 2)
        revived[0].close()
        return heard

    heard = asyncio.run(client())
    assert [event.retry_s for event in heard if isinstance(event, Lost)] == [0.5]


def test_a_token_is_sent_and_its_lack_explained() -> None:
    feed = start("s3cret")
    url = f"ws://127.0.0.1:{feed.port}"
    try:
        assert HELLO in asyncio.run(hear(url, lambda heard: len(heard) == 2, token="s3cret"))
        assert "--token" in lost(asyncio.run(hear(url, is_lost))).reason
    finally:
        feed.close()


def test_another_path_of_the_server_is_no_feed(feed: FeedPartition) -> None:
    reason = lost(asyncio.run(hear(f"ws://127.0.0.1:{feed.port}/elsewhere", is_lost))).reason
    assert reason == "the feed refused: the feed is at /, health at /healthz, counts at /metrics"


def test_a_silent_server_is_lost() -> None:
    async def silent(connection: ServerConnection) -> None:
        await connection.wait_closed()

    assert asyncio.run(against(silent, silence_s=0.2)).reason == "nothing was heard for 0.2 s"


def test_a_server_of_another_time_is_told_apart() -> None:
    async def newer(connection: ServerConnection) -> None:
        await connection.send(encode(Hello("9.0", "s", "live", [], [], protocol=99)), text=True)
        await connection.wait_closed()

    assert "version 99" in asyncio.run(against(newer)).reason


@pytest.mark.parametrize("said", ["hello", "{}", '{"type":"rows","table":1}', '{"type":"surprise"}'])
def test_a_server_that_speaks_otherwise_is_told_apart(said: str) -> None:
    async def stranger(connection: ServerConnection) -> None:
        await connection.send(said)
        await connection.wait_closed()

    assert asyncio.run(against(stranger)).reason == "it does not speak as a feed does"


def test_a_connection_that_breaks_without_a_word_is_told() -> None:
    async def rude(connection: ServerConnection) -> None:
        connection.transport.abort()

    assert asyncio.run(against(rude)).reason == "the connection broke"


def test_a_server_that_is_no_websocket_is_told_apart() -> None:
    async def client() -> Lost:
        async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            return lost(await hear(f"ws://127.0.0.1:{port}", is_lost))

    assert asyncio.run(client()).reason == "what listens there is no feed"


@pytest.mark.parametrize("url", ["http://127.0.0.1:8765", "127.0.0.1:8765", "ws://", ""])
def test_an_address_that_is_none_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(SettingError, match="--url"):
        checked(url)


def test_an_address_is_shown_without_its_secrets() -> None:
    assert checked("wss://example.com/feed") == "wss://example.com/feed"
    assert shown("ws://me:secret@10.0.0.7:8765/?token=secret") == "ws://10.0.0.7:8765"


def test_the_wait_doubles_up_to_a_limit() -> None:
    assert list(islice(delays(), 6)) == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]


def test_what_is_asked_arrives_in_order() -> None:
    heard: list[object] = []

    async def server(connection: ServerConnection) -> None:
        await connection.send(encode(HELLO), text=True)
        async for text in connection:
            heard.append(decode_request(text))

    async def client() -> None:
        requests = Requests()
        async with serve(server, "127.0.0.1", 0, close_timeout=0.1) as served:
            url = f"ws://127.0.0.1:{served.sockets[0].getsockname()[1]}"
            async with asyncio.timeout(30), aclosing(follow(url, requests=requests)) as events:
                async for event in events:
                    if event == HELLO:
                        break
                assert [requests.ask(Control(paused=True)), requests.ask(Control(step_s=1.0))] == ["", ""]
                while len(heard) < 2:
                    await asyncio.sleep(0.01)

    asyncio.run(client())
    assert heard == [Control(paused=True), Control(step_s=1.0)]


def test_without_a_feed_nothing_can_be_asked() -> None:
    requests = Requests()
    assert requests.ask(Control(paused=True)) == "there is no feed: nothing was asked"
    port = unused_port()

    async def client() -> str:
        async with aclosing(follow(f"ws://127.0.0.1:{port}", requests=requests)) as events:
            async for event in events:
                if isinstance(event, Lost):
                    break
        return requests.ask(Control(paused=True))

    assert asyncio.run(client()) == "there is no feed: nothing was asked"


def test_more_than_can_wait_is_refused_and_what_was_never_sent_is_counted() -> None:
    requests = Requests(2)
    requests.open()
    answers = [requests.ask(Control(step_s=1.0)) for _ in range(3)]
    assert answers == ["", "", "the feed takes no more: nothing was asked"]
    assert (requests.close(), requests.close()) == (2, 0)
    requests.open()
    assert requests.ask(Control(step_s=1.0)) == ""


@pytest.mark.parametrize(("count", "words"), [(1, "; 1 request was not sent"), (2, "; 2 requests were not sent")])
def test_a_lost_feed_says_what_was_not_sent(count: int, words: str) -> None:
    async def rude(connection: ServerConnection) -> None:
        await connection.send(encode(HELLO), text=True)
        connection.transport.abort()

    async def client() -> Lost:
        requests = Requests()
        async with serve(rude, "127.0.0.1", 0, close_timeout=0.1) as served:
            url = f"ws://127.0.0.1:{served.sockets[0].getsockname()[1]}"
            async with asyncio.timeout(30), aclosing(follow(url, requests=requests)) as events:
                async for event in events:
                    if isinstance(event, Lost):
                        return event
                    if event == HELLO:
                        await asyncio.sleep(0.1)  # the connection is gone, and whoever follows has not been told yet
                        assert [requests.ask(Control(step_s=1.0)) for _ in range(count)] == [""] * count
        raise AssertionError("never lost")

    assert asyncio.run(client()).reason.endswith(words)


def test_a_slow_reader_is_no_silent_feed() -> None:
    async def talk(connection: ServerConnection) -> None:
        await connection.send(encode(HELLO), text=True)
        while True:
            await connection.send(encode(Heartbeat(1.0)), text=True)
            await asyncio.sleep(0.05)

    async def run() -> list[Event]:
        heard: list[Event] = []
        async with serve(talk, "127.0.0.1", 0, compression=None) as server:
            port = server.sockets[0].getsockname()[1]
            async with asyncio.timeout(30), aclosing(follow(f"ws://127.0.0.1:{port}", silence_s=0.5)) as events:
                async for event in events:
                    heard.append(event)
                    if len(heard) == 4:
                        break
                    await asyncio.sleep(1.0)
        return heard

    assert [type(event) for event in asyncio.run(run())] == [Connecting, Hello, Heartbeat, Heartbeat]
