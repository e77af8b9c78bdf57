"""Posts, and what became of them, as the recorder writes them on the tape, feed `telegram`: one JSON object a frame.

    {"channel": "calls", "message_id": 7, "date": "2026-05-01T12:00:00Z", "author": null, "text": "…"}
    {"kind": "edit", "channel": "calls", "message_id": 7, "date": 1777636860, "text": "…"}
    {"kind": "delete", "channel": "calls", "message_id": 7}

The library that talks to the messenger hands out objects, not bytes, so this format is ours; it keeps what the chatter stages
need. Without `kind` an object is a post. `date` is ISO 8601 (UTC where it names no zone) or Unix seconds: of the post, or of the
edit; a deletion has none, and an edit need not have one: then the receive time stands for it. The text may be anything.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Final, Literal, TypeAlias

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from connectors.wire.decoded import TALK, Decoded, Refusal
from scoring.duration import Duration, nanoseconds
from scoring.records import NANOSECONDS_PER_SECOND, Batch, Kind, Post, PostEdit, to_columns

TELEGRAM_FEED: Final = "telegram"
"""Frames of this feed are posts."""
_LAST_SECOND: Final = 9_000_000_000
"""In the year 2255; later instants do not fit int64 nanoseconds."""


class TelegramWireSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a post may be."""

    largest_payload: int = 1_000_000
    """Bytes. The messenger itself allows 4,096 characters; what is longer than this is rejected unread."""
    max_ahead: Duration = Duration.parse("1m")
    """A post dated further ahead of its receipt is rejected: it would make all that follow it late."""


_Channel: TypeAlias = Annotated[str, Meta(min_length=1)]
_MessageId: TypeAlias = Annotated[int, Meta(ge=0, le=(1 << 63) - 1)]
_Date: TypeAlias = Annotated[float, Meta(ge=0, lt=_LAST_SECOND)] | dt.datetime


class _Message(msgspec.Struct, frozen=True, gc=False):
    channel: _Channel
    message_id: _MessageId
    date: _Date
    text: str
    author: str | None = None


class _Edit(msgspec.Struct, frozen=True, gc=False):
    channel: _Channel
    message_id: _MessageId
    text: str
    date: _Date | None = None


class _Deletion(msgspec.Struct, frozen=True, gc=False):
    channel: _Channel
    message_id: _MessageId


class _Head(msgspec.Struct, frozen=True, gc=False):
    kind: Literal["post", "edit", "delete"] = "post"


_POST: Final = msgspec.json.Decoder(_Message)
_EDIT: Final = msgspec.json.Decoder(_Edit)
_DELETION: Final = msgspec.json.Decoder(_Deletion)
_HEAD: Final = msgspec.json.Decoder(_Head)


def decode(
    payloads: Sequence[bytes],
    received_ns: NDArray[np.int64],
    positions: NDArray[np.int64],
    settings: TelegramWireSettings = TelegramWireSettings(),  # noqa: B008 (frozen)
) -> Decoded:
    """Decode posts into one batch for all channels, and edits and deletions into another.

    Their order on the tape is what lateness is judged by.
    """
    posts: list[Post] = []
    edits: list[PostEdit] = []
    rejects: list[Refusal] = []
    for index, (payload, arrived_ns) in enumerate(zip(payloads, received_ns.tolist(), strict=True)):
        try:
            record = _record(payload, arrived_ns, settings)
        except (ValueError, msgspec.MsgspecError, RecursionError) as error:
            rejects.append(Refusal(index, int(positions[index]), str(error)))
        else:
            if isinstance(record, Post):
                posts.append(record)
            else:
                edits.append(record)
    batches = [Batch(Kind.EDIT, TELEGRAM_FEED, to_columns(PostEdit, edits))] if edits else []
    if posts:
        batches.append(Batch(Kind.POST, TALK, to_columns(Post, posts)))
    return Decoded(batches=batches, books=[], rejects=rejects, notices=[], ignored=0)


def decode_one(payload: bytes, received_ns: int) -> Post | PostEdit:
    """Decode one frame.

    Raises:
        ValueError: it is no post, edit or deletion; the message says why.
    """
    try:
        return _record(payload, received_ns, TelegramWireSettings())
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(str(error)) from error


def encode_post(channel: str, message_id: int, date_s: float, author: str, text: str) -> bytes:
    """Write a post; `date_s` is in Unix seconds, an empty author becomes null.

    >>> encode_post("calls", 7, 1777636800, "", "buy")
    b'{"channel":"calls","message_id":7,"date":1777636800,"text":"buy","author":null}'
    """
    return msgspec.json.encode(_Message(channel, message_id, date_s, text, author or None))


def encode_edit(channel: str, message_id: int, date_s: float | None, text: str) -> bytes:
    """Write that a post has a new text.

    >>> encode_edit("calls", 7, 1777636860, "sell")
    b'{"kind":"edit","channel":"calls","message_id":7,"date":1777636860,"text":"sell"}'
    """
    return msgspec.json.encode({"kind": "edit", "channel": channel, "message_id": message_id, "date": date_s, "text": text})


def encode_deletion(channel: str, message_id: int) -> bytes:
    """Write that a post is gone.

    >>> encode_deletion("calls", 7)
    b'{"kind":"delete","channel":"calls","message_id":7}'
    """
    return msgspec.json.encode({"kind": "delete", "channel": channel, "message_id": message_id})


def _record(payload: bytes, received_ns: int, settings: TelegramWireSettings) -> Post | PostEdit:
    if len(payload) > settings.largest_payload:
        raise ValueError(f"a post of {len(payload)} bytes: expected at most {settings.largest_payload}")
    # Nearly all frames are posts without the word, which are read once.
    kind = _HEAD.decode(payload).kind if b'"kind"' in payload else "post"
    if kind == "delete":
        gone = _DELETION.decode(payload)
        return PostEdit(received_ns, received_ns, gone.channel, gone.message_id, True, "")
    if kind == "edit":
        edit = _EDIT.decode(payload)
        event_ns = received_ns if edit.date is None else _event_ns(edit.date, received_ns, settings)
        return PostEdit(received_ns, event_ns, edit.channel, edit.message_id, False, edit.text)
    message = _POST.decode(payload)
    return Post(
        received_ns=received_ns,
        event_ns=_event_ns(message.date, received_ns, settings),
        channel=message.channel,
        message_id=message.message_id,
        author=message.author or "",
        text=message.text,
        assets="",
    )


def _event_ns(date: float | dt.datetime, received_ns: int, settings: TelegramWireSettings) -> int:
    event_ns = _to_ns(date)
    if event_ns > received_ns + settings.max_ahead:
        ahead = (event_ns - received_ns) / NANOSECONDS_PER_SECOND
        raise ValueError(f"posted {ahead:.0f} s ahead of its receipt: expected {settings.max_ahead} at most")
    return event_ns


def _to_ns(date: float | dt.datetime) -> int:
    if not isinstance(date, dt.datetime):
        return round(date * NANOSECONDS_PER_SECOND)
    date_ns = nanoseconds(date)
    if not 0 <= date_ns < _LAST_SECOND * NANOSECONDS_PER_SECOND:
        raise ValueError(f"date {date.isoformat()}: expected one from 1970 to 2255")
    return date_ns
