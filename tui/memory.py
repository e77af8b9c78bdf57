"""What the screen remembers from one start to the next: where one was, how the list was sorted, what was hidden.

It is a convenience: a file that is missing, broken or of another version is forgotten with one word about it, and a disk that is
full stops nothing.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from tui.silences import Sayings

_LARGEST: Final = 512 * 1024
"""Bytes of a file that can be ours: the names in it may be in any script."""


class Memory(msgspec.Struct, frozen=True):
    """All of it."""

    page: str = "overview"
    symbol: str = ""
    """The one whose page was last open."""
    theme: str = ""
    """Empty: what suits the terminal."""
    sort: str = ""
    """Title of the column; empty for the order of the settings."""
    descending: bool = False
    filter: str = ""
    group: str = ""
    """Empty for all symbols."""
    hidden: tuple[str, ...] = ()
    """Titles of columns."""
    hide_balances: bool = False
    sayings: Sayings = Sayings()
    """What somebody has said about alerts."""
    alert_filter: str = ""
    alert_sort: str = ""
    """Title of the column; empty for the newest first."""
    alert_descending: bool = False
    span: str = "15m"
    """Range of the chart: one of `tui.ranges.RANGES`."""
    candles: bool = False
    """Whether the chart draws candles."""


def path(environment: Mapping[str, str] = os.environ) -> Path:
    """Say where it is kept: `$XDG_STATE_HOME/ghosttape/screen.json`.

    >>> path({"XDG_STATE_HOME": "/state"}).as_posix()
    '/state/ghosttape/screen.json'
    """
    folder = environment.get("XDG_STATE_HOME", "")
    return (Path(folder) if folder.startswith("/") else Path.home() / ".local" / "state") / "ghosttape" / "screen.json"


class Store:
    """The file."""

    def __init__(self, file: Path) -> None:
        """Keep where it is; nothing is read yet."""
        self._file = file
        self._saved: Memory | None = None

    def load(self) -> tuple[Memory, str]:
        """Give what was remembered, and what to say where that could not be read."""
        try:
            with self._file.open("rb") as opened:
                memory = msgspec.json.decode(opened.read(_LARGEST), type=Memory)
        except FileNotFoundError:
            return Memory(), ""
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            return Memory(), f"{self._file} could not be read and is ignored: {error}"
        self._saved = memory
        return memory, ""

    def save(self, memory: Memory) -> str:
        """Write what has changed, whole or not at all; give what to say where that failed."""
        if memory == self._saved:
            return ""
        self._saved = memory
        part = self._file.with_suffix(f".{os.getpid()}")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(msgspec.json.format(msgspec.json.encode(memory)))
            part.replace(self._file)
        except OSError as error:
            return f"{self._file} could not be written: {error.strerror}"
        return ""
