"""The growing end of a live tape: feeds put frames on it, this hands on what is already written.

After a restart it reads on from the position of the snapshot, first from disk, then from the recorder's memory, and never knows
where one becomes the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from connectors.inputs.source import STOP, WAIT_SECONDS, Chunk, Position, TapePartition, passed_mark
from connectors.tape.recorder import Recorder
from scoring.records import SourceHealth


class LiveFeed(Protocol):
    """A thread that stamps what it receives and puts it on the tape."""

    def start(self, recorder: Recorder) -> None:
        """Begin to receive."""

    def close(self) -> None:
        """Stop receiving; return once nothing more will be put on the tape."""

    def health(self) -> Sequence[SourceHealth]:
        """Say how it is doing, from any thread and without waiting: one row a connection."""


@runtime_checkable
class Follower(Protocol):
    """A feed that wants to know how far the flow has come."""

    def read_to(self, row: int) -> None:
        """Hear that the flow has read the tape up to a row."""

    def snapshotted(self, row: int) -> None:
        """Hear that a snapshot was taken at a row."""


class LiveFrames(TapePartition):
    """Frames of a tape that is being written."""

    def __init__(
        self,
        name: str,
        open_recorder: Callable[[], Recorder],
        feeds: Sequence[LiveFeed],
        batch_rows: int,
        resume: Position | None,
    ) -> None:
        """Open the tape, start its feeds, and read from `resume`; None reads the tape from its beginning."""
        self._name, self._batch_rows = name, batch_rows
        self._mark_ns = 0
        self._recorder = open_recorder()
        self._row = resume[0] if resume else self._recorder.first_row
        self._feeds = feeds
        self._followers = [feed for feed in feeds if isinstance(feed, Follower)]
        for feed in feeds:
            feed.start(self._recorder)

    def next_batch(self) -> Sequence[Chunk]:
        """Hand on what is on the tape; nothing after at most a millisecond if nothing is new."""
        if STOP.is_set():
            raise StopIteration
        frames = self._recorder.read(self._row, self._batch_rows)
        if frames is None:
            self._recorder.wait(self._row, WAIT_SECONDS)
            frames = self._recorder.read(self._row, self._batch_rows)
        if frames is None:
            return ()
        self._row += len(frames)
        last_ns = int(frames.received_ns[-1])
        mark_ns = passed_mark(last_ns, self._mark_ns)
        self._mark_ns = mark_ns or self._mark_ns
        for follower in self._followers:
            follower.read_to(self._row)
        health = tuple(row for feed in self._feeds for row in feed.health()) if mark_ns else ()
        return (Chunk(self._name, frames, (), len(frames), last_ns, mark_ns, health=health),)

    def snapshot(self) -> Position:
        """Give the next unread row."""
        for follower in self._followers:
            follower.snapshotted(self._row)
        return (self._row,)

    def close(self) -> None:
        """Stop the feeds, then the recorder, so that what they took in is on the tape."""
        for feed in self._feeds:
            feed.close()
        self._recorder.close()
