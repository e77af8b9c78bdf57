"""What is played: every market frame, in the order of its arrival, whichever partition it is in and however it was recorded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connectors.outputs.exchange_tape import ExchangeTape
from scoring.errors import SessionError
from tests.connectors.outputs.exchange_sessions import START_NS, Row, combined, rows, write


def played(tape: ExchangeTape) -> list[Row]:
    found = []
    for block in tape.blocks():
        assert len(block) == len(block.names) == len(block.received_ns)
        found += list(zip(block.received_ns.tolist(), block.payloads, strict=True))
    return found


@pytest.mark.parametrize("block_rows", [1, 7, 10_000])
def test_partitions_are_merged_by_time(block_rows: int, tmp_path: Path) -> None:
    frames = rows(5)
    parts = {"one": frames[::3], "two": sorted(frames[1::3] + frames[2::3]), "empty": []}
    found = played(ExchangeTape(write(tmp_path, parts), block_rows))
    assert sorted(found) == sorted(frames)
    assert [at for at, _ in found] == sorted(at for at, _ in frames)


def test_it_may_be_played_twice(tmp_path: Path) -> None:
    tape = ExchangeTape(write(tmp_path, {"binance": rows(2)}), 100)
    assert played(tape) == played(tape)


@pytest.mark.parametrize(
    ("raw", "stream"),
    [
        ({"e": "trade", "E": 1, "s": "BTCUSDT", "t": 1}, "btcusdt@trade"),
        ({"e": "aggTrade", "E": 1, "s": "BTCUSDT", "a": 1}, "btcusdt@aggTrade"),
        ({"e": "depthUpdate", "E": 1, "s": "BTCUSDT", "U": 1, "u": 2}, "btcusdt@depth@100ms"),
        ({"e": "kline", "E": 1, "s": "BTCUSDT", "k": {"i": "1m"}}, "btcusdt@kline_1m"),
        ({"u": 1, "s": "BTCUSDT", "b": "1", "B": "1", "a": "1", "A": "1"}, "btcusdt@bookTicker"),
        ({"lastUpdateId": 1, "bids": [], "asks": []}, "btcusdt@depth@rest"),
    ],
)
def test_a_raw_event_is_given_the_wrapper_of_its_stream(raw: dict[str, object], stream: str, tmp_path: Path) -> None:
    payload = json.dumps(raw, separators=(",", ":")).encode()
    session = write(tmp_path, {"binance": [(START_NS, payload)]}, ("BTCUSDT",))
    [block] = ExchangeTape(session, 10).blocks()
    assert (block.names, block.payloads) == ([stream.encode()], [combined(stream, raw)])


@pytest.mark.parametrize("payload", [b"", b"\xff", b"[1]", b'{"e":"fax","s":"BTCUSDT"}', b'{"result":null,"id":1}', b'{"s":"BTCUSDT"}'])
def test_what_is_of_no_stream_has_no_name(payload: bytes, tmp_path: Path) -> None:
    [block] = ExchangeTape(write(tmp_path, {"binance": [(START_NS, payload)]}), 10).blocks()
    assert (block.names, block.payloads) == ([b""], [payload])


def test_a_session_without_frames_of_the_market_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SessionError, match="holds no frames of the feed 'binance'"):
        ExchangeTape(write(tmp_path, {"binance": []}), 10)
