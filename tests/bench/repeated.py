"""A long session made of a real one: the same frames again and again, with instants and ids moved on."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

from connectors.inputs.frame_logs import read_frame_logs
from connectors.tape.manifest import PartitionInfo, refresh
from connectors.tape.writer import FrameWriter
from flows.commands.compact import compact
from flows.sessions import open_session, with_symbols
from flows.settings import Shaping

IDS = ("t", "a", "f", "l", "u", "U", "lastUpdateId")
INSTANTS = ("E", "T")
PARTITION = "binance"


def build(logs: list[Path], session: Path, repetitions: int) -> int:
    """Write a session of `repetitions` times the frames of `logs`, frames and columns, and give the number of frames."""
    symbols = ("BTCUSDT",)
    open_session(session, {PARTITION: PartitionInfo(symbols=symbols)}, with_symbols(Shaping(), symbols), origin="repeated real frames")
    chunks = list(read_frame_logs(logs))
    frames = [pair for chunk in chunks for pair in zip(chunk.received_ns.tolist(), chunk.payloads, strict=True)]
    span_ns = frames[-1][0] - frames[0][0] + 1_000_000
    decoded: list[dict[str, Any]] = [msgspec.json.decode(payload) for _, payload in frames]
    span_ids = _span_ids(decoded)
    writer = FrameWriter(session / "frames" / PARTITION)
    for turn in range(repetitions):
        for start in range(0, len(frames), 20_000):
            part = slice(start, start + 20_000)
            moved = [msgspec.json.encode(_moved(message, turn, span_ns, span_ids)) for message in decoded[part]]
            writer.extend([received_ns + turn * span_ns for received_ns, _ in frames[part]], "binance", moved)
            writer.commit()
    writer.close()
    refresh(session)
    compact(session)
    return len(frames) * repetitions


def _span_ids(messages: list[dict[str, Any]]) -> dict[str, int]:
    """How far each kind of id goes in one turn; book updates share one count."""
    books = [data[key] for data in map(_data, messages) for key in ("u", "lastUpdateId") if key in data]
    trades = [data["t"] for data in map(_data, messages) if "t" in data]
    book_span, trade_span = max(books) - min(books) + 1, max(trades) - min(trades) + 1
    return {key: trade_span if key in ("t", "a", "f", "l") else book_span for key in IDS}


def _data(message: dict[str, Any]) -> dict[str, Any]:
    data: dict[str, Any] = message.get("data", message)
    return data


def _moved(message: dict[str, Any], turn: int, span_ns: int, span_ids: dict[str, int]) -> dict[str, Any]:
    data = dict(_data(message))
    prices = "e" not in data and "lastUpdateId" not in data  # a bookTicker, where `a` is a price
    for key in IDS:
        if key in data and isinstance(data[key], int) and not (prices and key == "a"):
            data[key] += turn * span_ids[key]
    for key in INSTANTS:
        if key in data:
            data[key] += turn * span_ns // 1_000_000
    return {"stream": message["stream"], "data": data} if "stream" in message else data


if __name__ == "__main__":
    print(build([Path(name) for name in sys.argv[3:]], Path(sys.argv[1]), int(sys.argv[2])))
