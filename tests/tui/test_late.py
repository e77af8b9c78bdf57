"""A screen that connects late ends with what one knows that was there from the beginning, however the feed was cut for each."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from functools import reduce as fold

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.outputs.feed import FeedItem, FeedPartition, FeedSettings, FeedSink
from connectors.outputs.feed_board import Board
from scoring.duration import Duration
from scoring.feed import Hello, Message, decode_messages, encode
from scoring.records import DecouplingSignal, Pulse, RiskMetrics, Rows, Table, TradeMetrics, columns_of, to_columns
from tui.feed import follow
from tui.history import history
from tui.state import State, reduce

SECOND = 1_000_000_000
START = 1_785_585_600 * SECOND
HELLO = Hello("0.1.0", "session", "replay", ["BTCUSDT", "ETHUSDT"], [])
QUICK = FeedSettings(port=0, interval=Duration.parse("10ms"))


def filled(struct: type[msgspec.Struct], **known: object) -> msgspec.Struct:
    blank: dict[type, object] = {int: 0, float: 0.5, bool: False, str: "", bytes: b""}
    return struct(**{name: blank[kind] for name, kind in columns_of(struct).items()} | known)


def windows(symbol: str, *bounds_s: tuple[int, int], close: float, provisional: bool = False) -> Rows:
    made = [
        filled(
            TradeMetrics,
            symbol=symbol,
            window_start_ns=START + first * SECOND,
            window_end_ns=START + last * SECOND,
            close=close,
            price_stddev=float("nan"),
            trade_count=last,
            completeness="complete",
        )
        for first, last in bounds_s
    ]
    return Rows(Table.TRADE_METRICS, symbol, to_columns(TradeMetrics, made), 0, provisional)


def samples(symbol: str, first: float, last: float, price: float, provisional: bool = False) -> Rows:
    made = [
        filled(RiskMetrics, symbol=symbol, sampled_ns=START + half * SECOND // 2, price=price + half)
        for half in range(round(2 * first), round(2 * last))
    ]
    return Rows(Table.RISK_METRICS, symbol, to_columns(RiskMetrics, made), 0, provisional)


def mood(asset: str, symbol: str, second: int) -> Rows:
    vibe = float("nan") if second % 7 == 0 else second % 11 / 11
    signal = filled(DecouplingSignal, asset=asset, evaluated_ns=START + second * SECOND, average_vibe=vibe, message_count=second)
    return Rows(Table.DECOUPLING_SIGNALS, symbol, to_columns(DecouplingSignal, [signal]), 0)


def tape(seconds: int) -> list[list[FeedItem]]:
    """What a flow says in each second: samples as they stand and, later, for certain; windows that close and some that are revised."""
    told: list[list[FeedItem]] = []
    for second in range(seconds):
        news: list[FeedItem] = [Pulse("binance", START + second * SECOND, second, 0, 0, 0, 0, 0, 1.0, "live")]
        for symbol, asset in (("BTCUSDT", "bitcoin"), ("ETHUSDT", "ethereum")):
            news.append(samples(symbol, second, second + 1, 100.0, provisional=True))
            if second >= 3:
                news.append(samples(symbol, second - 3, second - 2, 100.0 if second % 5 else 200.0))
            news.append(windows(symbol, (second - second % 10, second - second % 10 + 10), close=float(second), provisional=True))
            if second % 10 == 9:
                news.append(windows(symbol, (second - 9, second + 1), close=float(second)))
            if second % 60 == 59:
                news.append(windows(symbol, (second - 59, second + 1), (second - 9, second + 1), close=-float(second)))
            if second % 20 == 15 and second > 30:
                news.append(windows(symbol, (second - 25, second - 15), close=1_000.0 + second))
            if second % 3 == 0:
                news.append(mood(asset, symbol, second))
        told.append(news)
    return told


def reader(board: Board) -> Iterator[list[Message]]:
    """Give what a client is told whenever it asks: the snapshot, then what changed with some of the past."""
    seen, snapshot = board.snapshot(lambda _: True)
    past = board.past(lambda _: True)
    yield [snapshot]
    while True:
        seen, entries = board.since(seen)
        yield decode_messages(b"\n".join(entry.frame() for entry in (*entries, next(past, None)) if entry))


def told(state: State, messages: Sequence[Message]) -> State:
    return fold(reduce, decode_messages(b"\n".join(map(encode, messages))), state)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=2, max_size=25), st.data())
def test_whenever_a_screen_connects_and_looks_it_ends_with_the_same(cuts: list[int], data: st.DataObject) -> None:
    board = Board(FeedSettings(history_points=40, history_windows=12))
    early, late = reader(board), None
    known, heard = reduce(State(), HELLO), reduce(State(), HELLO)
    script = tape(sum(cuts))
    connects = data.draw(st.integers(0, len(cuts)))
    for number, cut in enumerate(cuts):
        if number == connects:
            late = reader(board)
        for _ in range(cut):
            board.put(script.pop(0))
        if data.draw(st.booleans()):
            known = told(known, next(early))
        if late is not None and data.draw(st.booleans()):
            heard = told(heard, next(late))
    late = late or reader(board)
    for _ in range(10):  # pieces of the past
        known, heard = told(known, next(early)), told(heard, next(late))
    last_s = START / SECOND + sum(cuts)
    for symbol in HELLO.symbols:
        one, other = known.symbols[symbol], heard.symbols[symbol]
        assert one.rows == other.rows
        assert one.bars[-12:] == other.bars[-12:]
        assert one.past[-39:] == other.past[-39:]
        assert list(one.points.items())[-39:] == list(other.points.items())[-39:]
        assert [point for point in one.recent if point[0] > last_s - 250] == [point for point in other.recent if point[0] > last_s - 250]
    assert known.crowd.stances == heard.crowd.stances
    assert {asset: past[-40:] for asset, past in known.crowd.past.items()} == {
        asset: past[-40:] for asset, past in heard.crowd.past.items()
    }


@pytest.fixture
def feed() -> Iterator[FeedPartition]:
    partition = FeedSink(QUICK, HELLO).build_part("feed", "one", None)
    yield partition
    partition.close()


class Screen:
    """The client and the reducer of the screen."""

    def __init__(self, feed: FeedPartition) -> None:
        self.state = State()
        self._url = f"ws://127.0.0.1:{feed.port}"

    async def watch(self) -> None:
        async with aclosing(follow(self._url)) as events:
            async for event in events:
                self.state = reduce(self.state, event)

    @property
    def heard_s(self) -> float:
        return self.state.tape_at.timestamp() - START / SECOND if self.state.tape_at else 0.0

    def knows(self) -> tuple[object, ...]:
        crowd = self.state.crowd
        return (self.state.symbols, crowd.stances, crowd.past)


def test_two_screens_of_a_running_feed_draw_one_chart(feed: FeedPartition) -> None:
    early, late = Screen(feed), Screen(feed)
    script = tape(400)

    async def play() -> None:
        watching = [asyncio.create_task(early.watch())]
        async with asyncio.timeout(60):
            while early.state.hello is None:
                await asyncio.sleep(0.01)
            for number, news in enumerate(script):
                if number == 350:
                    watching.append(asyncio.create_task(late.watch()))
                feed.write_batch(news)
                if number % 40 == 0 or number > 345:
                    await asyncio.sleep(0.01)
            try:
                while early.heard_s < 399 or late.heard_s < 399 or early.knows() != late.knows():
                    await asyncio.sleep(0.01)
            finally:
                for task in watching:
                    task.cancel()
                await asyncio.gather(*watching, return_exceptions=True)

    try:
        asyncio.run(play())
    except TimeoutError:
        assert late.knows() == early.knows()
        raise
    known = late.state.symbols["BTCUSDT"]
    assert (len(known.bars), len(known.recent), len(known.past)) == (40, 300, 79)
    assert known.bars[1].close == 1_035.0, "a window that was revised before this screen came"
    assert len(late.state.crowd.past["bitcoin"]) > 60
    charts = [history(screen.state, "BTCUSDT") for screen in (early, late)]
    assert charts[0] == charts[1]
