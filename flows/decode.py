"""From what is on the tape to what travels: one parcel per symbol and chunk, and rows that need no state.

Decoding is a pure function of a chunk, so it runs where the tape is read, before anything is shipped to another worker.
Gaps are exact: a chunk is decoded in pieces, cut where a gap stands on the tape, and a lost connection is told to every symbol of
its partition at that place. The clock goes last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias, TypeGuard

import msgspec

from connectors.inputs.source import Chunk
from connectors.tape.frames import FrameChunk
from connectors.wire import binance
from connectors.wire.gap import GAP_FEED, decode_gap
from flows.decoders import decode_frames, sort_batch
from scoring.records import (
    ALL_SYMBOLS,
    CLOCK_FEED,
    CLOCK_GRID_NS,
    PLAIN,
    TABLES,
    Batch,
    Clock,
    End,
    Gap,
    Kind,
    MarketItem,
    Pulse,
    Rows,
    SourceHealth,
    to_columns,
)


class Parcel(msgspec.Struct, frozen=True):
    """What one chunk of tape holds of one symbol."""

    symbol: str
    items: list[MarketItem]


class Talk(msgspec.Struct, frozen=True):
    """What one chunk of tape holds of posts."""

    partition: str
    items: list[Batch | Clock | End]


Decodable: TypeAlias = Parcel | Talk | Batch | Pulse | SourceHealth
"""A parcel belongs to a symbol, talk to a partition, a batch of what is a result as it stands to its source."""


class Partition(msgspec.Struct, frozen=True):
    """What is known of a partition before it is read."""

    wire: binance.BinanceWireSettings
    symbols: tuple[str, ...]
    chatters: bool = False
    """Whether posts may stand on it."""
    start_ns: int = 0
    """First receive time, 0 when live."""
    end_ns: int = 0
    """Last receive time, 0 when live."""
    speed: float = 1.0


class Decode:
    """Decodes chunks; what it counts is for the screen and enters no result."""

    def __init__(self, partitions: Mapping[str, Partition]) -> None:
        """Take the partitions by name."""
        self._partitions = dict(partitions)
        self._seen: dict[str, _Seen] = {}

    def __call__(self, chunks: Iterable[Chunk]) -> Iterator[tuple[str, Decodable]]:
        """Give (key, parcel or rows or pulse) in tape order."""
        for chunk in chunks:
            yield from self._decode(chunk)

    def _decode(self, chunk: Chunk) -> Iterator[tuple[str, Decodable]]:
        partition = self._partitions[chunk.partition]
        parcels: dict[str, list[MarketItem]] = {}
        loose: list[Batch] = []
        for piece in _pieces(chunk):
            if isinstance(piece, Gap):
                _share_gap(piece, None, partition.symbols, parcels, loose)
            elif isinstance(piece, _GapFrame):
                _share_gap(piece.gap, piece.mark, partition.symbols, parcels, loose)
            elif isinstance(piece, FrameChunk):
                decode_frames(piece, chunk.partition, partition.wire, parcels, loose)
            else:
                sort_batch(piece, parcels, loose)
        if chunk.clock_ns or chunk.ended:
            mark: MarketItem = End() if chunk.ended else Clock(chunk.clock_ns)
            for symbol in partition.symbols:
                parcels.setdefault(symbol, []).append(mark)
        for symbol, items in parcels.items():
            yield symbol, Parcel(symbol, items)
        if partition.chatters:
            yield from _talk(chunk, loose)
        for batch in loose:
            if batch.kind is not Kind.POST:
                yield batch.symbol, batch
        seen = self._seen.setdefault(chunk.partition, _Seen())
        seen.take(chunk, loose)
        if chunk.clock_ns or chunk.ended:
            yield chunk.partition, _pulse(chunk, partition, seen)
        for health in chunk.health:
            yield chunk.partition, health


class _Seen(msgspec.Struct):
    """What came through a partition since the flow started."""

    frames: int = 0
    rejects: int = 0
    gaps: int = 0
    last_ns: int = 0
    """When the newest frame that is no mark of the clock was received; 0 before the first."""

    def take(self, chunk: Chunk, loose: Sequence[Batch]) -> None:
        self.frames += chunk.rows
        for batch in loose:
            if batch.kind is Kind.REJECT:
                self.rejects += len(batch)
            elif batch.kind is Kind.GAP:
                self.gaps += len(batch)
        self.last_ns = _newest(chunk) or self.last_ns


def _pulse(chunk: Chunk, partition: Partition, seen: _Seen) -> Pulse:
    return Pulse(
        source=chunk.partition,
        at_ns=max(chunk.last_ns, chunk.clock_ns),
        frames=seen.frames,
        rejects=seen.rejects,
        gaps=seen.gaps,
        last_ns=seen.last_ns,
        start_ns=partition.start_ns,
        end_ns=partition.end_ns,
        speed=partition.speed,
        state="ended" if chunk.ended else "replaying" if partition.end_ns else "live",
    )


def _talk(chunk: Chunk, loose: Sequence[Batch]) -> Iterator[tuple[str, Talk]]:
    """Give the posts of a chunk in tape order, and the mark after them."""
    items: list[Batch | Clock | End] = [batch for batch in loose if batch.kind is Kind.POST]
    if chunk.clock_ns or chunk.ended:
        items.append(End() if chunk.ended else Clock(chunk.clock_ns))
    if items:
        yield chunk.partition, Talk(chunk.partition, items)


class _GapFrame(NamedTuple):
    """A gap as it stands among frames."""

    gap: Gap
    mark: Clock
    """The mark of the clock that was passed before it."""


def _pieces(chunk: Chunk) -> Iterator[FrameChunk | Batch | Gap | _GapFrame]:
    """Cut a chunk of frames where gaps stand; columns come cut already.

    In front of a gap goes the mark of the clock that was passed before it: what had closed by then knew nothing of the gap,
    however much of the tape is handed on at once.
    """
    yield from chunk.items
    frames = chunk.frames
    if frames is None:
        return
    start = 0
    for at in frames.rows_of(GAP_FEED).tolist():
        yield frames.slice(start, at)
        try:
            gap = decode_gap(frames.payloads[at])
        except ValueError:
            start = at  # no gap after all: the rest is decoded as it stands, and this frame becomes a reject
            continue
        yield _GapFrame(gap, Clock(int(frames.received_ns[at]) // CLOCK_GRID_NS * CLOCK_GRID_NS))
        start = at + 1
    yield frames.slice(start, len(frames))


def _share_gap(gap: Gap, mark: Clock | None, symbols: Sequence[str], parcels: dict[str, list[MarketItem]], loose: list[Batch]) -> None:
    """Tell a gap to those it concerns, and store what is no symbol's own: those are stored where they are found."""
    for symbol in symbols if gap.symbol == ALL_SYMBOLS else (gap.symbol,):
        parcels.setdefault(symbol, []).extend((gap,) if mark is None else (mark, gap))
    if gap.symbol == ALL_SYMBOLS:
        loose.append(Batch(Kind.GAP, gap.source, to_columns(Gap, (gap,))))


