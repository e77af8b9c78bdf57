"""A screen that has lost its server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PARENT = "import subprocess, sys\nchild = subprocess.Popen([sys.executable, '-c', sys.argv[1]])\nprint(child.pid, flush=True)\nchild.wait()"
CHILD = """
import os, signal, sys, threading, time
from tui.web_tab import watch
{before}
threading.Thread(target=watch, args=(os.getppid(),), daemon=True).start()
print("watching", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("before", ["", "signal.signal(signal.SIGTERM, signal.SIG_IGN)"], ids=["listens", "does not listen"])
def test_it_ends_soon_after_its_parent_and_not_before(before: str) -> None:
    command = [sys.executable, "-c", PARENT, CHILD.format(before=before)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert parent.stdout.readline() == "watching\n"
        time.sleep(1.5)
        os.kill(child, 0)
        parent.send_signal(signal.SIGKILL)
        deadline = time.monotonic() + 15
        # The output ends when the last who could write to it has.
        assert parent.stdout.read() == ""
        assert time.monotonic() < deadline
