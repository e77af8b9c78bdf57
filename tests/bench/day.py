"""`python -m tests.bench.day --hours 24`: does a live flow grow? Memory, open files and threads over a simulated day.

The bundled session, again and again, with ids, instants and posts moved on, is served as an exchange at many times its speed; its
posts come by a feed of lines. The flow is the program's own, follows the clock of the session, has everything on and one client of
its feed. Every half hour of the session has one row: the median of what was looked at each second. The last one is compared with
the one that ends at the first hour, when windows, buffers and libraries have taken what they need.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec.structs import replace
from rich.console import Console
from rich.table import Table as Grid

from connectors.outputs.exchange import Exchange, ExchangeSettings
from connectors.tape.manifest import Form, load, refresh, save
from connectors.tape.reader import FrameReader
from connectors.tape.writer import FrameWriter
from tests.bench.live_run import CLIENT, cpu_s, started
from tests.flows.conftest import clean_environment
from tests.flows.sessions import BUNDLED, free_ports

TURN_S: Final = 1_200
"""Session seconds after which everything comes again."""
TURN_NS: Final = TURN_S * 1_000_000_000
HALF_HOUR_NS: Final = 1_800 * 1_000_000_000
TURNS_PER_HOUR: Final = 3
LOOK_S: Final = 1.0
MEGABYTE: Final = 1 << 20
INSTANTS: Final = frozenset({"E", "T"})
IDS: Final = frozenset({"t", "u", "f", "L", "lastUpdateId"})
KINDS: Final = ("trade", "bookTicker", "depth5", "kline_1m")

Data = dict[str, Any]


class Sample(msgspec.Struct, frozen=True):
    """The flow's process at one moment."""

    at_ns: int
    """Of the session."""
    memory: float
    """Resident, MB."""
    files: int
    threads: int


# --- what is served ------------------------------------------------------------------------------------------------------------------


def build(session: Path, turns: int) -> Path:
    """Write the market of the bundled session `turns` times, one after the other."""
    manifest = load(BUNDLED)
    frames = [(at_ns, msgspec.json.decode(payload)) for at_ns, payload in _frames("binance")]
    spans = _spans([message for _, message in frames])
    writer = FrameWriter(session / "frames" / "binance")
    for turn in range(turns):
        moved = [msgspec.json.encode(_moved(message, turn, spans[message["stream"]])) for _, message in frames]
        writer.extend([at_ns + turn * TURN_NS for at_ns, _ in frames], "binance", moved)
        writer.commit()
    writer.close()
    info = replace(manifest.partitions["binance"], forms=(Form.FRAMES,))
    save(session, replace(manifest, name="day", partitions={"binance": info}, files=(), digests={}))
    refresh(session)
    return session


def _frames(partition: str) -> Iterator[tuple[int, bytes]]:
    """Read the frames of a feed that is named as its partition."""
    reader = FrameReader(BUNDLED / "frames" / partition)
    row = reader.first_row
    while (chunk := reader.read(row, 50_000)) is not None:
        row = chunk.end_row
        for index in chunk.rows_of(partition).tolist():
            yield int(chunk.received_ns[index]), chunk.payloads[index]
    reader.close()


def _spans(messages: list[Data]) -> dict[str, Mapping[str, int]]:
    """Say for each stream how far its ids go in one turn: trades of a symbol share one count, and so do updates of its book."""
    seen: dict[tuple[str, bool], list[int]] = {}
    for message in messages:
        symbol, _, kind = message["stream"].partition("@")
        if kind != "kline_1m":
            data = message["data"]
            seen.setdefault((symbol, kind == "trade"), []).append(data["t"] if kind == "trade" else data.get("u") or data["lastUpdateId"])
    spans = {key: max(ids) - min(ids) + 1 for key, ids in seen.items()}
    return {
        stream: {key: spans[stream.partition("@")[0], key in "tfL"] for key in IDS}
        for stream in dict.fromkeys(message["stream"] for message in messages)
    }


def _moved(message: Data, turn: int, spans: Mapping[str, int]) -> Data:
    """Move ids and instants of a frame on; in a candle `t` is an instant."""
    data = dict(message["data"])
    parts = [data]
    if "k" in data:
        data["k"] = dict(data["k"])
        parts.append(data["k"])
        data["k"]["t"] += turn * TURN_S * 1_000
    for part in parts:
        for key in part.keys() & IDS:
            if not ("k" in data and key == "t"):
                part[key] += turn * spans[key]
        for key in part.keys() & INSTANTS:
            part[key] += turn * TURN_S * 1_000
    return {"stream": message["stream"], "data": data}


def post(listening: socket.socket, exchange: Exchange, turns: int) -> None:
    """Send the posts of the session when they are due, to whoever connects first; no text comes twice."""
    posts = [(at_ns, msgspec.json.decode(payload)) for at_ns, payload in _frames("telegram")]
    with contextlib.suppress(OSError):  # the flow went: the day is over
        peer, _ = listening.accept()
        peer.recv(4_096)
        for turn in range(turns):
            for at_ns, said in posts:
                moved = {"message_id": said["message_id"] + turn * len(posts), "date": said["date"] + turn * TURN_S}
                while exchange.clock.now() < at_ns + turn * TURN_NS:
                    time.sleep(0.001)
                peer.sendall(msgspec.json.encode(said | moved | {"text": f"{said['text']} {turn}"}) + b"\n")


# --- the run -------------------------------------------------------------------------------------------------------------------------