def _newest(chunk: Chunk) -> int:
    """When the newest frame that is no mark of the clock was received; 0 if there is none."""
    frames = chunk.frames
    if frames is None:
        return chunk.last_ns if chunk.rows else 0
    clock = frames.names.index(CLOCK_FEED) if CLOCK_FEED in frames.names else -1
    last = next((index for index in range(len(frames) - 1, -1, -1) if frames.codes[index] != clock), None)
    return 0 if last is None else int(frames.received_ns[last])


def is_parcel(keyed: tuple[str, Decodable]) -> TypeGuard[tuple[str, Parcel]]:
    """Tell what belongs to a symbol."""
    return isinstance(keyed[1], Parcel)


def as_talk(value: Decodable) -> Talk | None:
    """Pick what people say."""
    return value if isinstance(value, Talk) else None


def as_rows(value: Decodable) -> Rows | None:
    """Pick what is a result as it stands: rejects, lost connections, headlines, prices of aggregators."""
    if not isinstance(value, Batch):
        return None
    table = PLAIN[value.kind]
    return Rows(table, value.symbol, value.columns, int(value[TABLES[table].instant][-1]))


def as_pulse(value: Decodable) -> Pulse | SourceHealth | None:
    """Pick how the sources are doing."""
    return value if isinstance(value, Pulse | SourceHealth) else None
