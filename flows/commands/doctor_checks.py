"""What an examination is made of: checks that run side by side within a fixed time, and what each one found.

Each check has a thread of its own that nobody waits for at the end, so a name server that never answers costs the deadline and not
more. Cut from the checks themselves because none of this knows what is examined.
"""

from __future__ import annotations

import enum
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from typing import Final, TypeVar

import msgspec

from scoring.errors import GhosttapeError

MOST_SECONDS: Final = 9.0
"""How long all checks together may take."""
ASK_SECONDS: Final = 4.0
"""How long one question over the network may take, where the settings allow more."""

ResultT = TypeVar("ResultT")


class Mark(enum.StrEnum):
    """How well something is, best first."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "FAILED"


class Finding(msgspec.Struct, frozen=True):
    """What was found, in one line."""

    check: str
    mark: Mark
    found: str
    todo: str = ""
    """What to do; empty where nothing is, or where `found` says it."""


class Check(msgspec.Struct, frozen=True):
    """One thing to look at."""

    name: str
    look: Callable[[], Iterable[Finding]]
    """Raises a `GhosttapeError` where it cannot be well: that is a finding too."""
    asks: bool = False
    """Whether other machines are asked."""


def well(check: str, found: str) -> Finding:
    """Find it well."""
    return Finding(check, Mark.OK, found)


def warning(check: str, found: str, todo: str) -> Finding:
    """Find what works and may not for long."""
    return Finding(check, Mark.WARNING, found, todo)


def failed(check: str, found: str, todo: str) -> Finding:
    """Find what cannot work."""
    return Finding(check, Mark.FAILED, found, todo)


def perform(checks: Sequence[Check], seconds: float = MOST_SECONDS) -> Iterator[Finding]:
    """Run all checks at once and give what they find, in their order; a check that takes too long has failed."""
    deadline = time.monotonic() + seconds
    running = [(check, in_background(check.look)) for check in checks]
    for check, future in running:
        yield from _outcome(check.name, future, deadline, seconds)


def in_background(work: Callable[[], Iterable[ResultT]]) -> Future[list[ResultT]]:
    """Begin some work in a thread that the program does not wait for when it ends."""
    future: Future[list[ResultT]] = Future()

    def run() -> None:
        try:
            future.set_result(list(work()))
        except Exception as error:
            future.set_exception(error)

    threading.Thread(target=run, name="check", daemon=True).start()
    return future


def _outcome(name: str, future: Future[list[Finding]], deadline: float, seconds: float) -> list[Finding]:
    """Wait for a check and give what it found, or why it found nothing."""
    try:
        error = future.exception(max(deadline - time.monotonic(), 0.0))
    except TimeoutError:
        return [failed(name, f"no answer within {seconds:g} s", "check the network and its name servers, or leave it out: --offline")]
    if error is None:
        return future.result()
    if isinstance(error, GhosttapeError):
        return [failed(name, str(error), "")]
    said = " ".join(str(error).split())
    return [failed(name, f"this check broke: {type(error).__name__}: {said}", "the others still hold; please report this one")]
