"""Repair against a server on loopback and a real tape, with `Continuity` reading the tape as the flow does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from connectors.inputs.binance_rest import BinanceRest, RestSettings
from connectors.inputs.repair import RepairFeed
from connectors.inputs.repair_queue import QueueSettings
from connectors.inputs.repair_settings import RepairSettings
from connectors.tape.recorder import Recorder
from connectors.wire.binance import BinanceWireSettings, decode
from connectors.wire.binance_routes import Primary
from scoring.duration import Duration
from scoring.market.continuity import Continuity
from scoring.records import Batch, Gap, Kind
from tests.connectors.inputs.canned_exchange import Answer, CannedExchange
from tests.waiting import wait_until

SYMBOL = "BTCUSDT"
QUICK = RepairSettings(
    QueueSettings(tries=2),
    settle=Duration.parse("1ms"),
    retry=Duration.parse("5ms"),
    longest_retry=Duration.parse("20ms"),
    depth_delay=Duration.parse("1ms"),
    warm_minutes=0,
)


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    made = Recorder(tmp_path / "frames" / "live")
    yield made
    made.close()


@pytest.fixture
def exchange() -> Iterator[CannedExchange]:
    with CannedExchange(newest=100) as server:
        yield server


def feed_for(
    exchange: CannedExchange, settings: RepairSettings = QUICK, primary: Primary = "trade", has_depth: bool = False, pause: str = "1m"
) -> RepairFeed:
    rest = BinanceRest(RestSettings((exchange.host,), timeout=Duration.parse("1s"), host_pause=Duration.parse(pause)))
    return RepairFeed(rest, settings, primary, has_depth)


class Reader:
    """Reads the tape as the flow does: decoded, made continuous, gaps handed to the repair."""

    def __init__(self, recorder: Recorder, feed: RepairFeed | None = None, primary: Primary = "trade") -> None:
        self.recorder, self.feed, self.row = recorder, feed, 0
        self.settings = BinanceWireSettings((SYMBOL,), primary={SYMBOL: primary})
        self.continuity = Continuity(SYMBOL)
        self.ids: list[int] = []
        self.gaps: list[Gap] = []
        self.frames: list[bytes] = []

    def read(self) -> None:
        while (chunk := self.recorder.read(self.row, 1000)) is not None:
            self.row += len(chunk)
            at = chunk.rows_of("binance")
            payloads = [chunk.payloads[index] for index in at.tolist()]
            self.frames += payloads
            decoded = decode(payloads, chunk.received_ns[at], at, self.settings)
            assert decoded.rejects == []
            for item in self.continuity.update(decoded.batches):
                if isinstance(item, Gap):
                    self.gaps.append(item)
                    if self.feed:
                        self.feed.take([item])
                elif isinstance(item, Batch) and item.kind is Kind.TRADE:
                    self.ids += item["trade_id"].tolist()

    def until(self, reached: Callable[[], bool]) -> None:
        def read_and_ask() -> bool:
            self.read()
            return reached()

        wait_until(read_and_ask)


def from_socket(recorder: Recorder, *ids: int) -> None:
    """Put trades on the tape as the socket brings them."""
    for trade_id in ids:
        at = 1_700_000_000_000 + trade_id
        data = {"e": "trade", "E": at, "s": SYMBOL, "t": trade_id, "p": "100.5", "q": "0.25", "T": at, "m": True, "M": True}
        recorder.put(recorder.now(), "binance", msgspec.json.encode({"stream": "btcusdt@trade", "data": data}))


def trade_gap(from_id: int, to_id: int, repaired: int = 0) -> Gap:
    return Gap(SYMBOL, SYMBOL, Kind.TRADE, from_id, from_id + 1, from_id, to_id, to_id - from_id + 1, repaired, "id jump")


def book_gap(from_ns: int, to_ns: int = 0) -> Gap:
    return Gap(SYMBOL, SYMBOL, Kind.DEPTH, from_ns, to_ns, 0, 0, 0, 0, "book break")


def test_a_jump_is_repaired_in_pages_through_the_tape(recorder: Recorder, exchange: CannedExchange) -> None:
    feed = feed_for(exchange, msgspec.structs.replace(QUICK, page_limit=20))
    feed.start(recorder)
    reader = Reader(recorder, feed)
    from_socket(recorder, 1, 2, 60, 61)
    reader.until(lambda: len(reader.ids) == 61)
    reader.until(lambda: feed.health()[0].gaps_repaired == 1)
    feed.close()
    assert sorted(reader.ids) == list(range(1, 62))
    assert reader.ids[4:] == list(range(3, 60))  # in id order
    assert [query["fromId"] for _, query in exchange.asked] == ["3", "23", "43"]
    assert [query["limit"] for _, query in exchange.asked] == ["20", "20", "17"]
    assert reader.continuity.duplicates == 0  # nothing beyond the gap went on the tape
    (health,) = feed.health()
    assert (health.source, health.state, health.frames, health.gaps_open, health.last_error) == ("binance repair", "live", 57, 0, "")


def test_a_probe_shows_what_a_quiet_symbol_has_missed(recorder: Recorder, exchange: CannedExchange) -> None:
    feed = feed_for(exchange)
    reader = Reader(recorder, feed)
    from_socket(recorder, 90, 91)
    feed.probe([SYMBOL])
    feed.start(recorder)
    reader.until(lambda: len(reader.ids) == 11)
    feed.close()
    assert sorted(reader.ids) == list(range(90, 101))
    assert exchange.paths() == ["trades", "historicalTrades"]


def test_a_probe_of_a_symbol_without_new_trades_is_a_duplicate_and_harmless(recorder: Recorder, exchange: CannedExchange) -> None:
    feed = feed_for(exchange)
    feed.start(recorder)
    reader = Reader(recorder, feed)
    from_socket(recorder, 99, 100)
    reader.until(lambda: len(reader.ids) == 2)
    feed.probe([SYMBOL])
    reader.until(lambda: reader.continuity.duplicates == 1)
    feed.close()
    assert (reader.ids, reader.gaps) == ([99, 100], [])


def test_at_the_first_start_the_probe_sets_the_baseline(recorder: Recorder, exchange: CannedExchange) -> None:
    feed = feed_for(exchange)
    feed.start(recorder)
    reader = Reader(recorder, feed)
    feed.probe([SYMBOL])
    reader.until(lambda: reader.ids == [100])
    from_socket(recorder, 101, 102)
    reader.until(lambda: len(reader.ids) == 3)
    feed.close()
    assert reader.gaps == []


@pytest.mark.parametrize("order", [[95, 96, 97, 98, 99, 100, 101], [98, 97, 101, 95, 100, 99, 96]])
def test_trades_a_probe_has_run_ahead_of_are_taken_from_the_socket(order: list[int], recorder: Recorder, exchange: CannedExchange) -> None:
    feed = feed_for(exchange, msgspec.structs.replace(QUICK, settle=Duration.parse("10s")))
    feed.start(recorder)
    reader = Reader(recorder, feed)
    from_socket(recorder, 94)
    reader.until(lambda: reader.ids == [94])
    feed.probe([SYMBOL])
    reader.until(lambda: reader.ids == [94, 100])
    from_socket(recorder, *order)
    reader.until(lambda: len(reader.ids) == 8)
    reader.until(lambda: feed.health()[0].gaps_repaired == 1)
    feed.close()
    assert sorted(reader.ids) == list(range(94, 102))
    assert reader.continuity.duplicates == 1  # 100 itself
    assert exchange.paths() == ["trades"]  # the gap closed by itself before its time to be asked for


def test_a_gap_that_socket_and_repair_fill_at_once_has_each_trade_once(recorder: Recorder, exchange: CannedExchange) -> None:
    feed = feed_for(exchange, msgspec.structs.replace(QUICK, page_limit=1))
    feed.start(recorder)
    reader = Reader(recorder, feed)
    from_socket(recorder, 1, 60)
    for trade_id in range(2, 60):
        from_socket(recorder, trade_id)
        reader.read()
    reader.until(lambda: len(reader.ids) == 60)
    feed.close()
    assert sorted(reader.ids) == list(range(1, 61))


def test_aggregates_are_repaired_under_their_own_ids(recorder: Recorder, exchange: CannedExchange) -> None:
    feed = feed_for(exchange, primary="aggTrade")
    feed.start(recorder)
    reader = Reader(recorder, feed, "aggTrade")
    exchange.newest = 90
    feed.probe([SYMBOL])
    reader.until(lambda: reader.ids == [90])
    exchange.newest = 100
    feed.probe([SYMBOL])
    reader.until(lambda: len(reader.ids) == 11)
    feed.close()
    assert exchange.paths() == ["aggTrades"] * 3


def test_where_nobody_has_old_trades_the_newest_are_looked_through(recorder: Recorder, exchange: CannedExchange) -> None:
    exchange.absent["/api/v3/historicalTrades"] = Answer(404)
    feed = feed_for(exchange)
    feed.start(recorder)
    reader = Reader(recorder, feed)
    from_socket(recorder, 80, 95)
    reader.until(lambda: len(reader.ids) == 16)
    feed.close()
    assert exchange.paths() == ["historicalTrades", "trades"]
    assert reader.continuity.duplicates == 0


def test_what_the_newest_trades_do_not_reach_back_to_is_given_up_at_once_and_not_page_by_page(
    recorder: Recorder, exchange: CannedExchange
) -> None:
    exchange.absent["/api/v3/historicalTrades"] = Answer(404)
    exchange.first = 50
    feed = feed_for(exchange, msgspec.structs.replace(QUICK, page_limit=5))
    feed.start(recorder)
    reader = Reader(recorder, feed)
    from_socket(recorder, 10, 95)
    reader.until(lambda: "trades 11 to 49 are not served" in feed.health()[0].last_error)
    feed.close()
    reader.read()
    assert sorted(reader.ids) == [10, *range(50, 96)]
    assert exchange.paths() == ["historicalTrades", "trades", "trades"]


def test_a_page_whose_trades_cannot_even_be_listed_is_given_up(recorder: Recorder, exchange: CannedExchange) -> None:
    exchange.absent = {"/api/v3/historicalTrades": Answer(404), "/api/v3/trades": Answer(200, b"[]")}
    feed = feed_for(exchange)
    feed.start(recorder)
    feed.take([trade_gap(5, 9)])
    wait_until(lambda: "trades 5 to 9 are not served" in feed.health()[0].last_error)
    feed.close()


def test_what_is_not_served_any_more_is_given_up_and_said(recorder: Recorder, exchange: CannedExchange) -> None:
    exchange.lost = {11, 12, 15}
    feed = feed_for(exchange)
    feed.start(recorder)
    reader = Reader(recorder, feed)
    from_socket(recorder, 10, 20)
    reader.until(lambda: set(range(10, 21)) - set(reader.ids) == exchange.lost and bool(feed.health()[0].last_error))
    wait_until(lambda: feed.health()[0].state == "live")
    feed.close()
    (health,) = feed.health()
    assert (health.state, health.gaps_open, health.gaps_repaired) == ("live", 1, 0)
    assert health.last_error == "BTCUSDT: trades 11 to 12, 15 to 15 are not served any more: their gap stays open"
    assert exchange.paths() == ["historicalTrades"] * 2


def test_trades_of_a_wrong_symbol_are_given_up_too(recorder: Recorder, exchange: CannedExchange) -> None:
    exchange.absent["/api/v3/historicalTrades"] = Answer(400, b'{"code":-1121,"msg":"Invalid symbol."}')
    feed = feed_for(exchange)
    feed.start(recorder)
    feed.take([trade_gap(5, 9)])
    wait_until(lambda: "not served any more" in feed.health()[0].last_error)
    feed.close()
    assert len(exchange.asked) == 2


@pytest.mark.parametrize(
    "trouble", [Answer(503), Answer(451), Answer(200, b"<html>"), Answer(0), Answer(429, headers={"Retry-After": "1"})]
)
def test_trouble_is_waited_out_and_loses_nothing(trouble: Answer, recorder: Recorder, exchange: CannedExchange) -> None:
    exchange.script = [trouble] * (2 if trouble.status != 429 else 1)
    feed = feed_for(exchange, pause="1ms")
    feed.start(recorder)
    reader = Reader(recorder, feed)
    from_socket(recorder, 1, 5)
    reader.until(lambda: len(reader.ids) == 5)
    wait_until(lambda: feed.health()[0].state == "live")
    feed.close()
    (health,) = feed.health()
    assert health.next_try_ns == 0
    assert health.rejects == (2 if trouble.body else 0)


def test_a_ban_is_shown_with_its_end_and_does_not_hold_up_the_end_of_the_program(recorder: Recorder, exchange: CannedExchange) -> None:
    exchange.script = [Answer(418, headers={"Retry-After": "3600"})]
    feed = feed_for(exchange)
    feed.start(recorder)
    feed.probe([SYMBOL])
    wait_until(lambda: feed.health()[0].state == "down")
    (health,) = feed.health()
    assert 3500 < (health.next_try_ns - recorder.now()) / 1e9 <= 3600
    assert "refuses this address" in health.last_error
    started = time.monotonic()
    feed.close()
    assert time.monotonic() - started < 10
    assert len(exchange.asked) == 1


def test_a_path_that_fails_does_not_hold_up_the_others(recorder: Recorder, exchange: CannedExchange) -> None:
    exchange.absent["/api/v3/trades"] = Answer(403)
    feed = feed_for(exchange)
    feed.start(recorder)
    feed.probe([SYMBOL])
    reader = Reader(recorder, feed)
    from_socket(recorder, 1, 5)
    reader.until(lambda: len(reader.ids) == 5)
    feed.close()
    assert "firewall" in feed.health()[0].last_error


def test_a_broken_book_gets_a_snapshot_until_it_is_whole(recorder: Recorder, exchange: CannedExchange) -> None:
    feed = feed_for(exchange, has_depth=True)
    feed.start(recorder)
    reader = Reader(recorder)
    feed.take([book_gap(5)])
    reader.until(lambda: len(reader.frames) == 2)  # the first one was too old
    feed.take([book_gap(5, 9)])
    wait_until(lambda: feed.health()[0].state == "live")
    asked = len(exchange.asked)
    feed.close()
    assert 2 <= asked <= 3
    assert (
        reader.frames[0]
        == b'{"stream":"btcusdt@depth@rest","data":' + b'{"lastUpdateId": 100, "bids": [["100.4", "3"]], "asks": [["100.6", "2"]]}}'
    )
    assert exchange.asked[0] == ("/api/v3/depth", {"symbol": SYMBOL, "limit": "1000"})


def test_a_book_that_no_snapshot_mends_is_left_after_some_tries(recorder: Recorder, exchange: CannedExchange) -> None:
    feed = feed_for(exchange)
    feed.start(recorder)
    feed.take([book_gap(5)])
    wait_until(lambda: len(exchange.asked) == 3 and feed.health()[0].state == "live")
    time.sleep(0.05)
    feed.close()
    assert len(exchange.asked) == 3
    assert feed.health()[0].gaps_open == 1


def test_a_probe_asks_for_a_book_only_where_books_are_followed(recorder: Recorder, exchange: CannedExchange) -> None:
    for has_depth in (False, True):
        exchange.asked.clear()
        feed = feed_for(exchange, has_depth=has_depth)
        feed.start(recorder)
        feed.probe([SYMBOL])
        wait_until(lambda feed=feed: feed.health()[0].state == "live")  # type: ignore[misc]
        feed.close()
        assert exchange.paths() == (["trades", "depth"] if has_depth else ["trades"])


def test_candles_warm_up_the_start_and_later_those_missed_come_in(tmp_path: Path, exchange: CannedExchange) -> None:
    now = [1_700_000_000_000_000_000]
    recorder = Recorder(tmp_path / "frames" / "live", clock=lambda: now[0])
    feed = feed_for(exchange, msgspec.structs.replace(QUICK, warm_minutes=30))
    feed.start(recorder)
    reader = Reader(recorder)

    def probe() -> list[int]:
        before = len(reader.frames)
        exchange.now_ms = now[0] // 1_000_000
        asked = len(exchange.asked)
        feed.probe([SYMBOL])
        wait_until(lambda: len(exchange.asked) > asked and feed.health()[0].state == "live")
        recorder.flush()
        reader.read()
        rows = [msgspec.json.decode(frame) for frame in reader.frames[before:]]
        return [row["data"][0] for row in rows if row["stream"] == "btcusdt@kline_1m@rest"]

    this_minute = now[0] // 60_000_000_000 * 60_000
    assert probe() == [this_minute - 60_000 * back for back in range(30, 0, -1)]
    now[0] += 1_000_000_000
    assert probe() == []  # no minute has passed
    now[0] += 180_000_000_000
    assert probe() == [this_minute + 60_000 * ahead for ahead in range(3)]
    now[0] += 2_000 * 60_000_000_000
    assert len(probe()) == 1000  # bounded
    feed.close()
    recorder.close()
    assert [path for path in exchange.paths() if path == "klines"] == ["klines"] * 3


def test_oldest_gaps_come_first_and_newest_trades_before_them(recorder: Recorder, exchange: CannedExchange) -> None:
    feed = feed_for(exchange)
    feed.take([trade_gap(50, 52), trade_gap(10, 12)])
    feed.probe(["ETHUSDT"])
    time.sleep(0.005)
    feed.start(recorder)
    wait_until(lambda: len(exchange.asked) >= 2)
    feed.close()
    assert exchange.paths()[0] == "trades"
    assert exchange.asked[1][1] == {"symbol": SYMBOL, "fromId": "10", "limit": "43"}  # one page for both


def test_what_was_wanted_before_a_kill_is_wanted_again_and_what_was_fetched_is_not(recorder: Recorder, exchange: CannedExchange) -> None:
    first = feed_for(exchange)
    first.start(recorder)
    first.take([trade_gap(10, 12)])
    reader = Reader(recorder)
    reader.until(lambda: reader.ids == [10, 11, 12])
    wait_until(lambda: first.health()[0].state == "live")
    first.close()
    first.take([trade_gap(20, 22), book_gap(7)])
    exchange.asked.clear()
    second = feed_for(exchange)
    second.resume(first.snapshot())
    second.start(recorder)
    reader.until(lambda: len(reader.ids) == 6)
    wait_until(lambda: "depth" in exchange.paths())
    second.close()
    assert reader.ids[3:] == [20, 21, 22]
    assert {query["fromId"] for path, query in exchange.asked if path.endswith("historicalTrades")} == {"20"}


def test_closing_does_not_wait_for_an_answer_and_puts_nothing_on_the_tape_afterwards(recorder: Recorder, exchange: CannedExchange) -> None:
    exchange.script = [Answer(200, b'[{"id":7}]', delay=3.0)]
    rest = BinanceRest(RestSettings((exchange.host,), timeout=Duration.parse("5s")))
    feed = RepairFeed(rest, QUICK)
    assert feed.health() == ()
    feed.start(recorder)
    feed.probe([SYMBOL])
    wait_until(lambda: len(exchange.asked) == 1)
    started = time.monotonic()
    feed.close()
    assert time.monotonic() - started < 2.5
    for thread in threading.enumerate():
        if thread.name == "repair":
            thread.join(20)
    assert recorder.committed("binance") == 0


def test_a_tape_that_cannot_be_written_ends_the_thread_quietly(tmp_path: Path, exchange: CannedExchange) -> None:
    recorder = Recorder(tmp_path / "frames" / "live")
    recorder.close()
    feed = feed_for(exchange)
    feed.start(recorder)
    feed.probe([SYMBOL])
    wait_until(lambda: not any(thread.name == "repair" for thread in threading.enumerate()))
    feed.close()
    assert len(exchange.asked) == 1


def test_a_feed_that_never_started_can_be_closed(exchange: CannedExchange) -> None:
    feed_for(exchange).close()
    assert exchange.asked == []
