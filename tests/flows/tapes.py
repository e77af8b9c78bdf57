"""Tapes made by hand: a market that trades, quotes and rebuilds its book, with everything that can go wrong in it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random

from connectors.tape.manifest import PartitionInfo, refresh, save
from connectors.tape.writer import FrameWriter
from connectors.wire.gap import encode_gap
from flows.sessions import new_manifest, with_symbols
from flows.settings import Shaping
from scoring.records import ALL_SYMBOLS, CLOCK_GRID_NS, Gap

Frame = tuple[int, str, bytes]
"""(receive time in ns, feed, payload)."""

START_NS = 1_767_225_600_000_000_000
"""2026-01-01, 00:00 UTC."""
SECOND_NS = 1_000_000_000


def combined(stream: str, data: object) -> bytes:
    """Write a frame of a combined stream as the exchange does."""
    return json.dumps({"stream": stream, "data": data}, separators=(",", ":")).encode()


def write_session(session: Path, partitions: Mapping[str, tuple[PartitionInfo, Iterable[Frame]]]) -> Path:
    """Write frames, given in any order, as a session."""
    for name, (_, frames) in partitions.items():
        writer = FrameWriter(session / "frames" / name)
        for at_ns, feed, payload in sorted(frames, key=lambda frame: frame[0]):
            writer.append(at_ns, feed, payload)
        writer.close()
    infos = {name: info for name, (info, _) in partitions.items()}
    symbols = tuple(symbol for info in infos.values() for symbol in info.symbols)
    save(session, new_manifest(session.name, infos, with_symbols(Shaping(), symbols), "made by hand"))
    refresh(session)
    return session


def clocks(seconds: int) -> Iterator[Frame]:
    """Mark the recorder's clock."""
    for mark in range(1, seconds * SECOND_NS // CLOCK_GRID_NS + 1):
        yield START_NS + mark * CLOCK_GRID_NS, "clock", b""


def trades(symbol: str, seconds: int, missing: Sequence[range] = (), per_second: int = 4) -> Iterator[Frame]:
    """Trade at a steady rate; ids in `missing` were never received."""
    random = Random(symbol)
    for number in range(seconds * per_second):
        at_ns = START_NS + number * SECOND_NS // per_second + 3_000_000
        data = {"e": "trade", "E": at_ns // 10**6, "s": symbol, "t": number + 1, "T": at_ns // 10**6, "m": random.random() < 0.5, "M": True}
        data |= {"p": f"{100 + random.gauss(0, 0.3):.2f}", "q": f"{random.expovariate(3) + 0.001:.3f}"}
        if not any(number + 1 in span for span in missing):
            yield at_ns + 2_000_000, "binance", combined(f"{symbol.lower()}@trade", data)


def quotes(symbol: str, seconds: int, per_second: int = 7) -> Iterator[Frame]:
    """Quote at a steady rate."""
    random = Random(f"{symbol} quotes")
    for number in range(seconds * per_second):
        bid = 100 + random.gauss(0, 0.3)
        data = {"u": number + 1, "s": symbol, "b": f"{bid:.2f}", "B": "3", "a": f"{bid + random.choice((0.01, 0.02, 0.1)):.2f}", "A": "2"}
        yield START_NS + number * SECOND_NS // per_second + 1_000_000, "binance", combined(f"{symbol.lower()}@bookTicker", data)


def books(symbol: str, seconds: int, breaks: Mapping[int, int], per_second: int = 5) -> Iterator[Frame]:
    """Update a book at a steady rate: an update is missing at each second of `breaks`, a snapshot comes so many frames later."""
    random = Random(f"{symbol} book")
    stream, snapshot_at = f"{symbol.lower()}@depth@100ms", {2} | {second * per_second + wait for second, wait in breaks.items()}
    missing = {second * per_second for second in breaks}
    for number in range(seconds * per_second):
        at_ns = START_NS + number * SECOND_NS // per_second + 5_000_000
        sides = {"b": [[f"{99 - random.randrange(9)}.5", "2"]], "a": [[f"{101 + random.randrange(9)}.5", f"{random.randrange(5)}"]]}
        diff = {"e": "depthUpdate", "E": at_ns // 10**6, "s": symbol, "U": number * 3 + 1, "u": number * 3 + 3, **sides}
        if number not in missing:
            yield at_ns, "binance", combined(stream, diff)
        if number in snapshot_at:
            levels = {side: [[f"{start + step}", "1"] for step in range(6)] for side, start in (("bids", 90), ("asks", 102))}
            snapshot = {"lastUpdateId": number * 3 + 2, **levels}
            yield at_ns + 40_000_000, "binance", combined(f"{symbol.lower()}@depth@rest", snapshot)


def lost_connection(second: int, seconds: int) -> Iterator[Frame]:
    """Note that the connection was lost, and that it was back."""
    from_ns, to_ns = START_NS + second * SECOND_NS + 7, START_NS + (second + seconds) * SECOND_NS + 7
    for at_ns, until_ns in ((from_ns, 0), (to_ns, to_ns)):
        yield at_ns, "gap", encode_gap(Gap("binance", ALL_SYMBOLS, ALL_SYMBOLS, from_ns, until_ns, 0, 0, 0, 0, "disconnected"))


def posts(seconds: int, every: int = 3) -> Iterator[Frame]:
    """Post at a steady rate."""
    for number in range(seconds // every):
        at_ns = START_NS + number * every * SECOND_NS
        text = {"channel": "lounge", "message_id": number, "date": at_ns // SECOND_NS, "author": None, "text": f"btc is up {number}%"}
        yield at_ns + 5, "telegram", json.dumps(text).encode()
