"""What every decoder gives back: records, and for each frame that is not a record what became of it.

The law all decoders keep: rows + book updates + rejects + notices + ignored frames = frames handed in, whatever the bytes.
"""

from __future__ import annotations

from typing import Final

import msgspec

from scoring.records import Batch, BookUpdates, DepthDiffs

TALK: Final = "talk"
"""What batches of posts are keyed by, whatever feed brought them: their order on the tape is what lateness is judged by."""


class Refusal(msgspec.Struct, frozen=True, gc=False):
    """A frame that could not be decoded; whoever has the tape makes a `records.Reject` of it."""

    index: int
    """Which of the payloads handed in, from 0."""
    position: int
    """Its row on the tape."""
    reason: str
    """What was found and what was expected."""


class Decoded(msgspec.Struct, frozen=True):
    """All that one call of a decoder found."""

    batches: list[Batch]
    """One per symbol and kind, rows in tape order, sorted by kind and symbol."""
    books: list[BookUpdates]
    """One per symbol, in tape order, sorted by symbol."""
    rejects: list[Refusal]
    """In tape order."""
    notices: list[str]
    """What the exchange said about the connection itself, one per frame, in tape order: `serverShutdown`, `reply`, `error …`."""
    ignored: int
    """Valid frames that carry no record: the trade stream that is not primary, candles still open, events of no interest."""

    def frames(self) -> int:
        """Count the frames accounted for."""
        rows = sum(len(batch) for batch in self.batches)
        books = sum(len(update) if isinstance(update, DepthDiffs) else 1 for book in self.books for update in book.updates)
        return rows + books + len(self.rejects) + len(self.notices) + self.ignored
