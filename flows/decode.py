"""From what is on the tape to what travels: one parcel per symbol and chunk, and rows that need no state.

Decoding is a pure function of a chunk, so it runs where the tape is read, before anything is shipped to another worker.
Gaps are exact: a chunk is decoded in pieces, cut where a gap stands on the tape, and a lost connection is told to every symbol of
its partition at that place. The clock goes last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from connectors.inputs.source import Chunk
from connectors.tape.frames import FrameChunk, Instants
from connectors.wire import binance, defi, fear_greed, kafka_marks, news, prices, telegram
from connectors.wire.decoded import Decoded, Refusal
from connectors.wire.gap import CLOCK_FEED, GAP_FEED, decode_gap
from scoring.records import (
    ALL_SYMBOLS,
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
    Reject,
    Rows,
    SourceHealth,
    to_columns,
)

REJECT_FEED: Final = "reject"
"""What an importer could not even frame: a `records.Reject` as JSON."""


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

Decoder: TypeAlias = Callable[[Sequence[bytes], Instants, Instants], Decoded]
"""Takes payloads, receive times and rows on the tape."""

DECODERS: Final[Mapping[str, Decoder]] = {
    kafka_marks.KAFKA_FEED: kafka_marks.decode,
    telegram.TELEGRAM_FEED: telegram.decode,
    news.NEWS_FEED: news.decode,
    prices.PRICES_FEED: prices.decode,
    prices.TRENDING_FEED: prices.decode_trending,
    defi.PROTOCOLS_FEED: defi.decode_protocols,
    defi.TVL_FEED: defi.decode_tvl,
    fear_greed.FEAR_GREED_FEED: fear_greed.decode,
}
"""By feed, those that need no settings."""

CHATTING: Final = frozenset({telegram.TELEGRAM_FEED, news.NEWS_FEED})
"""Feeds that bring posts."""


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
        self._pulses: dict[str, Pulse] = {}

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
                _decode_frames(piece, chunk.partition, partition.wire, parcels, loose)
            else:
                _sort_batch(piece, parcels, loose)
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
        yield from self._pulse(chunk, partition, loose)
        for health in chunk.health:
            yield chunk.partition, health

    def _pulse(self, chunk: Chunk, partition: Partition, loose: Sequence[Batch]) -> Iterator[tuple[str, Pulse]]:
        name = chunk.partition
        before = self._pulses.get(name)
        counts = {kind: sum(len(batch) for batch in loose if batch.kind is kind) for kind in (Kind.REJECT, Kind.GAP)}
        pulse = self._pulses[name] = Pulse(
            source=name,
            at_ns=max(chunk.last_ns, chunk.clock_ns),
            frames=chunk.rows + (before.frames if before else 0),
            rejects=counts[Kind.REJECT] + (before.rejects if before else 0),
            gaps=counts[Kind.GAP] + (before.gaps if before else 0),
            last_ns=_newest(chunk) or (before.last_ns if before else 0),
            start_ns=partition.start_ns,
            end_ns=partition.end_ns,
            speed=partition.speed,
            state="ended" if chunk.ended else "replaying" if partition.end_ns else "live",
        )
        if chunk.clock_ns or chunk.ended:
            yield name, pulse


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


def _decode_frames(
    frames: FrameChunk, source: str, wire: binance.BinanceWireSettings, parcels: dict[str, list[MarketItem]], loose: list[Batch]
) -> None:
    for feed, at in _runs(frames):
        payloads = frames.payloads if len(at) == len(frames) else [frames.payloads[index] for index in at.tolist()]
        received_ns, positions = frames.received_ns[at], frames.first_row + at
        if feed == "binance":
            decoded = binance.decode(payloads, received_ns, positions, wire)
        elif feed in DECODERS:
            decoded = DECODERS[feed](payloads, received_ns, positions)
        elif feed == REJECT_FEED:
            decoded = _decode_rejects(payloads, received_ns, positions, source)
        else:
            decoded = _refuse_all(feed, payloads, positions)
        _sort_decoded(decoded, parcels, loose)
        refused = [refusal.index for refusal in decoded.rejects]
        reasons = [refusal.reason for refusal in decoded.rejects]
        _reject(source, positions[refused], received_ns[refused], [payloads[index] for index in refused], reasons, loose)


def _runs(frames: FrameChunk) -> Iterator[tuple[str, NDArray[np.intp]]]:
    """Give the rows of each feed; where several bring posts, a run at a time, for posts are judged in the order of the tape."""
    held = {feed: at for feed in frames.names if feed != CLOCK_FEED and len(at := frames.rows_of(feed))}
    chatting = [feed for feed in held if feed in CHATTING]
    if len(chatting) > 1:
        rows = np.concatenate([held[feed] for feed in chatting])
        feeds = np.repeat(np.arange(len(chatting)), [len(held.pop(feed)) for feed in chatting])
        order = np.argsort(rows)
        rows, feeds = rows[order], feeds[order]
        starts = np.flatnonzero(np.diff(feeds)) + 1
        for run, first in zip(np.split(rows, starts), feeds[np.append(0, starts)].tolist(), strict=True):
            yield chatting[first], run
    yield from held.items()


def _decode_rejects(payloads: Sequence[bytes], received_ns: Instants, positions: Instants, source: str) -> Decoded:
    """Read what an importer refused; a line that was never received has the instant of its place on the tape."""
    found: list[Reject] = []
    refusals: list[Refusal] = []
    for index, payload in enumerate(payloads):
        try:
            reject = msgspec.json.decode(payload, type=Reject)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            refusals.append(Refusal(index, int(positions[index]), f"not a reject: {error}"))
        else:
            found.append(msgspec.structs.replace(reject, received_ns=reject.received_ns or int(received_ns[index])))
    return Decoded([Batch(Kind.REJECT, source, to_columns(Reject, found))] if found else [], [], refusals, [], 0)


def _refuse_all(feed: str, payloads: Sequence[bytes], positions: Instants) -> Decoded:
    reasons = map(_why_no_gap, payloads) if feed == GAP_FEED else [f"feed {feed!r} is not known"] * len(payloads)
    return Decoded([], [], [Refusal(index, int(positions[index]), reason) for index, reason in enumerate(reasons)], [], 0)


def _why_no_gap(payload: bytes) -> str:
    try:
        return f"a gap where none can be: {decode_gap(payload)}"
    except ValueError as error:
        return str(error)


def _sort_decoded(decoded: Decoded, parcels: dict[str, list[MarketItem]], loose: list[Batch]) -> None:
    for batch in decoded.batches:
        _sort_batch(batch, parcels, loose)
    for updates in decoded.books:
        parcels.setdefault(updates.symbol, []).append(updates)


def _sort_batch(batch: Batch, parcels: dict[str, list[MarketItem]], loose: list[Batch]) -> None:
    """Give what belongs to a symbol to its parcel; posts, and what is a result as it stands, belong to none."""
    if batch.kind is Kind.POST or batch.kind in PLAIN:
        loose.append(batch)
    else:
        parcels.setdefault(batch.symbol, []).append(batch)


def _reject(
    source: str,
    positions: Instants,
    received_ns: Instants,
    payloads: Sequence[bytes],
    reasons: Sequence[str],
    loose: list[Batch],
) -> None:
    if not reasons:
        return
    records = [
        Reject(source, int(position), int(received), reason, payload)
        for position, received, reason, payload in zip(positions, received_ns, reasons, payloads, strict=True)
    ]
    loose.append(Batch(Kind.REJECT, source, to_columns(Reject, records)))


def _newest(chunk: Chunk) -> int:
    """When the newest frame that is no mark of the clock was received; 0 if there is none."""
    if chunk.frames is None:
        return chunk.last_ns if chunk.rows else 0
    marks = chunk.frames.rows_of(CLOCK_FEED)
    if len(marks) == len(chunk.frames):
        return 0
    last = len(chunk.frames) - 1
    for mark in reversed(marks.tolist()):
        if mark != last:
            break
        last -= 1
    return int(chunk.frames.received_ns[last])


def as_parcel(value: Decodable) -> Parcel | None:
    """Pick what belongs to a symbol."""
    return value if isinstance(value, Parcel) else None


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
