"""The same two windows the way Bytewax's documentation shows: one item per event, its own clock and window operators."""

from __future__ import annotations

import json
import resource
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import bytewax.operators as op
import bytewax.operators.windowing as win
import msgspec
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, TestingSource, run_main

from connectors.tape.reader import FrameReader

Row = tuple[datetime, float, float]


def measure(frames: Path, limit: int) -> dict[str, float]:
    """Run trade and quote windows over the first `limit` frames, decoded with msgspec inside the flow."""
    reader = FrameReader(frames)
    messages: list[tuple[int, bytes]] = []
    while len(messages) < limit and (chunk := reader.read(len(messages), 20_000)) is not None:
        messages += list(zip(chunk.received_ns.tolist(), chunk.payloads, strict=True))
    messages = messages[:limit]
    decoder = msgspec.json.Decoder()

    def parse(message: tuple[int, bytes]) -> list[tuple[str, tuple[str, Row]]]:
        received_ns, payload = message
        decoded: dict[str, Any] = decoder.decode(payload)
        data = decoded.get("data", decoded)
        if data.get("e") == "trade":
            at = datetime.fromtimestamp(data["T"] / 1000, UTC)
            return [(data["s"], ("trade", (at, float(data["p"]), float(data["q"]))))]
        if "B" in data:
            at = datetime.fromtimestamp(received_ns / 1e9, UTC)
            return [(data["s"], ("quote", (at, float(data["b"]), float(data["a"]))))]
        return []

    def of(kind: str) -> Any:
        return lambda value: value[1] if value[0] == kind else None

    def windows(stream: Any, name: str, width: timedelta, fold: Any) -> Any:
        clock: win.EventClock[Row] = win.EventClock(lambda row: row[0], timedelta(seconds=10))
        windower = win.TumblingWindower(length=width, align_to=datetime(2024, 1, 1, tzinfo=UTC))
        return win.fold_window(name, stream, clock, windower, lambda: [0.0, 0.0, 0.0, 0.0, float("inf"), 0.0], fold, _merge).down

    flow, out = Dataflow("operators"), list[Any]()
    parsed = op.flat_map("parse", op.input("in", flow, TestingSource(messages, batch_size=1000)), parse)
    trades = op.filter_map_value("trades", parsed, of("trade"))
    quotes = op.filter_map_value("quotes", parsed, of("quote"))
    merged = op.merge(
        "merge",
        windows(trades, "bars", timedelta(minutes=1), _fold_trade),
        windows(quotes, "spreads", timedelta(seconds=30), _fold_quote),
    )
    op.output("out", merged, TestingSink(out))
    started = time.perf_counter()
    run_main(flow)  # type: ignore[no-untyped-call]
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "events": len(messages), "windows": len(out), "peak_mb": peak}


def _fold_trade(state: list[float], row: Row) -> list[float]:
    state[0] += row[1] * row[2]
    state[1] += row[2]
    state[2] += 1
    state[3] = max(state[3], row[1])
    state[4] = min(state[4], row[1])
    return state


def _fold_quote(state: list[float], row: Row) -> list[float]:
    spread = row[2] - row[1]
    state[0] += spread
    state[2] += 1
    state[3] = max(state[3], spread)
    state[4] = min(state[4], spread)
    return state


def _merge(left: list[float], right: list[float]) -> list[float]:
    return [a + b for a, b in zip(left, right, strict=True)]


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), int(sys.argv[2]))))
