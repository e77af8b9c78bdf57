"""One live run, measured: a sender, the flow with everything on, one client of its feed, each in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from connectors.tape.reader import FrameReader
from tests.bench.live_flow import Notes
from tests.flows.conftest import clean_environment
from tests.flows.sessions import ROOT, free_ports

WARM_S: Final = 4.0
"""Seconds at the start of a run that are not counted: connecting, first windows, first files."""
SETTLE_S: Final = 1.0
"""Seconds from the last frame to the signal that stops the flow."""
LOOK_S: Final = 0.2
"""How often it looks whether a process has ended."""
CANDLE: Final = b'@kline_1m"'
REST: Final = b'@rest"'
HEAD_BYTES: Final = 60
"""In which a frame names its stream."""
BLOCK_ROWS: Final = 50_000
TICKS: Final = os.sysconf("SC_CLK_TCK")
PERCENTILES: Final = (50, 90, 99, 100)
CLIENT: Final = """
import sys, time
from websockets.sync.client import connect
while True:
    try:
        with connect(sys.argv[1], compression=None, max_size=None) as feed:
            for _ in feed: pass
    except OSError:
        time.sleep(0.1)
"""
BARE: Final = """
import asyncio, json, sys, time
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
async def receive():
    frames, began = 0, time.monotonic()
    async with connect(sys.argv[1], compression=None, max_size=None) as market:
        try:
            while True:
                json.loads(await market.recv())
                frames += 1
        except ConnectionClosed:
            pass
    print(frames / (time.monotonic() - began))
asyncio.run(receive())
"""


class Measured(msgspec.Struct, frozen=True):
    """What a run showed."""

    latencies_ms: NDArray[np.float64]
    """float64[n]: from the stamp at the socket to the feed, of the timed frames after the warm-up."""
    rate: float
    """Frames a second that were sent."""
    late_s: float
    """How far behind its schedule the sender ended: the receiver did not take more."""
    lost: int
    """Frames that were sent and are not on the tape, and trades the flow found missing or could not read."""
    behind: int
    """Frames on the tape that the flow had not read, or not told, when it was stopped; they wait there for its next start."""
    cpu: float
    """Cores of the flow's process."""
    others: float
    """Cores that everything else on the machine took."""
    rows: Mapping[str, int]
    """Final rows that were shown, by table."""

    @property
    def percentiles(self) -> list[float]:
        """Give p50, p90, p99 and the greatest, in ms."""
        return [float(value) for value in np.percentile(self.latencies_ms, PERCENTILES)]


def bare(seconds: float = 4.0) -> float:
    """Give the frames a second of a loop that receives with `websockets`, parses with `json`, and does nothing else."""
    with started("-m", "tests.bench.live_sender", "inf", str(seconds)) as sender:
        port = int(told(sender)["port"])
        loop = [sys.executable, "-c", BARE, f"ws://127.0.0.1:{port}/stream"]
        said = subprocess.run(loop, capture_output=True, text=True, check=True).stdout
    return float(said)


def measure(rate: float, seconds: float, settings: str = "") -> Measured:
    """Run the flow at a rate, with more `settings` in TOML; what is timed begins after the warm-up."""
    with tempfile.TemporaryDirectory(prefix="ghosttape-live-") as name, contextlib.ExitStack() as running:
        folder = Path(name)
        sender = running.enter_context(started("-m", "tests.bench.live_sender", str(rate), str(seconds + WARM_S)))
        environment = _environment(folder, int(told(sender)["port"]), settings)
        flow = running.enter_context(started("-m", "tests.bench.live_flow", str(folder / "notes"), environment=environment))
        began = told(sender, beside=flow)["began"]
        client = running.enter_context(started("-c", CLIENT, f"ws://127.0.0.1:{environment['GHOSTTAPE_FEED__PORT']}"))
        time.sleep(max(0.0, began + WARM_S - time.time()))
        own = [os.getpid(), sender.pid, flow.pid, client.pid]
        before = _Cores.now(own)
        sent = told(sender)
        used = _Cores.now(own).since(before)
        time.sleep(SETTLE_S)
        flow.send_signal(signal.SIGTERM)
        if flow.wait(SETTLE_S * 60):
            sys.exit(f"the flow ended with exit code {flow.returncode}")
        notes = msgspec.json.decode((folder / "notes").read_bytes(), type=Notes)
        tape = _Tape(folder / "data/tape/frames/live")
    warm_ns = int((began + WARM_S) * 1e9)
    seen = ((at_ns, tape.received_ns[opened_ns]) for opened_ns, at_ns in notes.shown)
    latencies = np.array([(at_ns - received_ns) / 1e6 for at_ns, received_ns in seen if received_ns > warm_ns])
    flow_cpu, others = used.processes[flow.pid], used.all - sum(used.processes.values())
    lost = int(sent["sent"]) - tape.sent + notes.gaps + notes.rejects
    behind = tape.rows - notes.frames + int(sent["marks"]) - len(notes.shown)
    return Measured(latencies, sent["sent"] / sent["seconds"], sent["late_s"], lost, behind, flow_cpu, others, notes.rows)


