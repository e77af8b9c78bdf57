"""A minute of two symbols, served, and clients that are not ours to test it with."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import Any

from connectors.outputs.exchange import Exchange
from connectors.tape.manifest import Manifest, PartitionInfo, refresh, save
from connectors.tape.writer import FrameWriter

START_NS = 1_767_225_600_000_000_000
"""2026-01-01, 00:00 UTC."""
SECOND_NS = 1_000_000_000
SYMBOLS = ("BTCUSDT", "ETHUSDT")
PER_SECOND = 10
SECONDS = 60
FIRST_ID = 1_000

Row = tuple[int, bytes]


def combined(stream: str, data: object) -> bytes:
    """Write a frame as the exchange does."""
    return json.dumps({"stream": stream, "data": data}, separators=(",", ":")).encode()


def trade(symbol: str, number: int) -> dict[str, Any]:
    """Give the n-th trade: pairs of trades of one order, a tenth of a second apart from the next pair's."""
    at_ms = START_NS // 10**6 + number // 2 * 2_000 // PER_SECOND
    data = {"e": "trade", "E": at_ms + 1, "s": symbol, "t": FIRST_ID + number, "T": at_ms, "m": number % 4 < 2, "M": True}
    return data | {"p": f"{100 + number // 2 % 7}.50000000", "q": f"0.{number % 9 + 1}0000000"}


def rows(seconds: int = SECONDS) -> list[Row]:
    """Give all frames: trades, quotes and books of two symbols."""
    found: list[Row] = []
    for symbol in SYMBOLS:
        stream = symbol.lower()
        for number in range(seconds * PER_SECOND):
            data = trade(symbol, number)
            received_ns = data["T"] * 10**6 + 5_000_000 + number % 2
            found.append((received_ns, combined(f"{stream}@trade", data)))
            quote = {"u": number, "s": symbol, "b": "99.00000000", "B": "1.00000000", "a": "101.00000000", "A": "2.00000000"}
            found.append((received_ns + 10, combined(f"{stream}@bookTicker", quote)))
        for number in range(seconds):
            diff = {"e": "depthUpdate", "E": START_NS // 10**6, "s": symbol, "U": number * 2 + 1, "u": number * 2 + 2}
            diff |= {"b": [[f"{90 + number % 9}.00000000", f"{number}.00000000"]], "a": []}
            found.append((START_NS + number * SECOND_NS + 20_000_000, combined(f"{stream}@depth@100ms", diff)))
        snapshot = {"lastUpdateId": 4, "bids": [["80.00000000", "1.00000000"]], "asks": [["110.00000000", "1.00000000"]]}
        found.append((START_NS + 3 * SECOND_NS, combined(f"{stream}@depth@rest", snapshot)))
    return sorted(found, key=lambda row: row[0])


def write(session: Path, partitions: dict[str, list[Row]], symbols: tuple[str, ...] = SYMBOLS) -> Path:
    """Write frames of the market as a session."""
    for name, frames in partitions.items():
        writer = FrameWriter(session / "frames" / name)
        for received_ns, payload in frames:
            writer.append(received_ns, "binance", payload)
        writer.close()
    infos = {name: PartitionInfo(symbols=symbols) for name in partitions}
    save(session, Manifest(name=session.name, program="test", created="", partitions=infos))
    refresh(session)
    return session


def get(exchange: Exchange, target: str, headers: dict[str, str] | None = None) -> tuple[int, Any, dict[str, str]]:
    """Ask over REST: status, body, headers."""
    connection = http.client.HTTPConnection("127.0.0.1", exchange.port, timeout=10)
    try:
        connection.request("GET", target, headers=headers or {})
        response = connection.getresponse()
        return response.status, json.loads(response.read()), dict(response.headers)
    finally:
        connection.close()
