"""How far the topics have been read: offsets and event ids, and how they are written on the tape.

With every batch of events goes one frame of feed `kafka` that says where to read on, in the same group: after a crash the tape
holds both or neither, so the tape itself says where to go on. A mark holds what has changed; now and then one is whole, so that
looking back is short. The last row seen of each producer is kept per partition: a producer that was killed says its last rows
again, in order, and a row that is not above the last one is known.

A mark also says which offsets the frames before it were read from. That is what an event is known by where several readers of a
group have it on their tapes: one was killed before it had told the brokers how far it was, and another took over (`kafka_join`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from connectors.wire.decoded import Decoded, Refusal

KAFKA_FEED: Final = "kafka"
"""Frames of this feed are marks."""

Place: TypeAlias = tuple[str, int]
"""A topic and one of its partitions."""


class Reached(msgspec.Struct, array_like=True):
    """How far one partition of a topic has been read."""

    offset: int
    """The next message to read."""
    seen: dict[str, int] = {}
    """Last row of each producer, the one longest silent first."""


class Run(msgspec.Struct, array_like=True):
    """Frames that stand one behind the other on the tape, from offsets that do so in their partition."""

    partition: int
    """Which of the mark's partitions, counted from 0."""
    offset: int
    """Of the first frame."""
    count: int
    ingested_ns: int = 0
    """When they were ingested, where the tape was already past that (ns UTC); 0: when the tape says they were received."""


class Mark(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A frame of feed `kafka`."""

    whole: bool
    """All partitions, not only those that have moved since the mark before."""
    partitions: list[tuple[str, int, Reached]]
    runs: list[Run] = []
    """Where the frames between the mark before and this one come from, in their order."""


class Runs:
    """Where frames come from, gathered as they are put on the tape."""

    def __init__(self) -> None:
        """Start with none."""
        self._runs: list[tuple[Place, Run]] = []

    def add(self, place: Place, offset: int, ingested_ns: int = 0) -> None:
        """Note the next frame."""
        if self._runs:
            last, run = self._runs[-1]
            if last == place and run.offset + run.count == offset and run.ingested_ns == ingested_ns:
                run.count += 1
                return
        self._runs.append((place, Run(0, offset, 1, ingested_ns)))

    def of(self, places: Iterable[Place]) -> list[Run]:
        """Give them for a mark of these partitions, all of theirs among them."""
        index = {place: number for number, place in enumerate(places)}
        for place, run in self._runs:
            run.partition = index[place]
        return [run for _, run in self._runs]


class Progress:
    """How far the partitions of one reader have been read."""

    def __init__(self, producers: int = 32) -> None:
        """Remember so many producers per partition; of more, the one longest silent is forgotten."""
        self._producers = producers
        self.reached: dict[Place, Reached] = {}
        self._moved: dict[Place, None] = {}

    def take(self, place: Place, offset: int, producer: str, row: int) -> bool:
        """Move past a message and say whether it is news: False for one that this or an earlier reading has had."""
        reached = self.reached.setdefault(place, Reached(0, {}))
        if offset < reached.offset:
            return False
        reached.offset = offset + 1
        self._moved[place] = None
        if not producer:
            return True
        if row <= reached.seen.get(producer, -1):
            return False
        reached.seen.pop(producer, None)
        reached.seen[producer] = row
        if len(reached.seen) > self._producers:
            del reached.seen[next(iter(reached.seen))]
        return True

    def place(self, place: Place, reached: Reached) -> None:
        """Go on with a partition from somewhere else."""
        self.reached[place] = reached
        self._moved[place] = None

    def drop(self, place: Place) -> None:
        """Forget a partition: somebody else reads it."""
        self.reached.pop(place, None)
        self._moved.pop(place, None)

    def moved(self) -> dict[Place, Reached]:
        """Give a copy of what has moved since the last time."""
        moved = {place: _copy(self.reached[place]) for place in self._moved}
        self._moved.clear()
        return moved

    def whole(self) -> dict[Place, Reached]:
        """Give a copy of everything."""
        return {place: _copy(reached) for place, reached in self.reached.items()}


def encode_mark(partitions: dict[Place, Reached], whole: bool, runs: Runs | None = None) -> bytes:
    """Write a mark as a payload.

    >>> encode_mark({("trades", 0): Reached(12, {"5f3a": 7})}, whole=False)
    b'{"whole":false,"partitions":[["trades",0,[12,{"5f3a":7}]]]}'
    """
    named = [(topic, number, reached) for (topic, number), reached in partitions.items()]
    return msgspec.json.encode(Mark(whole, named, runs.of(partitions) if runs else []))


def decode_mark(payload: bytes) -> Mark:
    """Read a mark.

    Raises:
        ValueError: it is none; the message says why.
    """
    try:
        return msgspec.json.decode(payload, type=Mark)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"not a mark of topics: {error}") from error


def fold(newest_first: Iterable[Mark]) -> dict[Place, Reached]:
    """Join marks, the newest first, back to the first whole one."""
    reached: dict[Place, Reached] = {}
    for mark in newest_first:
        for topic, number, at in mark.partitions:
            reached.setdefault((topic, number), at)
        if mark.whole:
            break
    return reached


def encode_seen(reached: Reached) -> str:
    """Write the producers of a partition, for the metadata that a broker keeps beside a committed offset.

    >>> encode_seen(Reached(12, {"5f3a": 7}))
    '{"5f3a":7}'
    """
    return msgspec.json.encode(reached.seen).decode()


def decode_seen(metadata: str | None) -> dict[str, int]:
    """Read them back; what another program committed says nothing of them.

    >>> decode_seen('{"5f3a":7}'), decode_seen(None), decode_seen("by hand")
    ({'5f3a': 7}, {}, {})
    """
    try:
        return msgspec.json.decode(metadata or "{}", type=dict[str, int])
    except msgspec.MsgspecError:
        return {}


def decode(payloads: Sequence[bytes], received_ns: NDArray[np.int64], positions: NDArray[np.int64]) -> Decoded:  # noqa: ARG001
    """Decode frames of feed `kafka` as any decoder does: they carry no record."""
    rejects: list[Refusal] = []
    for index, payload in enumerate(payloads):
        try:
            decode_mark(payload)
        except ValueError as error:
            rejects.append(Refusal(index, int(positions[index]), str(error)))
    return Decoded(batches=[], books=[], rejects=rejects, notices=[], ignored=len(payloads) - len(rejects))


def _copy(reached: Reached) -> Reached:
    return Reached(reached.offset, dict(reached.seen))
