"""A served session, from outside: over real sockets."""

from __future__ import annotations

import itertools
import json
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from connectors.outputs.exchange import Exchange, ExchangeSettings
from connectors.outputs.exchange_faults import ExchangeFaults, Fault, FaultKind, Where
from connectors.tape.frames import segments
from scoring.duration import Duration
from scoring.errors import ResourceError, SessionError
from tests.connectors.outputs.exchange_sessions import FIRST_ID, PER_SECOND, SECONDS, START_NS, get, rows, write
from tests.waiting import wait_until

TRADES = SECONDS * PER_SECOND
ALL_IDS = list(range(FIRST_ID, FIRST_ID + TRADES))
NEWEST = {"BTCUSDT": ALL_IDS[-1], "ETHUSDT": ALL_IDS[-1]}
FAST = 60.0


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("served") / "minute", {"binance": rows()})


@pytest.fixture
def exchange(session: Path) -> Iterator[Exchange]:
    with Exchange(session, ExchangeSettings(port=0, speed=math.inf)) as served:
        yield served


def faulty(session: Path, *faults: Fault, speed: float = FAST) -> Exchange:
    return Exchange(session, ExchangeSettings(port=0, speed=speed, faults=faults))


def fault(kind: FaultKind, at: str = "10s", span: str = "10s", **others: Any) -> Fault:
    return Fault(at=Duration.parse(at), kind=kind, span=Duration.parse(span), **others)


@contextmanager
def listening(exchange: Exchange, target: str) -> Iterator[ClientConnection]:
    with connect(f"ws://127.0.0.1:{exchange.port}{target}", compression=None, ping_interval=None, close_timeout=1) as client:
        yield client


def take(exchange: Exchange, target: str, most: int) -> list[str]:
    """Listen until so many frames have come."""
    with listening(exchange, target) as client:
        return [str(client.recv(timeout=10)) for _ in range(most)]


def everything(client: ClientConnection, exchange: Exchange) -> list[str]:
    """Take what comes until the tape has ended."""
    found = []
    while True:
        try:
            found.append(str(client.recv(timeout=0.3)))
        except TimeoutError:
            if exchange.ended:
                return found


def collect(client: ClientConnection, frames: list[str]) -> None:
    """Note frames until the connection ends."""
    while True:
        frames.append(str(client.recv(timeout=10)))


def ids(frames: list[str]) -> list[int]:
    return [json.loads(frame)["t"] for frame in frames]


def ask(client: ClientConnection, **message: Any) -> Any:
    client.send(json.dumps(message))
    while "result" not in (reply := json.loads(client.recv(timeout=10))) and "error" not in reply:
        continue
    return reply


# --- streams -------------------------------------------------------------------------------------------------------------------------


def test_a_client_gets_what_the_tape_holds_of_its_streams(exchange: Exchange) -> None:
    wanted = [payload.decode() for _, payload in rows() if b'"btcusdt@trade"' in payload or b'"ethusdt@bookTicker"' in payload]
    assert take(exchange, "/stream?streams=btcusdt@trade/ethusdt@bookTicker", len(wanted)) == wanted


def test_it_keeps_its_pace_whoever_listens(session: Path) -> None:
    with Exchange(session, ExchangeSettings(port=0, speed=FAST)) as served:
        started = time.monotonic()
        assert ids(take(served, "/ws/btcusdt@trade", TRADES)) == ALL_IDS
        assert 0.9 < time.monotonic() - started < 20
    with Exchange(session, ExchangeSettings(port=0, speed=FAST, now=True)) as served:
        time.sleep(0.5)
        first = ids(take(served, "/ws/btcusdt@trade", 1))[0]
        assert first > FIRST_ID + 20 * PER_SECOND


def test_two_clients_are_served_alike(session: Path) -> None:
    with (
        Exchange(session, ExchangeSettings(port=0, speed=FAST)) as served,
        listening(served, "/ws/btcusdt@trade") as one,
        listening(served, "/stream?streams=btcusdt@trade/ethusdt@trade") as other,
    ):
        assert ids(everything(one, served)) == ALL_IDS
        frames = [json.loads(frame)["data"] for frame in everything(other, served)]
    for symbol in ("BTCUSDT", "ETHUSDT"):
        found = [data["t"] for data in frames if data["s"] == symbol]
        assert found == ALL_IDS[-len(found) :]