class _Cores(msgspec.Struct, frozen=True):
    """Processor time so far, or cores in between."""

    at: float
    processes: dict[int, float]
    all: float

    @classmethod
    def now(cls, pids: Sequence[int]) -> _Cores:
        user, nice, system, _, _, *rest = map(int, Path("/proc/stat").read_text().splitlines()[0].split()[1:])
        return cls(time.monotonic(), {pid: cpu_s(pid) for pid in pids}, (user + nice + system + sum(rest[:3])) / TICKS)

    def since(self, before: _Cores) -> _Cores:
        passed = self.at - before.at
        processes = {pid: (used - before.processes[pid]) / passed for pid, used in self.processes.items()}
        return _Cores(passed, processes, (self.all - before.all) / passed)


class _Tape:
    """What a run left on the tape."""

    def __init__(self, folder: Path) -> None:
        self.received_ns: dict[int, int] = {}
        """When each timed frame was received, by its minute."""
        self.sent = 0
        """Frames of the sender."""
        reader = FrameReader(folder)
        row = reader.first_row
        while (chunk := reader.read(row, BLOCK_ROWS)) is not None:
            row = chunk.end_row
            for index in chunk.rows_of("binance").tolist():
                self._take(chunk.payloads[index], int(chunk.received_ns[index]))
        self.rows = row - reader.first_row
        reader.close()

    def _take(self, payload: bytes, received_ns: int) -> None:
        head = payload[:HEAD_BYTES]
        self.sent += REST not in head
        if CANDLE in head:
            self.received_ns[msgspec.json.decode(payload)["data"]["k"]["t"] * 1_000] = received_ns


def cpu_s(pid: int) -> float:
    """Give the processor time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _environment(folder: Path, port: int, settings: str) -> dict[str, str]:
    (folder / "ghosttape.toml").write_text(settings)
    (feed,) = free_ports(1)
    kinds = ["trade", "bookTicker", "kline_1m"]
    return clean_environment(folder) | {
        "GHOSTTAPE_CONFIG": str(folder / "ghosttape.toml"),
        "GHOSTTAPE_FEED__PORT": str(feed),
        "GHOSTTAPE_INPUTS__BINANCE__STREAM__HOSTS": json.dumps([f"ws://127.0.0.1:{port}"]),
        "GHOSTTAPE_INPUTS__BINANCE__STREAM__KINDS": json.dumps(kinds),
        "GHOSTTAPE_INPUTS__BINANCE__REST__HOSTS": json.dumps([f"http://127.0.0.1:{port}"]),
        "GHOSTTAPE_INPUTS__BINANCE__REPAIR__WARM_MINUTES": "0",
    }


@contextlib.contextmanager
def started(*arguments: str, environment: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """Start an interpreter, and end it."""
    with subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def told(process: subprocess.Popen[str], beside: subprocess.Popen[str] | None = None) -> dict[str, float]:
    """Read the next line a process says about itself; give up where one `beside` it ends first."""
    said: IO[str] | None = process.stdout
    assert said is not None
    while beside is not None and not select.select([said], [], [], LOOK_S)[0]:
        if beside.poll() is not None:
            sys.exit(f"{beside.args!r} ended early")
    if not (line := said.readline()):
        sys.exit(f"{process.args!r} ended early")
    found: dict[str, float] = json.loads(line)
    return found


def medians(runs: Sequence[Measured]) -> list[float]:
    """Give the medians of the runs' percentiles."""
    return [float(np.median(values)) for values in zip(*(run.percentiles for run in runs), strict=True)]


def spread(runs: Sequence[Measured], place: int) -> str:
    """Write the least and the greatest of one percentile."""
    values = [run.percentiles[place] for run in runs]
    return f"{min(values):.2f}-{max(values):.2f}"
