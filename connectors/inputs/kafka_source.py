"""Topics as the tape: where brokers keep what was ingested, the flow can read it there and write no tape of its own.

The same promise as for a tape: the position is in the flow's snapshot, a restart goes on from there, and the same topics give the
same rows however fast they were read, because messages come in the order they were ingested (`kafka_order`) and marks of the clock
are those of their stamps. Partitions are the settings' own and not a group's, so a position stays true; the group's offsets are only
committed for others to see. What a broker keeps for a week can be read again for a week: a tape keeps what it is told to.
"""

from __future__ import annotations

import threading
import time
import zlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from connectors.inputs.kafka_client import KafkaInputSettings, open_consumer
from connectors.inputs.kafka_order import Order
from connectors.inputs.kafka_partitions import Partitions, Received
from connectors.inputs.kafka_position import Settling
from connectors.inputs.source import ENDED, STOP, WAIT_SECONDS, Chunk, Position, TapePartition, passed_mark
from connectors.tape.frames import FrameChunk
from connectors.wire.kafka_connection import KafkaSettings
from connectors.wire.kafka_marks import Place, Reached
from connectors.wire.kafka_trouble import Trouble
from connectors.wire.kafka_values import read_message
from scoring.errors import ResourceError, SettingError
from scoring.records import NANOSECONDS_PER_MILLISECOND, SourceHealth

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Message

_LOOK_SECONDS: Final = 1.0


def to_position(row: int, last_ns: int, reached: dict[Place, Reached]) -> Position:
    """Write how far topics are read as numbers alone: row, stamp, then of each partition its topic's hash, number, offset, producers.

    Producers are hexadecimal names; another name is written as its hash.

    >>> to_position(7, 5, {("trades", 2): Reached(12, {"ff": 3})})
    (7, 5, 2056936293, 2, 12, 1, 255, 3)
    """
    numbers = [row, last_ns]
    for (topic, number), at in sorted(reached.items()):
        numbers += [zlib.crc32(topic.encode()), number, at.offset, len(at.seen)]
        for producer, seen in at.seen.items():
            numbers += [_number(producer), seen]
    return tuple(numbers)


def from_position(position: Position, topics: Sequence[str]) -> dict[Place, Reached]:
    """Read it back; a topic that the settings no longer name is left out.

    >>> from_position((7, 5, 2056936293, 2, 12, 1, 255, 3), ["trades"])
    {('trades', 2): Reached(offset=12, seen={'ff': 3})}
    """
    names = {zlib.crc32(topic.encode()): topic for topic in topics}
    reached: dict[Place, Reached] = {}
    numbers = iter(position[2:])
    for code in numbers:
        number, offset, producers = next(numbers), next(numbers), next(numbers)
        seen = {f"{next(numbers):x}": next(numbers) for _ in range(producers)}
        if code in names:
            reached[(names[code], number)] = Reached(offset, seen)
    return reached


def _name(producer: str) -> str:
    """Give the name that a position can hold."""
    return f"{_number(producer):x}" if producer else ""


def _number(producer: str) -> int:
    try:
        return int(producer, 16)
    except ValueError:
        return zlib.crc32(producer.encode())


