"""Small sessions cut from larger ones, and the ways to run them."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from connectors.tape.manifest import Form, load, refresh, save
from connectors.tape.reader import FrameReader
from connectors.tape.writer import FrameWriter
from flows.commands.compact import compact

ROOT = Path(__file__).resolve().parents[2]
STARTED: list[subprocess.Popen[str]] = []
"""What the running test has started; `end_started` ends what it left."""
BUNDLED = ROOT / "recordings" / "session"
SECOND_NS = 1_000_000_000


def cut(source: Path, target: Path, start_second: float, seconds: float, columns: bool = True) -> Path:
    """Copy a span of a session, counted from its start, as a session of its own, with columns beside the frames."""
    manifest = load(source)
    first_ns = manifest.start_ns + int(start_second * SECOND_NS)
    last_ns = first_ns + int(seconds * SECOND_NS)
    for name in manifest.partitions:
        reader, writer = FrameReader(source / "frames" / name), FrameWriter(target / "frames" / name)
        row = reader.first_row
        while (frames := reader.read(row, 20_000)) is not None:
            row += len(frames)
            for index in range(len(frames)):
                at_ns = int(frames.received_ns[index])
                if first_ns <= at_ns < last_ns:
                    writer.append(at_ns, frames.feed(index), frames.payloads[index])
            writer.commit()
        writer.close()
        reader.close()
    only_frames = {name: replace(info, forms=(Form.FRAMES,)) for name, info in manifest.partitions.items()}
    save(target, replace(manifest, name=target.name, partitions=only_frames, files=(), digests={}))
    refresh(target)
    if columns:
        compact(target)
    return target


def free_ports(count: int) -> list[int]:
    """Find ports nobody listens on."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def cluster(session: Path, folder: Path, environment: dict[str, str], processes: int = 2) -> list[int]:
    """Replay in several processes that form one Bytewax cluster, and give their exit codes."""
    addresses = ";".join(f"127.0.0.1:{port}" for port in free_ports(processes))
    what = f"flows.main:replay({str(session)!r}, data_dir={str(folder)!r}, form='frames')"
    commands = [["bytewax.run", what, "-i", str(index), "-a", addresses] for index in range(processes)]
    started = [start(command, environment, subprocess.DEVNULL) for command in commands]
    return [process.wait(timeout=120) for process in started]


def start(arguments: Sequence[str], environment: dict[str, str], output: int = subprocess.PIPE) -> subprocess.Popen[str]:
    """Start a module of ours."""
    command = [sys.executable, "-m", *arguments]
    STARTED.append(subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT, text=True))
    return STARTED[-1]


def end_started() -> None:
    """Kill what still runs, so that a test that failed leaves nothing that makes the next ones wait."""
    while STARTED:
        kill(STARTED.pop())


def finish(process: subprocess.Popen[str], seconds: float = 300.0) -> str:
    """Wait until a process has ended well, and give what it said."""
    said = process.communicate(timeout=seconds)[0]
    assert process.returncode == 0, said
    return said


def kill(process: subprocess.Popen[str]) -> None:
    """End a process so that it can do nothing about it; one that has ended is left alone."""
    process.kill()
    if process.stdout is not None and not process.stdout.closed:
        process.communicate(timeout=60)
    process.wait(60)
