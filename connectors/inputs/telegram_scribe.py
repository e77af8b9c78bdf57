"""Puts messages of groups on the tape: each post once, each change of its text, each deletion.

What is put is decided here, in one place, however a message came: live, as an edit, or fetched from the history. Who wrote it is
left out, or kept as a keyed hash that says no more than that two posts have one author. A lost connection is told once when it is
lost and again, under the same key, when everything since has been fetched.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import msgspec

from connectors.inputs.telegram_client import Message
from connectors.inputs.telegram_ledger import Ledger
from connectors.tape.newest import end_ns, newest_first
from connectors.tape.recorder import Recorder
from connectors.wire.gap import GAP_FEED, decode_gap, encode_gap
from connectors.wire.telegram import TELEGRAM_FEED, decode_one, encode_deletion, encode_edit, encode_post
from scoring.errors import ResourceError
from scoring.records import ALL_SYMBOLS, NANOSECONDS_PER_SECOND, Gap, Kind, Post, PostEdit

_AUTHOR_BYTES = 8
_KEY_BYTES = 64
_GAPS_READ = 1_000
"""So many of the newest gaps on a tape are looked at for one of ours that is open."""


class Scribe:
    """Writes to one tape; counts what it wrote."""

    def __init__(self, recorder: Recorder, ledger: Ledger, partition: str, author_key: str) -> None:
        """Take where to write, what is there already, and the key of author hashes; an empty one leaves authors out."""
        self._recorder, self.ledger, self._partition = recorder, ledger, partition
        self._author_key = author_key.encode()[:_KEY_BYTES]
        self.frames = 0
        self.is_broken = False
        """The tape cannot be written any more."""
        self.fetched = 0
        """Posts that came from the history since the tape was whole last."""
        self.gaps_repaired = 0
        self.outage: Gap | None = None
        """The lost connection that is not repaired yet."""

    def resume(self, folder: Path) -> None:
        """Go on with the gap that an earlier run left open, or tell one from the end of what it wrote; an empty tape has none.

        Raises:
            ResourceError: the tape cannot be written any more.
        """
        told, from_ns = _newest_outage(folder, self._partition), end_ns(folder)
        if told is not None and not told.to_ns:
            self.outage = told
        elif from_ns:
            self.tell_outage(from_ns, "restarted")

    def take(self, received_ns: int, channel: str, message: Message, edited: bool = False) -> bool:
        """Put a message as it is now, where that is news; say whether it is a new post.

        Raises:
            ResourceError: the tape cannot be written any more.
        """
        if message.action is not None or message.message is None or message.date is None:
            return False  # somebody joined, a title changed: nothing that anybody wrote
        text = message.message.encode(errors="replace").decode()
        edited_s = int(message.edit_date.timestamp()) if message.edit_date else 0
        is_new = self.ledger.is_new(channel, message.id)
        if is_new:
            self._put(received_ns, encode_post(channel, message.id, int(message.date.timestamp()), self._author(message), text))
        elif self._is_edit(channel, message.id, text, edited_s, edited):
            self._put(received_ns, encode_edit(channel, message.id, edited_s or None, text))
        else:
            return False
        self.ledger.note(channel, message.id, text, edited_s)
        return is_new

    def take_deletion(self, received_ns: int, channel: str, message_id: int) -> None:
        """Put a deletion once.

        Raises:
            ResourceError: the tape cannot be written any more.
        """
        if not self.ledger.is_gone(channel, message_id):
            self._put(received_ns, encode_deletion(channel, message_id))
            self.ledger.note_gone(channel, message_id)

    def tell_outage(self, from_ns: int, reason: str) -> None:
        """Put an open gap, unless one is open.

        Raises:
            ResourceError: the tape cannot be written any more.
        """
        if self.outage is None:
            self.outage = Gap(self._partition, ALL_SYMBOLS, Kind.POST, from_ns, 0, 0, 0, 0, 0, reason)
            self._write(self._recorder.now(), GAP_FEED, encode_gap(self.outage))

    def tell_whole(self) -> None:
        """Close the open gap, if there is one: everything since has been fetched.

        Raises:
            ResourceError: the tape cannot be written any more.
        """
        if self.outage is not None:
            now = self._recorder.now()
            closed = msgspec.structs.replace(self.outage, to_ns=now, missing=self.fetched, repaired=self.fetched)
            self._write(now, GAP_FEED, encode_gap(closed))
            self.outage, self.gaps_repaired = None, self.gaps_repaired + 1
        self.fetched = 0

    def _put(self, received_ns: int, payload: bytes) -> None:
        self._write(received_ns, TELEGRAM_FEED, payload)
        self.frames += 1

    def _write(self, received_ns: int, feed: str, payload: bytes) -> None:
        try:
            self._recorder.put(received_ns, feed, payload)
        except ResourceError:
            self.is_broken = True
            raise

    def _is_edit(self, channel: str, message_id: int, text: str, edited_s: int, edited: bool) -> bool:
        """Say whether an old message has a new text; of one that was forgotten only an edit can tell."""
        return (edited or self.ledger.remembers(channel, message_id)) and self.ledger.is_edit(channel, message_id, text, edited_s)

    def _author(self, message: Message) -> str:
        if not self._author_key or message.sender_id in (None, message.chat_id):
            return ""
        return hashlib.blake2b(str(message.sender_id).encode(), key=self._author_key, digest_size=_AUTHOR_BYTES).hexdigest()


def read_ledger(folder: Path, channels: Iterable[str], overlap: int, remembered: int) -> Ledger:
    """Read from the end of a tape which messages are on it: the newest `overlap` of each channel, in `remembered` frames at most.

    A channel begins at the oldest of them, so that a few that are known are fetched again: what a crash cut out of the middle,
    and what was edited meanwhile, is found. A channel of which there is none has not been met.
    """
    missing = dict.fromkeys(channels, overlap)
    found: list[Post | PostEdit] = []
    for record in _records(folder, remembered):
        if missing.get(record.channel):
            found.append(record)
            missing[record.channel] -= isinstance(record, Post)
            if not any(missing.values()):
                break
    ledger = Ledger(remembered)
    for channel in missing:
        ids = [record.message_id for record in found if record.channel == channel and isinstance(record, Post)]
        if ids:
            ledger.begin(channel, min(ids))
    for record in reversed(found):
        if isinstance(record, Post):
            ledger.note(record.channel, record.message_id, record.text)
        elif record.deleted:
            ledger.note_gone(record.channel, record.message_id)
        else:
            ledger.note(record.channel, record.message_id, record.text, record.event_ns // NANOSECONDS_PER_SECOND)
    return ledger


def _records(folder: Path, most: int) -> Iterator[Post | PostEdit]:
    """Give what people did, newest first; frames that are rejects tell nothing."""
    for received_ns, payload in islice(newest_first(folder, TELEGRAM_FEED), most):
        try:
            yield decode_one(payload, received_ns)
        except ValueError:
            continue


def _newest_outage(folder: Path, partition: str) -> Gap | None:
    """Give the gap of posts that was told last."""
    for _, payload in islice(newest_first(folder, GAP_FEED), _GAPS_READ):
        try:
            gap = decode_gap(payload)
        except ValueError:
            continue
        if (gap.source, gap.symbol, gap.kind) == (partition, ALL_SYMBOLS, Kind.POST):
            return gap
    return None
