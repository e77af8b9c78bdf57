"""What two connections bring stands on the tape once, in order, and complete."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.inputs.binance_ids import Handover, event_of
from tests.connectors.inputs.market_server import trade

STREAMS = ("BTCUSDT", "ETHUSDT", "DOGEUSDT")


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (b'{"stream":"a@trade","data":{"e":"trade","E":1,"s":"A","t":5,"p":"1","q":"1","T":2,"m":true,"M":true}}', (b"a@trade", 5)),
        (b'{"stream":"a@aggTrade","data":{"e":"aggTrade","E":1,"s":"A","a":6,"p":"1","f":1,"l":2,"T":2}}', (b"a@aggTrade", 6)),
        (b'{"stream":"a@bookTicker","data":{"u":7,"s":"A","b":"1","B":"1","a":"2","A":"1"}}', (b"a@bookTicker", 7)),
        (b'{"stream":"a@depth@100ms","data":{"e":"depthUpdate","E":1,"s":"A","U":1,"u":8,"b":[],"a":[]}}', (b"a@depth@100ms", 8)),
        (b'{"stream":"a@depth20@100ms","data":{"lastUpdateId":9,"bids":[],"asks":[]}}', (b"a@depth20@100ms", 9)),
        (b'{"stream":"a@kline_1m","data":{"e":"kline","E":10,"s":"A","k":{"t":0,"T":59}}}', (b"a@kline_1m", 10)),
        (b'{"stream":"!ticker@arr","data":[]}', None),
        (b'{"stream":"a@avgPrice","data":{"E":1}}', None),
        (b'{"stream":"a@trade","data":{"e":"tra', None),
        (b'{"stream":"a@trade', None),
        (b'{"result":null,"id":1}', None),
        (b"", None),
    ],
)
def test_each_kind_of_stream_has_its_own_number(frame: bytes, expected: tuple[bytes, int] | None) -> None:
    assert event_of(frame) == expected


def test_every_real_frame_has_a_number_of_its_own(shared_data: Callable[[str], Path]) -> None:
    with gzip.open(shared_data("market/spot_btcusdt_20240809.gz")) as lines:
        frames = [line.split(b" ", 1)[1] for line in lines]
    events = [event_of(frame) for frame in frames if frame.startswith(b'{"stream"')]
    assert None not in events
    assert len(set(events)) == len(events)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_whatever_the_interleaving_each_event_is_passed_once_and_in_order(data: st.DataObject) -> None:
    """Both connections bring the same events, the new one from some event on; the old one brings all that was sent before its end."""
    events = [trade(number, symbol) for number, symbol in enumerate(data.draw(st.lists(st.sampled_from(STREAMS), min_size=1, max_size=40)))]
    subscribed = data.draw(st.integers(0, len(events)))
    ended = data.draw(st.integers(subscribed, len(events)))
    old, new = events[:ended], events[subscribed:]
    handover, passed = Handover(), list[bytes]()
    before_the_end = data.draw(st.integers(0, len(new)))
    turns = data.draw(st.permutations([True] * len(old) + [False] * before_the_end))
    old_frames, new_frames = iter(old), iter(new)
    for is_old in turns:
        passed += handover.old([next(old_frames)]) if is_old else handover.new([next(new_frames)])
    passed += handover.finish()
    for frame in new_frames:
        passed += handover.new([frame])
    assert sorted(passed) == sorted(events)
    for symbol in STREAMS:
        own = [frame for frame in events if symbol.encode() in frame]
        assert [frame for frame in passed if symbol.encode() in frame] == own
    assert not handover.holds


def test_what_the_new_one_brings_too_early_waits_for_the_old_one() -> None:
    handover = Handover()
    assert handover.old([trade(1)]) == [trade(1)]
    assert handover.new([trade(4), trade(5)]) == []
    assert (handover.holds, handover.proven) == (True, False)
    assert handover.old([trade(2), trade(3)]) == [trade(2), trade(3)]
    assert handover.old([trade(4)]) == [trade(4), trade(5)]
    assert (handover.holds, handover.proven, handover.duplicates) == (False, True, 1)


def test_once_joined_the_faster_one_is_followed() -> None:
    handover = Handover()
    handover.old([trade(1)])
    assert handover.new([trade(1), trade(2)]) == [trade(2)]
    assert handover.old([trade(2), trade(3)]) == [trade(3)]
    assert handover.new([trade(3)]) == []


def test_a_reordered_connection_loses_nothing() -> None:
    handover = Handover()
    assert handover.old([trade(1), trade(3), trade(2)]) == [trade(1), trade(3), trade(2)]
    assert handover.new([trade(3), trade(2), trade(5), trade(4)]) == [trade(5), trade(4)]


def test_what_has_no_number_passes_from_both() -> None:
    handover, notice = Handover(), b'{"result":null,"id":1}'
    assert handover.old([notice]) == handover.new([notice]) == [notice]
    assert handover.duplicates == 0


def test_nothing_is_proven_by_silence() -> None:
    handover = Handover()
    handover.old([trade(1)])
    assert not handover.proven
