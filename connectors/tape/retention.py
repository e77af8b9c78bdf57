"""Retention: the oldest sealed segments of a live tape go when they are too old, or when the tape has grown too large.

Whole segments go, oldest first, and reading stays possible everywhere: the newest segment always stays (rows go on being counted
from it), a segment that a reader has not passed stays (a snapshot of the flow may point into it), and so does everything of a
session that is pinned. The manifest stops naming a segment before the file goes, so a crash in between leaves a whole session.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import msgspec

from connectors.tape.frames import Segment, segments
from connectors.tape.manifest import load, refresh, save
from connectors.tape.seal import last_received_ns
from scoring.duration import Duration
from scoring.errors import ResourceError

PINNED: Final = "pinned"
"""A file of this name in the folder of a session keeps retention away from it."""


class RetentionSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long a live tape is kept; `just record NAME` keeps some of it for good."""

    age: Duration = Duration.parse("7d")
    """Receive time after which a segment goes; 0 keeps it however old."""
    size_bytes: int = 50 << 30
    """Bytes of the whole tape beyond which the oldest segments go; 0 keeps them however large."""
    every: Duration = Duration.parse("1m")
    """How often it is looked at."""


class Retention:
    """Drops what one partition of a live tape need not keep any more. One thread; end it before the recorder closes."""

    def __init__(
        self,
        folder: Path,
        settings: RetentionSettings,
        keep_from_row: Callable[[], int],
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        """Take `<session>/frames/<partition>`, and how to ask for the oldest row that a reader may still want; `clock` gives ns UTC."""
        self._folder, self._session = folder, folder.parents[1]
        self._settings, self._keep_from_row, self._clock = settings, keep_from_row, clock

    def turn(self) -> Sequence[Segment]:
        """Drop what may go now, and give it.

        Raises:
            SessionError: the session has no manifest, or a broken one.
            ResourceError: the disk refuses.
        """
        if (self._session / PINNED).exists():
            return ()
        dropped = self._spent(segments(self._folder))
        if dropped:
            paths = {segment.sealed_path for segment in dropped}
            manifest = load(self._session)
            files = tuple(info for info in manifest.files if self._session / info.path not in paths)
            # Digests spoke of the tape as it was.
            save(self._session, msgspec.structs.replace(manifest, files=files, digests={}))
            _remove(dropped)
            refresh(self._session)  # also names what was sealed since, and takes part in whatever was written meanwhile
        return dropped

    def _spent(self, held: Sequence[Segment]) -> Sequence[Segment]:
        """Give the oldest segments, up to the first that must stay."""
        keep_from_row, oldest_ns = self._keep_from_row(), self._clock() - self._settings.age
        size = sum(_bytes(segment) for segment in held)
        spent: list[Segment] = []
        for segment, following in pairwise(held):
            if segment.is_open or following.first_row > keep_from_row:
                break
            too_large = self._settings.size_bytes and size > self._settings.size_bytes
            too_old = self._settings.age and last_received_ns(segment) < oldest_ns
            if not (too_large or too_old):
                break
            spent.append(segment)
            size -= _bytes(segment)
        return spent


def _bytes(segment: Segment) -> int:
    """Give the size of a segment; a stream that has been sealed goes while it is looked at."""
    size = 0
    for path in (segment.sealed_path, segment.open_path):
        try:
            size += path.stat().st_size
        except FileNotFoundError:
            continue
    return size


def _remove(dropped: Sequence[Segment]) -> None:
    for segment in dropped:
        try:
            segment.sealed_path.unlink()
        except OSError as error:
            raise ResourceError(f"{segment.sealed_path}: {error.strerror}, expected to remove it: check its permissions") from error
