"""What a feed says on the tape when its connection is lost, and when it is back: a gap, opened and closed under one key.

A gap that was open when the program was killed is found on the tape by the next one and closed by it: nobody else knows its key.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from connectors.tape.recorder import Recorder
from connectors.wire.gap import GAP_FEED, decode_gap, encode_gap
from scoring.records import ALL_SYMBOLS, Gap

REASON = "disconnected"
LOOK_BACK_ROWS = 200_000
"""How many of the newest rows are looked through at a start: a connection that was lost so long ago was lost for good."""
_CHUNK_ROWS = 50_000


class LostSpan:
    """The span in which one connection brings nothing."""

    def __init__(self, partition: str, symbols: Sequence[str]) -> None:
        """Speak for these symbols, or for `ALL_SYMBOLS`."""
        self._gaps = {symbol: Gap(partition, symbol, ALL_SYMBOLS, 0, 0, 0, 0, 0, 0, REASON) for symbol in symbols}
        self._open: list[Gap] = []

    @property
    def is_open(self) -> bool:
        """Whether something is missing right now."""
        return bool(self._open)

    def open(self, from_ns: int) -> list[bytes]:
        """Begin after the last instant known to be whole; give what goes on the tape: nothing if it has begun already."""
        if self._open:
            return []
        self._open = [replace(gap, from_ns=from_ns) for gap in self._gaps.values()]
        return [encode_gap(gap) for gap in self._open]

    def close(self, to_ns: int) -> list[bytes]:
        """End it at the first instant whole again; give what goes on the tape."""
        closed, self._open = [replace(gap, to_ns=to_ns) for gap in self._open], []
        return [encode_gap(gap) for gap in closed]

    def adopt(self, left_open: Sequence[Gap], newest_ns: int) -> list[bytes]:
        """Go on after an earlier run whose tape ends at `newest_ns` (0: there is none); give what goes on the tape."""
        if not newest_ns:
            return []
        adopted = {gap.symbol: gap for gap in left_open if gap.symbol in self._gaps}
        fresh = [replace(gap, from_ns=newest_ns) for symbol, gap in self._gaps.items() if symbol not in adopted]
        self._open = [*adopted.values(), *fresh]
        return [encode_gap(gap) for gap in fresh]


def left_open(recorder: Recorder, partition: str, feed: str) -> tuple[list[Gap], int]:
    """Look at the end of a tape before anything else reads it: lost connections nobody closed, and its newest instant.

    The instant is 0 where the tape holds no frame of `feed`: then nothing was going on that could have been lost.
    """
    recorder.flush()
    if not recorder.committed(feed):
        return [], 0
    found: dict[tuple[str, int], Gap] = {}
    end_row, newest_ns = recorder.end_row, 0
    row = max(recorder.first_row, end_row - LOOK_BACK_ROWS)
    while row < end_row and (frames := recorder.read(row, _CHUNK_ROWS)) is not None:
        for at in frames.rows_of(GAP_FEED).tolist():
            try:
                gap = decode_gap(frames.payloads[at])
            except ValueError:
                continue  # whoever decodes the tape rejects it
            if (gap.source, gap.kind, gap.reason) == (partition, ALL_SYMBOLS, REASON):
                found[gap.symbol, gap.from_ns] = gap
        row, newest_ns = frames.end_row, int(frames.received_ns[-1])
    return [gap for gap in found.values() if not gap.to_ns], newest_ns
