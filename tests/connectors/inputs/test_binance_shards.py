"""Streams are spread within the limits, whole symbols together, and nothing is asked for twice."""

from __future__ import annotations

import re

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from connectors.inputs.binance_settings import BinanceSettings
from connectors.inputs.binance_shards import ConnectionBudget, shards, streams_of, subscription, symbol_of

KINDS = ("trade", "bookTicker", "depth@100ms", "kline_1m")
SYMBOLS = st.lists(st.integers(0, 400).map("COIN{}USDT".format), max_size=120)
LIMITS = BinanceSettings()


@settings(max_examples=50, deadline=None)
@given(symbols=SYMBOLS, kinds=st.integers(1, 4), most=st.integers(1, 60))
def test_every_stream_is_on_one_connection_and_none_is_overfull(symbols: list[str], kinds: int, most: int) -> None:
    streams = streams_of(symbols, KINDS[:kinds])
    split = shards(streams, most)
    assert sorted(stream for shard in split for stream in shard) == sorted(set(streams))
    assert all(0 < len(shard) <= most for shard in split)


@settings(max_examples=50, deadline=None)
@given(symbols=SYMBOLS, most=st.integers(4, 60))
def test_a_symbol_is_never_split_where_it_fits(symbols: list[str], most: int) -> None:
    owners: dict[str, int] = {}
    for number, shard in enumerate(shards(streams_of(symbols, KINDS), most)):
        for stream in shard:
            assert owners.setdefault(symbol_of(stream), number) == number


@settings(max_examples=50, deadline=None)
@given(symbols=SYMBOLS, most=st.integers(1, 30))
def test_there_are_no_more_connections_than_needed(symbols: list[str], most: int) -> None:
    streams = set(streams_of(symbols, ["trade"]))
    assert len(shards(list(streams), most)) == -(-len(streams) // most)


@settings(max_examples=50, deadline=None)
@given(symbols=SYMBOLS, longest=st.integers(0, 500), size=st.integers(1, 50))
def test_what_is_asked_for_is_each_stream_once(symbols: list[str], longest: int, size: int) -> None:
    streams = streams_of(list(dict.fromkeys(symbols)), ["trade", "depth@100ms"])
    asked = subscription(streams, replace(LIMITS, longest_address=longest, streams_per_message=size))
    messages = [msgspec.json.decode(message) for message in asked.messages]
    in_address = re.search(r"streams=([^&]*)&", asked.path)
    named = in_address[1].split("/") if in_address else []
    assert (*named, *(stream for message in messages for stream in message["params"])) == streams
    assert len("/".join(named)) <= longest
    assert all(len(message["params"]) <= size and message["method"] == "SUBSCRIBE" for message in messages)
    assert [message["id"] for message in messages] == list(range(1, len(messages) + 1))
    assert asked.path.endswith("timeUnit=microsecond")


def test_the_time_unit_is_the_setting_s() -> None:
    assert subscription(["a@trade"], replace(LIMITS, time_unit="millisecond")).path == "/stream?streams=a@trade&timeUnit=millisecond"


def test_the_exchange_s_own_limit_takes_a_thousand_streams_at_once() -> None:
    assert [len(shard) for shard in shards(streams_of([f"C{number}" for number in range(256)], KINDS), LIMITS.streams_per_connection)] == [
        1024
    ]


def test_attempts_wait_for_their_turn() -> None:
    now = 100.0
    budget = ConnectionBudget(3, 10.0, clock=lambda: now)
    assert [budget.reserve() for _ in range(5)] == [0, 0, 0, 10, 10]
    now = 105.0
    assert budget.reserve() == pytest.approx(5)
    now = 200.0
    assert budget.reserve() == 0


@settings(max_examples=50, deadline=None)
@given(steps=st.lists(st.floats(0, 5), min_size=1, max_size=60), most=st.integers(1, 5))
def test_no_window_ever_holds_more_attempts_than_allowed(steps: list[float], most: int) -> None:
    now, at = 0.0, list[float]()
    budget = ConnectionBudget(most, 10.0, clock=lambda: now)
    for step in steps:
        now += step
        at.append(now + budget.reserve())
    assert all(later - earlier >= 10 - 1e-9 for earlier, later in zip(at, at[most:], strict=False))
