"""Frames told by their first bytes: the same as reading their stream names."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.wire.binance_routes import PREFIX_BYTES, BinanceWireSettings, Event, Routes, routes_for

SYMBOLS = ("BTCUSDT", "ETHUSDT", "1000CATUSDT", "AB", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "币安人生USDT")
ROUTES = Routes(SYMBOLS, {"ETHUSDT": "aggTrade"})
DATA = {
    "trade": '{"e":"trade","E":1}',
    "aggTrade": '{"e":"aggTrade","E":1}',
    "bookTicker": '{"u":1}',
    "depth": '{"e":"depthUpdate","E":1}',
    "depth@100ms": '{"e":"depthUpdate","E":1}',
    "depth20@100ms": '{"lastUpdateId":1}',
    "kline_1m": '{"e":"kline","E":1}',
    "depth@rest": '{"lastUpdateId":1}',
    "ticker": '{"e":"24hrTicker","E":1}',
}


def frame(symbol: str, name: str) -> bytes:
    return f'{{"stream":"{symbol.lower()}@{name}","data":{DATA[name]}}}'.encode()


@given(st.lists(st.tuples(st.sampled_from([*SYMBOLS, "DOGEUSDT"]), st.sampled_from(sorted(DATA))), max_size=60))
@settings(max_examples=100, deadline=None)
def test_many_at_a_time_give_what_one_by_one_gives(names: list[tuple[str, str]]) -> None:
    payloads = [frame(*name) for name in names] + [b"", b"{", b"\x00" * 50]
    groups, others = ROUTES.classify(payloads)
    found = {index: route for route, indices in groups for index in indices.tolist()}
    assert sorted([*found, *others]) == list(range(len(payloads)))
    assert all((np.diff(indices) > 0).all() for _, indices in groups)
    for index, payload in enumerate(payloads):
        assert found.get(index) is ROUTES.prefixes.get(payload[:PREFIX_BYTES])
        if index in found:
            assert found[index] is ROUTES.by_stream[json.loads(payload)["stream"]]


def test_every_usual_stream_of_a_usual_symbol_is_told_by_its_prefix() -> None:
    usual = [name for name in DATA if name not in ("ticker", "depth@rest")]
    for symbol in ("BTCUSDT", "ETHUSDT", "1000CATUSDT"):
        assert all(frame(symbol, name)[:PREFIX_BYTES] in ROUTES.prefixes for name in usual)


@pytest.mark.parametrize(("symbol", "name"), [("AB", "bookTicker"), ("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "depth20@100ms")])
def test_a_name_that_leaves_too_few_fixed_bytes_or_does_not_end_inside_takes_the_long_way(symbol: str, name: str) -> None:
    assert frame(symbol, name)[:PREFIX_BYTES] not in ROUTES.prefixes
    assert f"{symbol.lower()}@{name}" in ROUTES.by_stream


def test_only_the_chosen_trade_stream_is_primary() -> None:
    assert ROUTES.by_stream["btcusdt@trade"].primary
    assert not ROUTES.by_stream["btcusdt@aggTrade"].primary
    assert ROUTES.by_stream["ethusdt@aggTrade@rest"].primary
    assert not ROUTES.by_stream["ethusdt@trade"].primary
    assert all(ROUTES.by_event[event, "ETHUSDT"].primary for event in (Event.QUOTE, Event.DIFF, Event.SNAPSHOT, Event.KLINE))


def test_routes_are_made_once_for_equal_settings() -> None:
    first, second = (BinanceWireSettings(("BTCUSDT",), primary={"BTCUSDT": "trade"}) for _ in range(2))
    assert routes_for(first) is routes_for(second)
    assert routes_for(first) is not routes_for(BinanceWireSettings(("BTCUSDT",), primary={"BTCUSDT": "aggTrade"}))


def test_without_symbols_no_frame_is_told() -> None:
    assert Routes((), {}).classify([b"a", b"b"]) == ([], [0, 1])
