"""A screen ends with its terminal, also where whoever started it keeps the signal to himself."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.flows.conftest import clean_environment
from tests.flows.sessions import ROOT
from tui.terminal import held, is_gone

LEAD = "import fcntl, signal, sys, termios, time; signal.signal(signal.SIGHUP, signal.SIG_IGN); fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
"""In a session of its own the terminal becomes the one of the process, as in a window."""


UNLED = "import sys, time; "
"""In a session of its own without that: the process has no controlling terminal, as under `setsid`."""


@pytest.mark.parametrize("lead", [LEAD, UNLED])
def test_a_terminal_is_there_until_its_other_end_is_closed(lead: str) -> None:
    master, slave = pty.openpty()
    code = "from tui.terminal import held, is_gone; print(held(), is_gone(held()), flush=True)\nwhile not is_gone(0): time.sleep(0.01)"
    process = subprocess.Popen(
        [sys.executable, "-c", lead + code], stdin=slave, stdout=subprocess.PIPE, text=True, cwd=ROOT, start_new_session=True
    )
    os.close(slave)
    with process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "0 False\n"
        finally:
            os.close(master)
        assert process.wait(30) == 0


def test_keys_from_a_pipe_are_no_terminal() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from tui.terminal import held; print(held())"],
        input="",
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        check=True,
    )
    assert done.stdout == "None\n"
    assert held() is None or not is_gone(held() or 0)


def test_the_screen_ends_when_its_terminal_does(tmp_path: Path) -> None:
    master, slave = pty.openpty()
    code = "import runpy; sys.argv = ['tui', '--url', 'ws://127.0.0.1:9']; runpy.run_module('tui', run_name='__main__')"
    environment = clean_environment(tmp_path) | {
        "TERM": "xterm-256color",
        "XDG_STATE_HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path),
    }
    process = subprocess.Popen(
        [sys.executable, "-c", LEAD + code], stdin=slave, stdout=slave, stderr=slave, cwd=ROOT, env=environment, start_new_session=True
    )
    os.close(slave)
    closer = threading.Timer(1.0, os.close, (master,))
    try:
        painted = b""
        while b"Ghosttape" not in painted:
            painted += os.read(master, 1 << 16)
        closer.start()
        assert process.wait(30) == 129
        closer.join()
    finally:
        process.kill()
        process.wait(30)
