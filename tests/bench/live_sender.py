"""An exchange that sends real frames at any rate: ids go up by one, event times are now, and some frames are there to be timed.

    python -m tests.bench.live_sender RATE SECONDS        port, then what was sent, as JSON lines

The frames are trades and quotes of ../shared/data, dealt out to three symbols. All of them lie framed in one array of bytes, in
which ids and times are overwritten just before they go out, so that the sender needs a tenth of what the receiver does. The timed
frames are closed candles, which the flow tells at once: each has a minute of its own, far in the past.
"""

from __future__ import annotations

import gzip
import itertools
import json
import math
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

LOGS: Final = [Path(__file__).resolve().parents[3] / "shared/data/market" / f"spot_btcusdt_{day}.gz" for day in ("20240808", "20240809")]
SYMBOLS: Final = ("BTCUSDT", "ETHUSDT", "DOGEUSDT")
STOCK: Final = 60_000
"""Frames of the recording that are used, again and again."""
PART: Final = 1_000
"""Frames whose ids are counted on at once."""
SLICE: Final = 512
"""Most frames in one write to the socket."""
TICK_S: Final = 0.001
MARKS_PER_S: Final = 100
"""Timed frames a second, at most; at low rates one frame in twenty."""
FIRST_MINUTE_MS: Final = 1_600_000_020_000
MINUTE_MS: Final = 60_000
FIRST_TRADE, FIRST_UPDATE = 3_700_000_000, 50_000_000_000
TIME_DIGITS: Final = 16

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]


class Numbers:
    """The places of one kind of number in the stock: `digits` bytes each."""

    def __init__(self, framed: Sequence[bytes], starts: Sequence[int], keys: Sequence[bytes], digits: int) -> None:
        """Look for the number behind its keys in every frame."""
        found = [(at, starts[at] + place + len(key)) for at, frame in enumerate(framed) for key in keys if (place := frame.find(key)) >= 0]
        self._frames = np.array([at for at, _ in found])
        self._places = np.array([place for _, place in found])[:, None] + np.arange(digits)
        self._firsts = np.searchsorted(self._frames, np.arange(len(framed) + 1)).tolist()
        self._powers = 10 ** np.arange(digits - 1, -1, -1)

    def write(self, data: Bytes, start: int, stop: int, values: Places) -> None:
        """Overwrite it in some of the frames; `values` has one for each frame of the stock."""
        own = slice(self._firsts[start], self._firsts[stop])
        data[self._places[own]] = values[self._frames[own], None] // self._powers % 10 + ord("0")

    def write_same(self, data: Bytes, start: int, stop: int, digits: bytes) -> None:
        """Overwrite it with the same digits everywhere."""
        data[self._places[self._firsts[start] : self._firsts[stop]]] = np.frombuffer(digits, np.uint8)