class KafkaFrames(TapePartition):
    """Frames straight out of topics."""

    def __init__(
        self,
        name: str,
        cluster: KafkaSettings,
        settings: KafkaInputSettings,
        resume: Position | None,
        to_end: bool = False,
        wall: Callable[[], int] = time.time_ns,
    ) -> None:
        """Read the partitions that the settings name on from `resume`; `to_end` ends where the topics end now.

        Raises:
            SettingError: settings do not go together.
        """
        self._name, self._settings, self._topics, self._wall, self._to_end = name, settings, cluster.topics, wall, to_end
        self._trouble, self._lag = Trouble(), 0
        self._snapshot: dict[Place, Reached] = {}
        if not settings.partitions:
            raise SettingError("ghosttape.toml", "kafka.input.partitions", [], "the numbers of the partitions to read, e.g. [0, 1, 2]")
        self._ended = resume == ENDED
        position = resume if resume and not self._ended else (0, 0)
        self._row, self._last_ns = position[0], position[1]
        self._mark_ns = self._last_ns
        self._order: Order[Received] = Order(settings.wait)
        self._consumer = open_consumer(cluster, settings, self._complain)
        on_tape = from_position(position, cluster.topics.names())
        self._partitions = Partitions(self._consumer, settings, on_tape, Settling(0), self._order, STOP, self._complain)
        if not self._ended:
            self._partitions.join(list(cluster.topics.names()), lambda: None)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._look, name="kafka look", daemon=True)
        self._thread.start()

    def next_batch(self) -> Sequence[Chunk]:
        """Hand on what is due; nothing after at most a millisecond if nothing is.

        Raises:
            ResourceError: topics have lost what was to be read.
        """
        if STOP.is_set() or self._ended:
            raise StopIteration
        self._sort(self._consumer.consume(self._settings.batch, 0) or self._consumer.consume(1, WAIT_SECONDS))
        self._partitions.steer(is_behind=False)
        wall_ns = self._wall()
        taken = self._order.take(wall_ns, self._settings.batch)
        chunk = self._chunk(taken, self._order.reached(wall_ns))
        return () if chunk is None else (chunk,)

    def snapshot(self) -> Position:
        """Give how far the topics are read, and commit what the snapshot before gave: what it stood for is stored."""
        self._partitions.commit(self._snapshot, wait=False)
        self._snapshot = self._partitions.progress.whole()
        return ENDED if self._ended else to_position(self._row, self._last_ns, self._snapshot)

    def close(self) -> None:
        """Let go of the topics."""
        self._closing.set()
        self._thread.join()
        self._consumer.close()

    def _sort(self, messages: list[Message]) -> None:
        """Queue messages by partition."""
        from confluent_kafka import KafkaError as Codes

        wall_ns = self._wall()
        for message in messages:
            place, error = (message.topic() or "", message.partition() or 0), message.error()
            if error is None:
                found = read_message(message.value(), message.headers())
                stamp_ns = min(found.ingested_ns or message.timestamp()[1] * NANOSECONDS_PER_MILLISECOND, wall_ns)
                feed = found.feed or self._topics.feed_of(place[0])
                item = (message.offset() or 0, _name(found.producer), found.row, feed, found.payload)
                self._order.push(place, stamp_ns, item)
            elif error.code() == Codes._PARTITION_EOF:
                self._order.end(place)
            elif error.code() == Codes._AUTO_OFFSET_RESET:
                at = self._partitions.progress.reached.get(place, Reached(0))
                gone = f"kafka {place[0]} {place[1]}: offset {at.offset} is gone"
                raise ResourceError(f"{gone}, expected the brokers to keep what is not read: start without the snapshot")
            else:
                self._complain(error)

    def _look(self) -> None:
        """Ask about what holds the others back, and how much waits: in a thread, for brokers answer when they like."""
        from confluent_kafka import KafkaException

        while not self._closing.is_set():
            try:
                self._partitions.ask_doubtful()
                self._lag = self._partitions.lag(ask=self._partitions.is_paused)
                self._trouble.clear()
            except KafkaException as error:
                self._complain(error.args[0])
            self._closing.wait(_LOOK_SECONDS)

    def _chunk(self, taken: list[tuple[int, Place, Received]], reached_ns: int) -> Chunk | None:
        """Make frames of messages, and a mark of the clock where time has passed one."""
        stamps: list[int] = []
        codes: list[int] = []
        payloads: list[bytes] = []
        names: dict[str, int] = {}
        for stamp_ns, place, (offset, producer, row, feed, payload) in taken:
            if self._partitions.progress.take(place, offset, producer, row):
                self._last_ns = max(self._last_ns, stamp_ns)
                stamps.append(self._last_ns)
                codes.append(names.setdefault(feed, len(names)))
                payloads.append(payload)
        mark_ns = passed_mark(reached_ns, self._mark_ns)
        self._mark_ns = mark_ns or self._mark_ns
        self._ended = self._to_end and self._order.is_exhausted()
        if not payloads and not mark_ns and not self._ended:
            return None
        first_row, self._row = self._row, self._row + len(payloads)
        frames = FrameChunk(first_row, np.array(stamps, np.int64), np.array(codes, np.int32), tuple(names), payloads) if payloads else None
        health = (self._health(),) if mark_ns else ()
        return Chunk(self._name, frames, (), len(payloads), max(self._last_ns, mark_ns), mark_ns, self._ended, health)

    def _health(self) -> SourceHealth:
        state = "down" if self._trouble.reason else "live"
        return SourceHealth("kafka", self._wall(), state, self._last_ns, self._row, lag=self._lag, last_error=self._trouble.reason)

    def _complain(self, error: KafkaError) -> None:
        """Take what the client says about itself; it goes on trying, and time stands meanwhile."""
        self._trouble.take(error.name(), error.str())
        self._order.doubt()