def test_subscribing_starts_the_tape_and_leaving_ends_the_stream(session: Path) -> None:
    with Exchange(session, ExchangeSettings(port=0, speed=20.0)) as served, listening(served, "/ws") as client:
        assert ask(client, method="LIST_SUBSCRIPTIONS", id=1) == {"result": [], "id": 1}
        time.sleep(0.1)
        assert served.position_ns == served.clock.now() == served.clock.first_ns
        assert ask(client, method="SUBSCRIBE", params=["btcusdt@trade"], id=2) == {"result": None, "id": 2}
        assert json.loads(client.recv(timeout=5))["t"] >= FIRST_ID
        assert ask(client, method="UNSUBSCRIBE", params=["btcusdt@trade"], id=3) == {"result": None, "id": 3}
        with pytest.raises(TimeoutError):
            client.recv(timeout=0.3)
        assert "error" in ask(client, method="SHOUT", id=4)


def test_aggregates_are_made_where_the_tape_has_none(exchange: Exchange) -> None:
    found = [json.loads(frame)["data"] for frame in take(exchange, "/stream?streams=btcusdt@aggTrade", TRADES // 2)]
    assert [row["a"] for row in found] == list(range(1, TRADES // 2 + 1))
    assert [(row["f"], row["l"]) for row in found] == [(number, number + 1) for number in ALL_IDS[::2]]
    assert found[0] | {"q": "", "p": ""} == {
        "e": "aggTrade",
        "E": START_NS // 10**6,
        "s": "BTCUSDT",
        "a": 1,
        "p": "",
        "q": "",
        "f": FIRST_ID,
        "l": FIRST_ID + 1,
        "T": START_NS // 10**6,
        "m": True,
        "M": True,
    }


def test_microseconds_are_sent_to_who_wants_them(exchange: Exchange) -> None:
    [frame] = take(exchange, "/ws/btcusdt@trade?timeUnit=MICROSECOND", 1)
    assert json.loads(frame)["T"] == START_NS // 1_000


# --- limits --------------------------------------------------------------------------------------------------------------------------


def test_who_asks_too_fast_is_disconnected(exchange: Exchange) -> None:
    with listening(exchange, "/ws") as client:
        for number in range(6):
            client.send(json.dumps({"method": "LIST_SUBSCRIPTIONS", "id": number}))
        with pytest.raises(ConnectionClosed) as closed:
            collect(client, [])
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008


@pytest.mark.parametrize("many", [1_024, 1_025])
def test_a_connection_has_so_many_streams_and_no_more(many: int, exchange: Exchange) -> None:
    with listening(exchange, "/ws") as client:
        names = [f"s{number}@trade" for number in range(many)]
        assert ask(client, method="SUBSCRIBE", params=names, id=1)["result"] is None
        if many == 1_024:
            assert len(ask(client, method="LIST_SUBSCRIPTIONS", id=2)["result"]) == many
        else:
            with pytest.raises(ConnectionClosed):
                client.recv(timeout=5)


def test_connections_are_pinged_and_do_not_last_forever(session: Path) -> None:
    settings = ExchangeSettings(port=0, speed=FAST, ping=Duration.parse("50ms"), lifetime=Duration.parse("30s"))
    with Exchange(session, settings) as served, listening(served, "/ws/btcusdt@trade") as client:
        frames: list[str] = []
        with pytest.raises(ConnectionClosed) as closed:
            collect(client, frames)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1001
        assert 20 * PER_SECOND < len(frames) <= 32 * PER_SECOND
        assert ids(frames) == ALL_IDS[: len(frames)]


def test_who_does_not_read_is_cut_off(tmp_path: Path) -> None:
    frames = [(START_NS + number * 10**6, b'{"stream":"a@b","data":"' + b"x" * 100_000 + b'"}') for number in range(400)]
    big = write(tmp_path, {"binance": frames})
    with (
        Exchange(big, ExchangeSettings(port=0, speed=10.0, client_bytes=1 << 20)) as served,
        connect(f"ws://127.0.0.1:{served.port}/ws/a@b", compression=None, max_queue=1, ping_interval=None, close_timeout=0.1),
    ):
        wait_until(lambda: served.counts["clients that were too slow"] == 1)


def test_connections_may_be_tried_so_often(session: Path) -> None:
    with Exchange(session, ExchangeSettings(port=0, connections=2)) as served:
        for _ in range(2):
            with listening(served, "/ws"):
                pass
        with pytest.raises(InvalidStatus) as refused, listening(served, "/ws"):
            pass
        assert refused.value.response.status_code == 429


# --- REST ----------------------------------------------------------------------------------------------------------------------------


def test_rest_knows_what_has_been_played_and_stays_after_the_end(exchange: Exchange) -> None:
    assert get(exchange, "/api/v3/trades?symbol=BTCUSDT")[1] == []
    take(exchange, "/ws/btcusdt@trade", TRADES)
    wait_until(lambda: exchange.ended)
    status, found, _ = get(exchange, f"/api/v3/historicalTrades?symbol=BTCUSDT&fromId={FIRST_ID + 7}&limit=3")
    assert (status, [row["id"] for row in found]) == (200, ALL_IDS[7:10])
    assert get(exchange, "/api/v3/depth?symbol=BTCUSDT&limit=5")[1]["lastUpdateId"] == 2 * SECONDS
    assert get(exchange, "/ghosttape/status")[1]["newest_trade_ids"] == NEWEST


def test_the_clock_is_told_with_its_speed(session: Path) -> None:
    with Exchange(session, ExchangeSettings(port=0, speed=20.0)) as served:
        status, body, headers = get(served, "/api/v3/time")
        assert (status, body, headers["X-Ghosttape-Speed"]) == (200, {"serverTime": served.clock.first_ns // 10**6}, "20.0")
        _, body, _ = get(served, "/api/v3/time", {"X-MBX-TIME-UNIT": "MICROSECOND"})
        assert body == {"serverTime": served.clock.first_ns // 10**3}
        take(served, "/ws/btcusdt@trade", 1)
        assert get(served, "/api/v3/time")[1]["serverTime"] > served.clock.first_ns // 10**6


def test_weights_are_told_and_end_in_429_and_418(session: Path) -> None:
    with Exchange(session, ExchangeSettings(port=0, weight=30, patience=1)) as served:
        answers = [get(served, "/api/v3/trades?symbol=BTCUSDT") for _ in range(5)]
    assert [status for status, _, _ in answers] == [200, 429, 429, 418, 418]
    assert [headers["X-MBX-USED-WEIGHT-1M"] for _, _, headers in answers[:2]] == ["25", "50"]
    assert all(int(headers["Retry-After"]) > 0 for _, _, headers in answers[1:])
    assert {body["code"] for _, body, _ in answers[1:]} == {-1003}


def test_errors_are_in_json(exchange: Exchange) -> None:
    status, body, _ = get(exchange, "/api/v3/trades?symbol=NOPE")
    assert (status, body) == (400, {"code": -1121, "msg": "Invalid symbol."})
    assert get(exchange, "/api/v3/account")[0] == 404
    with pytest.raises(InvalidStatus) as refused, listening(exchange, "/nowhere"):
        pass
    assert refused.value.response.status_code == 404


def test_the_status_says_where_it_is(exchange: Exchange) -> None:
    found = get(exchange, "/ghosttape/status")[1]
    assert (found["started"], found["ended"], found["connections"], found["speed"]) == (False, False, 0, None)
    with listening(exchange, "/ws/btcusdt@trade") as client:
        client.recv(timeout=5)
        wait_until(lambda: exchange.ended)
        found = get(exchange, "/ghosttape/status")[1]
    assert (found["started"], found["ended"], found["connections"], found["played"]) == (True, True, 1, len(rows()))
    assert found["position_ns"] == exchange.position_ns == rows()[-1][0]
    assert "btcusdt@trade" in found["streams"]


# --- what goes wrong -----------------------------------------------------------------------------------------------------------------


def test_a_dropped_connection_ends_without_a_goodbye(session: Path) -> None:
    with faulty(session, fault(FaultKind.DROP)) as served, listening(served, "/ws/btcusdt@trade") as client:
        frames: list[str] = []
        with pytest.raises(ConnectionClosed) as closed:
            collect(client, frames)
        assert closed.value.rcvd is None
        assert ids(frames) == ALL_IDS[: len(frames)]
        assert len(frames) <= 10 * PER_SECOND
        assert served.counts["drop"] == 1


def test_only_the_connection_that_is_named_suffers(session: Path) -> None:
    with (
        faulty(session, fault(FaultKind.DROP, connection=2)) as served,
        listening(served, "/ws/btcusdt@trade") as one,
        listening(served, "/ws/btcusdt@trade") as two,
    ):
        with pytest.raises(ConnectionClosed):
            collect(two, [])
        assert ids(everything(one, served)) == ALL_IDS


@pytest.mark.parametrize("speed", [FAST, math.inf])
def test_silence_loses_exactly_what_falls_into_it(speed: float, session: Path) -> None:
    with faulty(session, fault(FaultKind.SILENCE), speed=speed) as served, listening(served, "/ws/btcusdt@trade") as client:
        found = ids(everything(client, served))
    first_ns, offsets = served.clock.first_ns, (10 * 10**9, 20 * 10**9)
    lost = [
        json.loads(payload)["data"]["t"]
        for at, payload in rows()
        if b'"btcusdt@trade"' in payload and offsets[0] <= at - first_ns < offsets[1]
    ]
    assert len(lost) == 10 * PER_SECOND
    assert found == [number for number in ALL_IDS if number not in lost]


@pytest.mark.parametrize("kind", [FaultKind.DUPLICATE, FaultKind.REORDER, FaultKind.SLOW])
def test_nothing_is_lost_by_what_is_doubled_or_late(kind: FaultKind, session: Path) -> None:
    trouble = fault(kind, frames=20, by=Duration.parse("5s"))
    with faulty(session, trouble) as served, listening(served, "/ws/btcusdt@trade") as client:
        found = ids(everything(client, served))
    assert sorted(set(found)) == ALL_IDS
    assert len(found) == TRADES + (20 if kind is FaultKind.DUPLICATE else 0)
    assert (found == ALL_IDS) == (kind is FaultKind.SLOW)


def test_corrupt_frames_are_no_json(session: Path) -> None:
    with faulty(session, fault(FaultKind.CORRUPT, frames=20)) as served, listening(served, "/ws/btcusdt@trade") as client:
        found = everything(client, served)
    bad = [frame for frame in found if not is_json(frame)]
    assert (len(bad), len(found), served.counts["frames corrupted"]) == (20, TRADES, 20)


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except json.JSONDecodeError:
        return False
    return True


@pytest.mark.parametrize("target", ["/ws/btcusdt@trade", "/stream?streams=btcusdt@trade"])
def test_a_shutdown_is_announced(target: str, session: Path) -> None:
    with faulty(session, fault(FaultKind.SHUTDOWN)) as served, listening(served, target) as client:
        frames: list[str] = []
        with pytest.raises(ConnectionClosed) as closed:
            collect(client, frames)
        assert closed.value.rcvd is not None
    [(place, event)] = [(place, json.loads(frame)) for place, frame in enumerate(frames) if "serverShutdown" in frame]
    assert (event.get("stream") == "!serverShutdown") == target.startswith("/stream")
    assert event.get("data", event)["e"] == "serverShutdown"
    assert place < len(frames) - 1, "frames go on until the connection is closed"


def test_a_place_where_it_may_not_be_used_is_refused(session: Path) -> None:
    everywhere = fault(FaultKind.REFUSE, at="0s", span="1h", status=451, on=Where.ALL)
    with Exchange(session, ExchangeSettings(port=0, speed=1.0, now=True, faults=(everywhere,))) as served:
        wait_until(lambda: served.counts["refuse"] == 1)
        status, body, _ = get(served, "/api/v3/ping")
        assert (status, body["code"]) == (451, 0)
        with pytest.raises(InvalidStatus) as refused, listening(served, "/ws/btcusdt@trade"):
            pass
        assert refused.value.response.status_code == 451
        assert get(served, "/ghosttape/status")[0] == 200


def test_the_clock_that_is_told_may_be_wrong(session: Path) -> None:
    skew = fault(FaultKind.SKEW, at="0s", span="1h", by=Duration.parse("1h"))
    with Exchange(session, ExchangeSettings(port=0, speed=1.0, now=True, faults=(skew,))) as served:
        wait_until(lambda: served.counts["skew"] == 1)
        assert get(served, "/api/v3/time")[1]["serverTime"] * 10**6 > served.clock.now() + 3_500 * 10**9


def test_everything_at_once_still_ends(session: Path) -> None:
    faults = ExchangeFaults.random(
        1, Duration.parse("1m"), disconnects=9, silences=3, duplicates=5, reorders=5, corruptions=5, slows=3, shutdowns=2, skews=2
    )
    with faulty(session, *faults) as served:
        while not served.ended or served.counts["drop"] < 9 or served.counts["serverShutdown"] < 2:
            with listening(served, "/ws/btcusdt@trade") as client:
                until_closed(client)
        status = get(served, "/ghosttape/status")
        assert [served.counts[kind] for kind in FaultKind if kind is not FaultKind.REFUSE] == [9, 3, 5, 5, 5, 3, 2, 2]
        assert (status[0], status[1]["newest_trade_ids"]) == (200, NEWEST)


def until_closed(client: ClientConnection) -> None:
    try:
        while True:
            client.recv(timeout=0.2)
    except (TimeoutError, ConnectionClosed):
        return


# --- starting and stopping -----------------------------------------------------------------------------------------------------------


def test_a_port_in_use_is_told_in_one_line(exchange: Exchange, session: Path) -> None:
    with pytest.raises(ResourceError, match=f"cannot listen on 127.0.0.1 port {exchange.port}"):
        Exchange(session, ExchangeSettings(port=exchange.port)).start()


def test_what_waits_happens_to_the_next_connection(session: Path) -> None:
    silence = fault(FaultKind.SILENCE, at="1s", span="5s", waits=True)
    with Exchange(session, ExchangeSettings(port=0, speed=10.0, now=True, faults=(silence,))) as served:
        wait_until(lambda: served.clock.now() > served.clock.first_ns + 3 * 10**9)
        with listening(served, "/ws/btcusdt@trade") as client:
            wait_until(lambda: served.counts["silence"] == 1)
            begun_ns = served.clock.now()
            frames: list[str] = []
            while served.clock.now() < begun_ns + 8 * 10**9:
                frames.append(str(client.recv(timeout=5)))
    found = ids(frames)
    [hole] = [after - before for before, after in itertools.pairwise(found) if after - before > 1] or [found[0] - FIRST_ID]
    assert hole >= 5 * PER_SECOND


def test_closing_is_quick_with_and_without_having_started(session: Path) -> None:
    Exchange(session, ExchangeSettings(port=0)).close()
    served = Exchange(session, ExchangeSettings(port=0))
    served.start()
    with listening(served, "/ws/btcusdt@trade") as client:
        started = time.monotonic()
        served.close()
        served.close()
        assert time.monotonic() - started < 5
        with pytest.raises(ConnectionClosed):
            collect(client, [])


def test_a_broken_tape_is_told_when_it_is_reached(tmp_path: Path) -> None:
    broken = write(tmp_path, {"binance": rows(5)})
    served = Exchange(broken, ExchangeSettings(port=0, speed=math.inf, now=True))
    [segment] = segments(broken / "frames" / "binance")
    segment.sealed_path.write_bytes(b"PAR1" + bytes(50) + b"PAR1")
    with served:
        wait_until(lambda: served.failure is not None)
    assert isinstance(served.failure, SessionError)
