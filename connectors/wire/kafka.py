"""Events on topics ↔ frames on the tape, without a byte lost in either direction.

An event is the raw JSON object as received, with `"ingestion_timestamp"` (ns UTC) as its last member, so that any program can
read it and a stream still begins as the exchange begins it. What is no JSON object (a corrupt frame is evidence too) travels as
`{"not_an_event":"<base64>","ingestion_timestamp":…}`. Two headers say what the value does not: the feed, and the event id
`<producer>/<row>`, by which a reader knows what it has read already: a producer that was killed says its last rows again.

Events of other programs need neither: they have no id, and the feed of their topic.
"""

from __future__ import annotations

import base64
import binascii
import functools
import re
from collections.abc import Sequence
from typing import Final, TypeAlias

import msgspec

EVENT_ID: Final = "event_id"
"""Header: `<producer>/<row>`, rows of one producer rising within a partition of a topic."""
FEED: Final = "feed"
"""Header: name of the feed on the tape."""

Headers: TypeAlias = Sequence[tuple[str, str | bytes | None]] | dict[str, str | bytes | None] | None
"""Headers as the client library gives them."""

_STAMP: Final = b'"ingestion_timestamp":'
_ESCAPE: Final = b'{"not_an_event":"'
_LONGEST_STAMP: Final = len(_STAMP) + 20
_LARGEST: Final = (1 << 63) - 1
_OWNER: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""Short enough that a broker keeps many of them beside an offset."""
_ROW_DIGITS: Final = 19


class Event(msgspec.Struct, frozen=True, gc=False):
    """One message to be produced."""

    topic: str
    key: bytes
    """Symbol, channel or subject: what is of one key stays in order."""
    value: bytes
    feed: str = ""
    """Goes with it as a header; empty for results, which are no frames."""
    event_id: str = ""
    """Goes with it as a header; empty for what has a natural key inside."""
    headers: tuple[tuple[str, str], ...] = ()
    """More headers."""


class _AnyObject(msgspec.Struct):
    """Parses any object and keeps nothing."""


class _Stamped(msgspec.Struct):
    ingestion_timestamp: int = 0


_OBJECT: Final = msgspec.json.Decoder(_AnyObject)
_STAMPED: Final = msgspec.json.Decoder(_Stamped)


def stamp(payload: bytes, received_ns: int) -> bytes:
    """Make the value of an event.

    >>> stamp(b'{"e":"trade"}', 17)
    b'{"e":"trade","ingestion_timestamp":17}'
    >>> stamp(b"oops", 17)
    b'{"not_an_event":"b29wcw==","ingestion_timestamp":17}'
    """
    if payload == b"{}":
        return b"{%b%d}" % (_STAMP, received_ns)
    if not _is_object(payload):
        payload = b'%b%b"}' % (_ESCAPE, base64.b64encode(payload))
    return b"%b,%b%d}" % (payload[:-1], _STAMP, received_ns)


def unstamp(value: bytes) -> tuple[bytes, int]:
    """Give the frame in an event and when it was ingested (ns UTC): 0 where the event does not say.

    >>> unstamp(b'{"e":"trade","ingestion_timestamp":17}')
    (b'{"e":"trade"}', 17)
    """
    at = value.rfind(_STAMP, -_LONGEST_STAMP)
    digits = value[at + len(_STAMP) : -1]
    if at < 1 or not digits.isdigit() or value[-1:] != b"}" or int(digits) > _LARGEST:
        return value, _foreign_stamp(value)
    before = value[at - 1]
    if before == ord("{") and at == 1:
        return b"{}", int(digits)
    if before != ord(","):
        return value, _foreign_stamp(value)
    payload = value[: at - 1] + b"}"
    return _unescape(payload), int(digits)


def event_id(producer: str, row: int) -> str:
    """Name an event.

    >>> event_id("5f3a", 12)
    '5f3a/12'
    """
    return f"{producer}/{row}"


def read_headers(headers: Headers) -> tuple[str, str, int]:
    """Give (feed, producer, row) of a message: empty and -1 where it does not say.

    >>> read_headers([("event_id", b"5f3a/12"), ("feed", b"binance")])
    ('binance', '5f3a', 12)
    """
    feed, producer, row = "", "", -1
    for name, content in headers.items() if isinstance(headers, dict) else headers or ():
        if name == EVENT_ID:
            owner, _, number = _text(content).rpartition("/")
            if _is_owner(owner) and len(number) < _ROW_DIGITS and number.isascii() and number.isdigit():
                producer, row = owner, int(number)
        elif name == FEED:
            feed = _text(content)
    return feed, producer, row


@functools.lru_cache(maxsize=1024)
def _is_owner(text: str) -> bool:
    return _OWNER.fullmatch(text) is not None


def _text(content: str | bytes | None) -> str:
    return content.decode(errors="replace") if isinstance(content, bytes) else content or ""


def _is_object(payload: bytes) -> bool:
    """Say whether a member can be put at the end of it, so that what comes back is what it was."""
    if payload[:1] != b"{" or payload[-1:] != b"}" or payload.startswith(_ESCAPE) or b'"' not in payload:
        return False
    try:
        _OBJECT.decode(payload)
        if not payload.isascii():
            payload.decode()
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _unescape(payload: bytes) -> bytes:
    if not payload.startswith(_ESCAPE):
        return payload
    try:
        return base64.b64decode(payload[len(_ESCAPE) : -2], validate=True)
    except binascii.Error:
        return payload


def _foreign_stamp(value: bytes) -> int:
    """Read the stamp of another program, wherever in the object it stands."""
    if b"ingestion_timestamp" not in value:
        return 0
    try:
        found = _STAMPED.decode(value).ingestion_timestamp
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return 0
    return found if 0 < found <= _LARGEST else 0