class Stock:
    """Framed payloads, one behind the other."""

    def __init__(self) -> None:
        """Read the recording."""
        payloads, kinds, self._ids = _dealt(itertools.islice(_recorded(), STOCK))
        framed = [Frame(Opcode.TEXT, payload).serialize(mask=False) for payload in payloads]
        self._starts = np.cumsum([0, *map(len, framed)]).tolist()
        self._data = np.frombuffer(b"".join(framed), np.uint8).copy()
        self._at = 0
        counts = Counter(kinds)
        self._spans = np.array([counts[kind] for kind in kinds])
        self._times = Numbers(framed, self._starts, (b'"E":', b'"T":'), TIME_DIGITS)
        self._trades = Numbers(framed, self._starts, (b'"t":',), len(str(FIRST_TRADE)))
        self._updates = Numbers(framed, self._starts, (b'{"u":',), len(str(FIRST_UPDATE)))

    def next(self, most: int) -> tuple[int, bytes]:
        """Give the next frames and how many they are: fewer where a part of the stock ends."""
        start, part_end = self._at, self._at - self._at % PART + PART
        stop = min(start + most, part_end)
        self._times.write_same(self._data, start, stop, b"%d" % (time.time_ns() // 1_000))
        content = self._data[self._starts[start] : self._starts[stop]].tobytes()
        if stop == part_end:  # its ids go on for the next time round
            first = stop - PART
            self._ids[first:stop] += self._spans[first:stop]
            self._trades.write(self._data, first, stop, self._ids)
            self._updates.write(self._data, first, stop, self._ids)
        self._at = stop % STOCK
        return stop - start, content


def _recorded() -> Iterator[bytes]:
    for line in itertools.chain.from_iterable(map(gzip.open, LOGS)):
        payload = bytes(line).rstrip(b"\n").partition(b" ")[2]
        if b'@trade"' in payload[:40] or b'@bookTicker"' in payload[:40]:
            yield payload


def _dealt(payloads: Iterable[bytes]) -> tuple[list[bytes], list[tuple[str, str]], Places]:
    """Deal the frames out to the symbols, and count their ids from the beginning; give frames, kinds and ids."""
    dealt, kinds, ids = [], [], []
    counts: Counter[tuple[str, str]] = Counter()
    for payload, symbol in zip(payloads, itertools.cycle(SYMBOLS), strict=False):
        message = json.loads(payload)
        kind, data = message["stream"].partition("@")[2], message["data"] | {"s": symbol}
        key, first = ("t", FIRST_TRADE) if kind == "trade" else ("u", FIRST_UPDATE)
        data[key] = first + counts[symbol, kind]
        data |= dict.fromkeys(("E", "T"), 10 ** (TIME_DIGITS - 1)) if kind == "trade" else {}
        dealt.append(json.dumps({"stream": f"{symbol.lower()}@{kind}", "data": data}, separators=(",", ":")).encode())
        kinds.append((symbol, kind))
        ids.append(data[key])
        counts[symbol, kind] += 1
    return dealt, kinds, np.array(ids)


def mark(number: int) -> bytes:
    """Write a timed frame: a closed candle of a minute of its own."""
    opened = FIRST_MINUTE_MS + number * MINUTE_MS
    candle = {"t": opened * 1_000, "T": (opened + MINUTE_MS) * 1_000 - 1, "s": "BTCUSDT", "i": "1m", "f": 1, "L": 2}
    candle |= dict.fromkeys("ohlc", "61837.63000000") | {"v": "2.00000000", "n": 2, "x": True, "q": "123675.26000000"}
    candle |= {"V": "1.00000000", "Q": "61837.63000000", "B": "0"}
    data = {"e": "kline", "E": time.time_ns() // 1_000, "s": "BTCUSDT", "k": candle}
    payload = json.dumps({"stream": "btcusdt@kline_1m", "data": data}, separators=(",", ":")).encode()
    return Frame(Opcode.TEXT, payload).serialize(mask=False)


def stream(peer: socket.socket, stock: Stock, rate: float, seconds: float) -> dict[str, float]:
    """Send at a rate, or as fast as it is taken; say how much it was and how far behind it ended."""
    marks_per_s = min(MARKS_PER_S, rate / 20)
    began, began_cpu = time.monotonic(), time.process_time()
    sent = marks = worst = 0.0
    while (passed := time.monotonic() - began) < seconds:
        due = SLICE if math.isinf(rate) else int(passed * rate - sent)
        if due < 1:
            time.sleep(max(TICK_S, 1 / rate))
            continue
        worst = max(worst, due / rate)
        count, content = stock.next(min(due, SLICE))
        peer.sendall(content)
        sent += count
        while marks < passed * marks_per_s:
            peer.sendall(mark(int(marks)))
            marks += 1
    passed = time.monotonic() - began
    late_s = 0.0 if math.isinf(rate) else max(0.0, passed - sent / rate)
    cpu = (time.process_time() - began_cpu) / passed
    return {"sent": sent + marks, "marks": marks, "seconds": passed, "late_s": late_s, "worst_s": worst, "cpu": cpu}


def serve(peer: socket.socket, stock: Stock, rate: float, seconds: float) -> None:
    """Shake hands, send, and tell; who asks for anything but streams is told that it is not here."""
    head = b""
    while b"\r\n\r\n" not in head:
        head += peer.recv(65_536)
    protocol = ServerProtocol()
    protocol.receive_data(head)
    (request,) = protocol.events_received()
    assert isinstance(request, Request)
    streams = request.headers.get("Upgrade") == "websocket"
    protocol.send_response(protocol.accept(request) if streams else protocol.reject(404, "only streams"))
    peer.sendall(b"".join(protocol.data_to_send()))
    if not streams:
        peer.close()
        return
    print(json.dumps({"began": time.time()}), flush=True)
    try:
        told = stream(peer, stock, rate, seconds)
    except OSError as error:
        told = {}
        print(f"the receiver went: {error}", file=sys.stderr)
    print(json.dumps(told), flush=True)
    if math.isinf(rate):
        peer.close()
    while peer.fileno() >= 0 and peer.recv(4_096):
        continue


def main(rate: float, seconds: float) -> None:
    """Serve until killed."""
    stock = Stock()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        print(json.dumps({"port": listening.getsockname()[1]}), flush=True)
        while True:
            peer, _ = listening.accept()
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=serve, args=(peer, stock, rate, seconds), daemon=True).start()


if __name__ == "__main__":
    main(float(sys.argv[1]), float(sys.argv[2]))
