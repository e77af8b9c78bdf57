"""From frames to batches: each feed's frames through its decoder, what cannot be decoded as rejects with place and bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from connectors.tape.frames import FrameChunk, Instants
from connectors.wire import binance, defi, fear_greed, kafka_marks, news, prices, telegram
from connectors.wire.decoded import Decoded, Refusal
from connectors.wire.gap import GAP_FEED, decode_gap
from scoring.records import CLOCK_FEED, PLAIN, Batch, Kind, MarketItem, Reject, to_columns

REJECT_FEED: Final = "reject"
"""What an importer could not even frame: a `records.Reject` as JSON."""

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


def decode_frames(
    frames: FrameChunk, source: str, wire: binance.BinanceWireSettings, parcels: dict[str, list[MarketItem]], loose: list[Batch]
) -> None:
    """Decode the frames of every feed; batches and books go to the parcels of their symbols, what belongs to none is loose."""
    for feed, at in _runs(frames):
        payloads, received_ns, positions = frames.payloads, frames.received_ns, frames.first_row + at
        if len(at) < len(payloads):
            payloads, received_ns = [payloads[index] for index in at.tolist()], received_ns[at]
        if feed == binance.BINANCE_FEED:
            decoded = binance.decode(payloads, received_ns, positions, wire)
        elif feed in DECODERS:
            decoded = DECODERS[feed](payloads, received_ns, positions)
        elif feed == REJECT_FEED:
            decoded = _decode_rejects(payloads, received_ns, positions, source)
        else:
            decoded = _refuse_all(feed, payloads, positions)
        _sort_decoded(decoded, parcels, loose)
        if decoded.rejects:
            loose.append(_rejects(decoded.rejects, source, payloads, received_ns))


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
        sort_batch(batch, parcels, loose)
    for updates in decoded.books:
        parcels.setdefault(updates.symbol, []).append(updates)


def sort_batch(batch: Batch, parcels: dict[str, list[MarketItem]], loose: list[Batch]) -> None:
    """Give what belongs to a symbol to its parcel; posts, and what is a result as it stands, belong to none."""
    if batch.kind is Kind.POST or batch.kind in PLAIN:
        loose.append(batch)
    else:
        parcels.setdefault(batch.symbol, []).append(batch)


def _rejects(refusals: Sequence[Refusal], source: str, payloads: Sequence[bytes], received_ns: Instants) -> Batch:
    records = [
        Reject(source, refusal.position, int(received_ns[refusal.index]), refusal.reason, payloads[refusal.index]) for refusal in refusals
    ]
    return Batch(Kind.REJECT, source, to_columns(Reject, records))