def watch(process: subprocess.Popen[str], exchange: Exchange) -> list[Sample]:
    """Look at the process until the session is over."""
    samples: list[Sample] = []
    told = 0
    while not exchange.ended and exchange.failure is None:
        time.sleep(LOOK_S)
        if process.poll() is not None:
            sys.exit(f"the flow ended early, exit code {process.returncode}")
        at_ns = exchange.clock.now() - exchange.clock.first_ns
        samples.append(look(process.pid, at_ns))
        if at_ns // HALF_HOUR_NS > told:
            told = at_ns // HALF_HOUR_NS
            last = samples[-1]
            print(f"{told / 2:5.1f} h  {last.memory:7.1f} MB  {last.files} files  {last.threads} threads", file=sys.stderr, flush=True)
    if exchange.failure is not None:
        raise exchange.failure
    return samples


def look(pid: int, at_ns: int) -> Sample:
    """Look at a process."""
    own = Path(f"/proc/{pid}")
    resident = next(int(line.split()[1]) for line in (own / "status").read_text().splitlines() if line.startswith("VmRSS"))
    return Sample(at_ns, resident * 1024 / MEGABYTE, len(list((own / "fd").iterdir())), len(list((own / "task").iterdir())))


def run(hours: float, speed: float) -> tuple[list[Sample], float]:
    """Live through hours of the session; give what was seen, and the cores the flow took."""
    turns = round(hours * TURNS_PER_HOUR)
    with tempfile.TemporaryDirectory(prefix="ghosttape-day-") as name, contextlib.ExitStack() as running:
        folder = Path(name)
        session = build(folder / "session", turns)
        listening = running.enter_context(socket.create_server(("127.0.0.1", 0)))
        exchange = running.enter_context(Exchange(session, ExchangeSettings(port=0, speed=speed)))
        threading.Thread(target=post, args=(listening, exchange, turns), daemon=True).start()
        environment = _environment(folder, exchange.url, int(listening.getsockname()[1]))
        began = time.monotonic()
        flow = running.enter_context(started("-m", "flows.commands.live", environment=environment))
        running.enter_context(started("-c", CLIENT, f"ws://127.0.0.1:{environment['GHOSTTAPE_FEED__PORT']}"))
        samples = watch(flow, exchange)
        cores = cpu_s(flow.pid) / (time.monotonic() - began)
        flow.send_signal(signal.SIGTERM)
        if flow.wait(60):
            sys.exit(f"the flow ended with exit code {flow.returncode}")
    return samples, cores


def _environment(folder: Path, url: str, posts: int) -> dict[str, str]:
    (feed,) = free_ports(1)
    (folder / "ghosttape.toml").write_text(f'[[inputs.lines]]\nport = {posts}\nfeed = "telegram"\n')
    return clean_environment(folder) | {
        "GHOSTTAPE_CONFIG": str(folder / "ghosttape.toml"),
        "GHOSTTAPE_FEED__PORT": str(feed),
        "GHOSTTAPE_INPUTS__FOLLOW_CLOCK": url,
        "GHOSTTAPE_INPUTS__BINANCE__STREAM__HOSTS": json.dumps([url.replace("http", "ws")]),
        "GHOSTTAPE_INPUTS__BINANCE__STREAM__KINDS": json.dumps(KINDS),
        "GHOSTTAPE_INPUTS__BINANCE__REST__HOSTS": json.dumps([url]),
    }


def halves(samples: list[Sample]) -> Iterator[tuple[float, list[Sample]]]:
    """Give the samples of each whole half hour, and when it ended, in hours."""
    for half in range(samples[-1].at_ns // HALF_HOUR_NS):
        own = [sample for sample in samples if sample.at_ns // HALF_HOUR_NS == half]
        if own:
            yield (half + 1) / 2, own


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.day", description=__doc__)
    parser.add_argument("--hours", type=float, default=24.0, help="of the session (default: 24)")
    parser.add_argument("--speed", type=float, default=60.0, help="times real (default: 60, a day in 24 minutes)")
    given = parser.parse_args()
    began = time.monotonic()
    samples, cores = run(given.hours, given.speed)
    rows = [(hour, *(_median(own, name) for name in ("memory", "files", "threads"))) for hour, own in halves(samples)]
    grid = Grid(
        "hour", "memory MB", "open files", "threads", title=f"a live flow, {given.hours:g} h at {given.speed:g}x", title_justify="left"
    )
    for hour, memory, files, threads in rows:
        grid.add_row(f"{hour:.1f}", f"{memory:.1f}", f"{files:.0f}", f"{threads:.0f}")
    console = Console(width=130)
    console.print(grid)
    first = next((row for row in rows if row[0] == 1.0), rows[0])
    changes = ", ".join(
        f"{name} {(last / start - 1):+.1%}" for name, start, last in zip(grid_names(), first[1:], rows[-1][1:], strict=True)
    )
    console.print(f"from hour {first[0]:g} to hour {rows[-1][0]:g}: {changes} (aims: memory < 5 %, files and threads constant)")
    console.print(f"{samples[-1].at_ns / 3.6e12:.1f} simulated hours in {(time.monotonic() - began) / 60:.1f} minutes; {cores:.2f} cores")


def grid_names() -> tuple[str, ...]:
    """Name what is compared."""
    return "memory", "open files", "threads"


def _median(samples: list[Sample], name: str) -> float:
    return float(statistics.median(getattr(sample, name) for sample in samples))


if __name__ == "__main__":
    main()
