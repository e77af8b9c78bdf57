"""How many frames a second the live input takes from a websocket onto the tape, beside the bare loop anyone would write.

    python -m tests.bench.binance_input

A server in a process of its own sends real recorded frames as fast as they are read. The input under test is all of it: socket,
stamps, one commit a read, the recorder's thread, the tape on the disk. The other loop receives with `websockets` and parses with
`json`, and keeps nothing.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import json
import multiprocessing
import os
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

from websockets.asyncio.client import connect
from websockets.frames import Frame, Opcode

from connectors.inputs.binance import BinanceFeed, BinanceSettings
from connectors.tape.recorder import Recorder
from scoring.duration import Duration

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "market"
RECORDING = "spot_btcusdt_20240809.gz"
STREAMS = ("btcusdt@trade", "btcusdt@bookTicker", "btcusdt@depth@100ms")
SECONDS = 3.0
ROUNDS = 3
MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def real_frames() -> list[bytes]:
    """Give the frames of combined streams of a recording."""
    with gzip.open(DATA / RECORDING) as lines:
        payloads = [line.rstrip(b"\n").split(b" ", 1)[1] for line in lines]
    return [payload for payload in payloads if payload.startswith(b'{"stream"')]


def blast(port: Pipe) -> None:
    """Accept websockets and send the recording round and round."""
    blob = b"".join(Frame(Opcode.TEXT, payload).serialize(mask=False) for payload in real_frames())
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port.send(listening.getsockname()[1])
        while True:
            peer, _ = listening.accept()
            threading.Thread(target=blast_one, args=(peer, blob), daemon=True).start()


def blast_one(peer: socket.socket, blob: bytes) -> None:
    """Shake hands by hand and send without a pause."""
    request = peer.recv(65536)
    key = request.split(b"Sec-WebSocket-Key: ")[1].split(b"\r\n")[0]
    accept = base64.b64encode(hashlib.sha1(key + MAGIC).digest())
    upgrade = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
    peer.sendall(upgrade + accept + b"\r\n\r\n")
    try:
        while True:
            peer.sendall(blob)
    except OSError:
        peer.close()


def bare(address: str) -> tuple[float, float]:
    """Receive with `websockets`, parse with `json`: frames a second, and microseconds of processor a frame."""

    async def receive() -> int:
        frames, until = 0, time.perf_counter() + SECONDS
        async with connect(address, compression=None, max_queue=4096, close_timeout=0) as client:
            while time.perf_counter() < until:
                json.loads(await client.recv(decode=False))
                frames += 1
            client.transport.abort()
        return frames

    return measured(lambda: asyncio.run(receive()))


def ours(address: str) -> tuple[float, float]:
    """Take frames onto a tape: frames a second, and microseconds of processor a frame."""

    def receive() -> int:
        with tempfile.TemporaryDirectory() as folder:
            recorder = Recorder(Path(folder) / "session" / "frames" / "live")
            settings = BinanceSettings(hosts=(address,), open_timeout=Duration.parse("5s"))
            feed = BinanceFeed(settings, STREAMS, lambda _: None, "live")
            feed.start(recorder)
            time.sleep(SECONDS)
            feed.close()
            recorder.flush()
            frames = recorder.committed("binance")
            recorder.close(seal=False)
        return frames

    return measured(receive)


def measured(work: Callable[[], int]) -> tuple[float, float]:
    """Time a loop that gives how many frames it took."""
    began, processor = time.perf_counter(), time.process_time()
    frames = work()
    return frames / (time.perf_counter() - began), (time.process_time() - processor) / frames * 1e6


def main() -> None:
    """Measure both in turns, several times."""
    if not (DATA / RECORDING).exists():
        sys.exit(f"the real recording is not here: {DATA / RECORDING} is looked for")
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    server = context.Process(target=blast, args=(there,), daemon=True)
    server.start()
    address = f"ws://127.0.0.1:{here.recv()}"
    print(f"{ROUNDS} rounds of {SECONDS:.0f} s each, {os.cpu_count()} cores, server in another process, frames of {RECORDING}")
    loops = {"websockets + json.loads, nothing kept": bare, "live input, onto the tape": ours}
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in loops}
    for _ in range(ROUNDS):
        for name, loop in loops.items():
            found[name].append(loop(address))
    for name, rounds in found.items():
        rate, cost = (statistics.median(figures) for figures in zip(*rounds, strict=True))
        print(f"{name:<40} {rate:>10,.0f} frames/s   {cost:>6.2f} us of processor a frame")
    server.terminate()


if __name__ == "__main__":
    main()
