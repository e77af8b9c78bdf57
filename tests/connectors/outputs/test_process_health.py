"""What this process takes of the machine, where the system says it and where it does not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from connectors.outputs.process_health import NAME, ProcessHealth, Vitals, in_words

ROOT = Path(__file__).resolve().parents[3]
linux = pytest.mark.skipif(sys.platform != "linux", reason="read from /proc")


CHANGE = """
import sys, threading
from pathlib import Path
from connectors.outputs.process_health import ProcessHealth

folder = Path(sys.argv[1])
health = ProcessHealth(folder / "not" / "made")
before = health.vitals()
held, stop = bytearray(64 << 20), threading.Event()
held[:: 1 << 12] = b"x" * (len(held) >> 12)
thread = threading.Thread(target=stop.wait)
thread.start()
with (folder / "file").open("w"):
    during = health.vitals()
stop.set()
assert during.memory_bytes - before.memory_bytes > 48 << 20, (before, during)
assert during.threads == before.threads + 1, (before, during)
assert during.open_files == before.open_files + 1, (before, during)
assert during.cpu_seconds >= before.cpu_seconds, (before, during)
assert during.disk_free_bytes > 0, (before, during)
"""
"""In a process of its own: in that of the tests, what earlier ones have left comes and goes."""


@linux
def test_numbers_follow_what_the_process_does(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CHANGE, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


def test_a_row_says_it_in_words(tmp_path: Path) -> None:
    (row,) = ProcessHealth(tmp_path, lambda: 5, least_free=0)()
    assert (row.source, row.at_ns, row.state, row.last_error) == (NAME, 5, "live", "")
    assert "GB free" in row.detail


def test_a_disk_that_fills_up_is_told_before_it_is_full(tmp_path: Path) -> None:
    (row,) = ProcessHealth(tmp_path, least_free=1 << 60)()
    assert row.state == "stale"
    assert row.last_error.endswith("expected 1152921504.6 GB: free some")


def test_what_a_system_does_not_say_is_left_out(tmp_path: Path) -> None:
    vitals = ProcessHealth(tmp_path, own=tmp_path / "none").vitals()
    assert (vitals.memory_bytes, vitals.threads, vitals.open_files) == (-1, -1, -1)
    assert in_words(Vitals(-1, -1, -1, -1, 2.0)) == "2 s of processor"
    assert in_words(Vitals(1_000_000, 0, 1, 7, 2.0)) == "1 MB of memory, 0.0 GB free, 1 threads, 7 open files, 2 s of processor"
