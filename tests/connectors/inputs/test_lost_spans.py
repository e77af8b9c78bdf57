"""A lost connection is one gap per symbol, opened and closed under one key, also over a restart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.inputs.lost_spans import LostSpan, left_open
from connectors.tape.recorder import Recorder
from connectors.wire.gap import GAP_FEED, decode_gap

START_NS = 1_700_000_000_000_000_000


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    recorder = Recorder(tmp_path / "s" / "frames" / "live", clock=lambda: START_NS)
    yield recorder
    recorder.close()


def test_opening_and_closing_tell_the_same_gap() -> None:
    lost = LostSpan("live", ("BTCUSDT", "ETHUSDT"))
    opened = [decode_gap(payload) for payload in lost.open(5)]
    assert lost.open(9) == []
    closed = [decode_gap(payload) for payload in lost.close(11)]
    assert not lost.is_open
    assert lost.close(12) == []
    assert [(gap.source, gap.symbol, gap.kind, gap.from_ns, gap.to_ns) for gap in opened + closed] == [
        ("live", symbol, "*", 5, to_ns) for to_ns in (0, 11) for symbol in ("BTCUSDT", "ETHUSDT")
    ]


def test_a_new_tape_has_lost_nothing(recorder: Recorder) -> None:
    recorder.put(START_NS, "telegram", b"{}")
    assert left_open(recorder, "live", "binance") == ([], 0)
    lost = LostSpan("live", ("*",))
    assert lost.adopt([], 0) == []
    assert not lost.is_open


def test_what_an_earlier_run_left_open_is_found_and_what_it_closed_is_not(recorder: Recorder) -> None:
    recorder.put(START_NS, "binance", b"{}")
    other, lost, whole = LostSpan("other", ("BTCUSDT",)), LostSpan("live", ("BTCUSDT",)), LostSpan("live", ("ETHUSDT",))
    for at_ns, payloads in ((1, other.open(1)), (2, lost.open(2)), (3, whole.open(3)), (4, whole.close(4)), (5, [b"no gap"])):
        recorder.put_many(START_NS + at_ns, GAP_FEED, payloads)
    gaps, newest_ns = left_open(recorder, "live", "binance")
    assert [(gap.symbol, gap.from_ns) for gap in gaps] == [("BTCUSDT", 2)]
    assert newest_ns == START_NS + 5
    again = LostSpan("live", ("BTCUSDT", "ETHUSDT"))
    opened = [decode_gap(payload) for payload in again.adopt(gaps, newest_ns)]
    assert [(gap.symbol, gap.from_ns) for gap in opened] == [("ETHUSDT", newest_ns)]
    closed = [decode_gap(payload) for payload in again.close(newest_ns + 7)]
    assert {(gap.symbol, gap.from_ns) for gap in closed} == {("BTCUSDT", 2), ("ETHUSDT", newest_ns)}
