"""What must be done now and then while a live flow runs: old tape goes, past days of results become one file.

It is started and closed with the feeds, and says how it is doing as they do, but puts nothing on the tape. A chore that fails is
told and tried again the next time; it never stops the flow.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Final

import msgspec

from connectors.tape.recorder import Recorder
from scoring.duration import Duration
from scoring.errors import GhosttapeError
from scoring.records import NANOSECONDS_PER_SECOND, SourceHealth

NAME: Final = "upkeep"
_SNAPSHOTS: Final = 3
"""The newest snapshots of a flow whose positions are kept: a crash goes back to the last whole one, which may not be the newest."""
_LOOK_S: Final = 1.0
"""How long it waits at most before it looks at the clock again."""


class Chore(msgspec.Struct, frozen=True):
    """One thing to do."""

    every: Duration
    work: Callable[[], object]
    """Raises a `GhosttapeError` where it could not be done."""


class Caretaker:
    """Does chores in a thread of its own, one after another."""

    def __init__(self, chores: Sequence[Chore]) -> None:
        """Take what is to be done; each is done soon after the start, then every so often by the clock of the recorder."""
        self._chores = chores
        self._rows: deque[int] = deque(maxlen=_SNAPSHOTS)
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._now: Callable[[], int] | None = None
        self._done = self._last_ns = 0
        self._last_error = ""

    def start(self, recorder: Recorder) -> None:
        """Begin."""
        self._now = recorder.now
        self._thread = threading.Thread(target=self._run, name=NAME, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Finish the chore that is being done, and stop."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    def health(self) -> Sequence[SourceHealth]:
        """Say how it is doing."""
        if self._now is None:
            return ()
        state = "stale" if self._last_error else "live"
        return (SourceHealth(NAME, self._now(), state, self._last_ns, self._done, last_error=self._last_error),)

    def read_to(self, row: int) -> None:
        """Hear that the flow has read the tape up to a row."""

    def snapshotted(self, row: int) -> None:
        """Hear that a snapshot was taken at a row."""
        self._rows.append(row)

    def keep_from_row(self) -> int:
        """Give the oldest row that a restart may read from; 0 until enough snapshots were taken to know."""
        rows = tuple(self._rows)
        return rows[0] if len(rows) == _SNAPSHOTS else 0

    def _run(self) -> None:
        assert self._now is not None
        due = [(self._now(), chore) for chore in self._chores]
        while due:
            now_ns = self._now()
            # Nobody waits for longer than a chore's own time, also where the clock was set back.
            due = [(min(at_ns, now_ns + chore.every), chore) for at_ns, chore in due]
            at_ns, chore = min(due, key=itemgetter(0))
            # A session that is served faster than it was has a faster clock: look at it now and then.
            if self._stopped.wait(min(max(0, at_ns - now_ns) / NANOSECONDS_PER_SECOND, _LOOK_S)):
                return
            if self._now() >= at_ns:
                self._do(chore)
                due = [(self._now() + chore.every, chore) if it is chore else (when, it) for when, it in due]

    def _do(self, chore: Chore) -> None:
        assert self._now is not None
        try:
            chore.work()
        except GhosttapeError as error:
            self._last_error = str(error)
        else:
            self._last_error = ""
            self._done += 1
            self._last_ns = self._now()
