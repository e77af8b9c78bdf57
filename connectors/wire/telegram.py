"""Posts as the recorder writes them on the tape, feed `telegram`: one JSON object each.

    {"channel": "calls", "message_id": 7, "date": "2026-05-01T12:00:00Z", "author": null, "text": "…"}

The library that talks to the messenger hands out objects, not bytes, so this format is ours; it keeps what the chatter stages
need. `date` is ISO 8601 (UTC where it names no zone) or Unix seconds. The text may be anything.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from connectors.wire.decoded import Decoded, Refusal
from scoring.duration import Duration
from scoring.records import NANOSECONDS_PER_SECOND, Batch, Kind, Post, to_columns

TELEGRAM_FEED: Final = "telegram"
"""Frames of this feed are posts."""
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND: Final = dt.timedelta(microseconds=1)
_NS_PER_US: Final = 1_000
_LAST_SECOND: Final = 9_000_000_000
"""In the year 2255; later instants do not fit int64 nanoseconds."""


class TelegramWireSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a post may be."""

    largest_payload: int = 1_000_000
    """Bytes. The messenger itself allows 4,096 characters; what is longer than this is rejected unread."""
    max_ahead: Duration = Duration.parse("1m")
    """A post dated further ahead of its receipt is rejected: it would make all that follow it late."""


class _Message(msgspec.Struct, frozen=True, gc=False):
    channel: Annotated[str, Meta(min_length=1)]
    message_id: Annotated[int, Meta(ge=0, le=(1 << 63) - 1)]
    date: Annotated[float, Meta(ge=0, lt=_LAST_SECOND)] | dt.datetime
    text: str
    author: str | None = None


_DECODER: Final = msgspec.json.Decoder(_Message)


def decode(
    payloads: Sequence[bytes],
    received_ns: NDArray[np.int64],
    positions: NDArray[np.int64],
    settings: TelegramWireSettings = TelegramWireSettings(),  # noqa: B008 (frozen)
) -> Decoded:
    """Decode posts into one batch for all channels: their order on the tape is what lateness is judged by."""
    posts: list[Post] = []
    rejects: list[Refusal] = []
    for index, (payload, arrived_ns) in enumerate(zip(payloads, received_ns.tolist(), strict=True)):
        try:
            post = _post(payload, arrived_ns, settings)
        except (ValueError, msgspec.MsgspecError, RecursionError) as error:
            rejects.append(Refusal(index, int(positions[index]), str(error)))
        else:
            posts.append(post)
    batches = [Batch(Kind.POST, TELEGRAM_FEED, to_columns(Post, posts))] if posts else []
    return Decoded(batches=batches, books=[], rejects=rejects, notices=[], ignored=0)


def _post(payload: bytes, received_ns: int, settings: TelegramWireSettings) -> Post:
    if len(payload) > settings.largest_payload:
        raise ValueError(f"a post of {len(payload)} bytes: expected at most {settings.largest_payload}")
    message = _DECODER.decode(payload)
    event_ns = _to_ns(message.date)
    if event_ns > received_ns + settings.max_ahead:
        ahead = (event_ns - received_ns) / NANOSECONDS_PER_SECOND
        raise ValueError(f"posted {ahead:.0f} s ahead of its receipt: expected {settings.max_ahead} at most")
    return Post(
        received_ns=received_ns,
        event_ns=event_ns,
        channel=message.channel,
        message_id=message.message_id,
        author=message.author or "",
        text=message.text,
        assets="",
    )


def _to_ns(date: float | dt.datetime) -> int:
    if not isinstance(date, dt.datetime):
        return round(date * NANOSECONDS_PER_SECOND)
    since = (date if date.tzinfo else date.replace(tzinfo=dt.UTC)) - _EPOCH
    if not 0 <= since.total_seconds() < _LAST_SECOND:
        raise ValueError(f"date {date.isoformat()}: expected one from 1970 to 2255")
    return since // _MICROSECOND * _NS_PER_US
