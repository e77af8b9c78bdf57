"""A terminal for measurements: a program in a pty, what it writes and when, and the CPU it takes."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import tempfile
import termios
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

_LOOK_S: Final = 0.001
_KEPT: Final = 4_000_000
"""Bytes of output kept; the older half goes when there are more."""
_WORDS: Final = 2_000
"""Bytes of output in a complaint."""


class Ended(Exception):
    """The program has ended, and nothing of it can be measured any more."""


class Terminal:
    """A program that believes it has a screen of 16 million colours."""

    def __init__(self, command: Sequence[str], columns: int = 200, rows: int = 60) -> None:
        """Start it."""
        self._folder = tempfile.TemporaryDirectory(prefix="ghosttape-bench-")
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        environment = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")}
        environment |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
        environment |= {"XDG_STATE_HOME": self._folder.name, "XDG_CONFIG_HOME": self._folder.name}
        self.started = time.perf_counter()
        self._process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True, close_fds=True
        )
        os.close(slave)
        self._output, self.written = bytearray(), 0
        """What was written lately, and how many bytes ever."""
        self._lock = threading.Lock()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                chunk = os.read(self._master, 65_536)
            except OSError:
                return
            if not chunk:
                return
            with self._lock:
                self._output += chunk
                self.written += len(chunk)
                if len(self._output) > _KEPT:
                    del self._output[: _KEPT // 2]

    def mark(self) -> int:
        """Give a place in the output: what comes after it is new."""
        return self.written

    def wait_for(self, word: str, mark: int = 0, patience_s: float = 20.0) -> float:
        """Wait until a word is written after a mark; give when it was seen.

        Raises:
            TimeoutError: it never came.
            Ended: it can no longer come.
        """
        wanted, deadline = word.encode(), time.perf_counter() + patience_s
        while (now := time.perf_counter()) < deadline:
            with self._lock:
                if self._output.find(wanted, max(mark - (self.written - len(self._output)), 0)) >= 0:
                    return now
            self.check()
            time.sleep(_LOOK_S)
        raise TimeoutError(f"{word!r} was not written within {patience_s:g} s; the last words: {self._last_words()!r}")

    def check(self) -> None:
        """Make sure that the program runs: one that has ended costs nothing, which is no figure.

        Raises:
            Ended: it does not.
        """
        status = self._process.poll()
        if status is not None:
            raise Ended(f"the program ended with status {status}; its last words: {self._last_words()!r}")

    def _last_words(self) -> bytes:
        with self._lock:
            return bytes(self._output[-_WORDS:])

    def press(self, keys: str) -> None:
        """Write what a keyboard would."""
        os.write(self._master, keys.encode())

    def key_to_paint(self, keys: str, word: str) -> float:
        """Press and wait; give the seconds between."""
        mark, pressed = self.mark(), time.perf_counter()
        self.press(keys)
        return self.wait_for(word, mark) - pressed

    def cpu_seconds(self) -> float:
        """Give the CPU time of the program so far, of the system's part too."""
        self.check()
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> float:
        """Give the resident memory of the program."""
        self.check()
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        """End the program."""
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._master)
        self._folder.cleanup()
