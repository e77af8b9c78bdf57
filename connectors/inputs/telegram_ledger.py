"""Which messages of which channel are on the tape: what makes a message that comes twice stand there once.

Messages come live, out of order, again after a reconnect, and from the history. For each channel the ledger knows `whole`: up to
this id all there is has been looked at; and it remembers the newest texts, so that an edit is told from an update that changed
nothing people read (a reaction, a view). What falls out of its memory raises the floor of the channel: at or below it a message
is old, whatever is known of it. The floor never rises above `whole`, so a bounded memory loses no message.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

_NEVER_EDITED: Final = 0
_GONE: Final = 1 << 62
"""The edit that nothing follows."""


class _Known(msgspec.Struct, frozen=True, gc=False):
    text: int
    """Its hash, of this process."""
    edited_s: int


class Ledger:
    """What is on the tape, of at most `remembered` messages in full."""

    def __init__(self, remembered: int) -> None:
        """Know nothing."""
        self._remembered = remembered
        self._known: OrderedDict[tuple[str, int], _Known] = OrderedDict()
        self._floor: dict[str, int] = {}
        self._whole: dict[str, int] = {}
        self._newest: dict[str, int] = {}

    def whole(self, channel: str) -> int | None:
        """Give the id up to which a channel is on the tape; None for a channel that was never met."""
        return self._whole.get(channel)

    def has_hole(self, channel: str) -> bool:
        """Say whether a message came whose predecessor did not."""
        return self._newest.get(channel, 0) > self._whole.get(channel, 0)

    def begin(self, channel: str, message_id: int) -> None:
        """Meet a channel: what is older than this is not asked for."""
        self._floor[channel] = message_id
        self.cover(channel, message_id)

    def cover(self, channel: str, message_id: int) -> None:
        """Note that all messages up to this one have been looked at."""
        whole = max(message_id, self._whole.get(channel, 0))
        while (channel, whole + 1) in self._known:
            whole += 1
        self._whole[channel] = whole

    def is_new(self, channel: str, message_id: int) -> bool:
        """Say whether a message is not on the tape yet."""
        return message_id > self._floor.get(channel, -1) and (channel, message_id) not in self._known

    def remembers(self, channel: str, message_id: int) -> bool:
        """Say whether the text of a message is remembered."""
        return (channel, message_id) in self._known

    def is_edit(self, channel: str, message_id: int, text: str, edited_s: int) -> bool:
        """Say whether a message that is on the tape reads differently now; one that was forgotten counts as different."""
        known = self._known.get((channel, message_id))
        return known is None or (known.text != hash(text) and edited_s >= known.edited_s)

    def is_gone(self, channel: str, message_id: int) -> bool:
        """Say whether its deletion is on the tape."""
        known = self._known.get((channel, message_id))
        return known is not None and known.edited_s == _GONE

    def note(self, channel: str, message_id: int, text: str, edited_s: int = _NEVER_EDITED) -> None:
        """Note what was put on the tape."""
        self._note(channel, message_id, _Known(hash(text), edited_s))
        self._newest[channel] = max(message_id, self._newest.get(channel, 0))
        if self._whole.get(channel) == message_id - 1:
            self.cover(channel, message_id)

    def note_gone(self, channel: str, message_id: int) -> None:
        """Note that a deletion was put on the tape."""
        self._note(channel, message_id, _Known(0, _GONE))

    def homes(self, message_ids: Iterable[int], channels: frozenset[str]) -> Iterator[tuple[str, int]]:
        """Find messages by id alone, in channels that share one sequence of ids; those not remembered are left out."""
        for message_id in message_ids:
            yield from ((channel, message_id) for channel in sorted(channels) if (channel, message_id) in self._known)

    def _note(self, channel: str, message_id: int, known: _Known) -> None:
        self._known[channel, message_id] = known
        if len(self._known) > self._remembered:
            (old_channel, old_id), _ = self._known.popitem(last=False)
            fallen = min(old_id, self._whole.get(old_channel, 0))
            self._floor[old_channel] = max(fallen, self._floor.get(old_channel, -1))
