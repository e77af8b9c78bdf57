"""What this process takes of the machine, and what is left: memory, threads, open files, processor time, room on the disk.

A leak is a line that rises here long before anything fails. Read from the system's own list where it has one; what a system does
not say is left out.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from scoring.records import SourceHealth

NAME: Final = "this process"
LEAST_FREE: Final = 1 << 30
"""Bytes; with less room left the process is stale."""
_OWN: Final = Path("/proc/self")


class Vitals(msgspec.Struct, frozen=True):
    """Numbers of one moment; -1 where the system does not say."""

    memory_bytes: int
    """In memory now, without what is swapped out."""
    disk_free_bytes: int
    """Of the disk of the data folder."""
    threads: int
    open_files: int
    cpu_seconds: float
    """Processor time since the start, all threads together."""


class ProcessHealth:
    """Asks the system about this process."""

    def __init__(self, folder: Path, clock: Callable[[], int] = time.time_ns, least_free: int = LEAST_FREE, own: Path = _OWN) -> None:
        """Take the data folder, which may not be there yet, and the clock that inputs stamp with (ns UTC)."""
        self._folder, self._clock, self._least_free, self._own = folder.absolute(), clock, least_free, own

    def __call__(self) -> Sequence[SourceHealth]:
        """Give one row."""
        found = self.vitals()
        short = 0 <= found.disk_free_bytes < self._least_free
        error = f"{found.disk_free_bytes / 1e9:.1f} GB are free, expected {self._least_free / 1e9:.1f} GB: free some" if short else ""
        return (SourceHealth(NAME, self._clock(), "stale" if short else "live", last_error=error, detail=in_words(found)),)

    def vitals(self) -> Vitals:
        """Read the numbers."""
        return Vitals(
            memory_bytes=self._memory(),
            disk_free_bytes=self._free(),
            threads=_count(self._own / "task"),
            open_files=_count(self._own / "fd"),
            cpu_seconds=time.process_time(),
        )

    def _memory(self) -> int:
        try:
            return int((self._own / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, IndexError, ValueError):
            return -1

    def _free(self) -> int:
        for place in (self._folder, *self._folder.parents):
            try:
                return shutil.disk_usage(place).free
            except OSError:
                continue  # not made yet
        return -1


def in_words(vitals: Vitals) -> str:
    """Say what is known.

    >>> in_words(Vitals(412_000_000, 79_600_000_000, 31, -1, 12.4))
    '412 MB of memory, 79.6 GB free, 31 threads, 12 s of processor'
    """
    parts = [
        f"{vitals.memory_bytes / 1e6:.0f} MB of memory" if vitals.memory_bytes >= 0 else "",
        f"{vitals.disk_free_bytes / 1e9:.1f} GB free" if vitals.disk_free_bytes >= 0 else "",
        f"{vitals.threads} threads" if vitals.threads >= 0 else "",
        f"{vitals.open_files} open files" if vitals.open_files >= 0 else "",
        f"{vitals.cpu_seconds:.0f} s of processor",
    ]
    return ", ".join(filter(None, parts))


def _count(folder: Path) -> int:
    try:
        return len(os.listdir(folder))
    except OSError:
        return -1
