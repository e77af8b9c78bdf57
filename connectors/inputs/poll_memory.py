"""What a poller must not forget: how many calls the month has seen, and where each poll stands.

It is a small file and not read from the tape, because the tape holds answers alone, while a site counts every call: those that
failed, and those it answered with "nothing new". The file is written whole and put in place at once, a call is counted before it is
made, and an answer is noted after it is on the tape; so after a crash no call is forgotten, and at worst an answer is asked for
again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from pathlib import Path

import msgspec


class PollMemory(msgspec.Struct):
    """Where one poll stands."""

    asked: str = ""
    """Digest of what is asked: where it changes, what follows counts no more."""
    answered_s: float = 0.0
    """When the last answer came, Unix seconds; 0 before the first."""
    etag: str = ""
    last_modified: str = ""
    seen: list[str] = []
    """What is on the tape already, in the words of the poll."""


class Memory(msgspec.Struct):
    """What one poller remembers."""

    month: str = ""
    """The month that is counted, UTC, e.g. `2026-05`."""
    calls: int = 0
    """Calls made in it."""
    polls: dict[str, PollMemory] = {}
    """By the names of the polls."""

    def spend(self, now_s: float, monthly_calls: int) -> bool:
        """Count one more call, unless the month has had its number of them; 0 is no limit.

        >>> memory = Memory()
        >>> memory.spend(0.0, 1), memory.spend(1.0, 1), memory.spend(31 * 86_400.0, 1)
        (True, False, True)
        """
        month = f"{dt.datetime.fromtimestamp(now_s, dt.UTC):%Y-%m}"
        if month != self.month:
            self.month, self.calls = month, 0
        if monthly_calls and self.calls >= monthly_calls:
            return False
        self.calls += 1
        return True

    def of(self, name: str, asked: str) -> PollMemory:
        """Give the memory of a poll; where it asks something else than before, only what is on the tape is kept."""
        digest = hashlib.sha256(asked.encode()).hexdigest()
        held = self.polls.get(name)
        if held is None or held.asked != digest:
            held = self.polls[name] = PollMemory(digest, seen=held.seen if held else [])
        return held

    def keep_only(self, names: frozenset[str]) -> None:
        """Forget polls that are not made any more."""
        self.polls = {name: held for name, held in self.polls.items() if name in names}


def load(file: Path) -> Memory:
    """Read the file; one that is missing or cannot be read is an empty memory, which costs calls and no rows."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Memory)
    except FileNotFoundError:
        return Memory()
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Memory()


def save(file: Path, memory: Memory) -> None:
    """Write the file, whole or not at all.

    Raises:
        OSError: the disk refuses.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(".new")
    with fresh.open("wb") as writing:
        writing.write(msgspec.json.encode(memory))
        writing.flush()
        os.fsync(writing.fileno())
    fresh.replace(file)
