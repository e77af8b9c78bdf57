"""The partitions a reader of topics has: where it begins with each, how it hands them over, what it tells the brokers.

A partition is begun where the tape says, or where the group's committed offset is when that is further: somebody else has read it
since. It is handed over with everything read of it on the tape and committed, because that is this tape's to finish. In between,
offsets are committed only once the results of what they stand for are stored; and again until the brokers have taken them, for they
refuse every commit while a group changes its members, which takes seconds: whoever took over then would begin far too early. Beside
an offset stand the event ids last seen, so that whoever reads on knows what a killed producer says again. All of it runs in the
thread of the feed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from connectors.inputs.kafka_client import KafkaInputSettings
from connectors.inputs.kafka_order import Order
from connectors.inputs.kafka_position import Settling
from connectors.wire.kafka_marks import Place, Progress, Reached, decode_seen, encode_seen

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, TopicPartition

Received: TypeAlias = tuple[int, str, int, str, bytes]
"""A message: its offset, who produced it and from which row, its feed, its payload."""

ASK_SECONDS: Final = 5.0
"""How long a broker may take to answer a question."""
_AGAIN_SECONDS: Final = 1.0
_LEAVE_SECONDS: Final = 10.0
"""How long leaving waits for a group that changes its members."""


class Partitions:
    """The partitions of one consumer."""

    def __init__(
        self,
        consumer: Consumer,
        settings: KafkaInputSettings,
        on_tape: dict[Place, Reached],
        settling: Settling,
        order: Order[Received],
        stopped: threading.Event,
        complain: Callable[[KafkaError], None],
    ) -> None:
        """Take how far the tape is."""
        self._consumer, self._settings = consumer, settings
        self._on_tape, self._settling = on_tape, settling
        self._order, self._stopped, self._complain = order, stopped, complain
        self.progress = Progress(settings.producers)
        self.places: set[Place] = set()
        """Those it has."""
        self._paused: set[Place] = set()
        self.untaken: dict[Place, Reached] = {}
        """What may be committed and is not known to be."""
        self.is_new = False
        """Whether partitions have come since somebody looked: the next mark is to be whole."""

    def join(self, topics: list[str], flush: Callable[[], None]) -> None:
        """Ask for partitions: those of the settings at once, or a share of the group's from now on."""
        from confluent_kafka import TopicPartition

        def hand_over(_: Consumer, places: list[TopicPartition]) -> None:
            flush()
            self._hand_over([(place.topic, place.partition) for place in places])

        if self._settings.partitions:
            places = [TopicPartition(topic, number) for topic in topics for number in self._settings.partitions]
            self._consumer.assign(self._beginnings(places))
        else:
            self._consumer.subscribe(
                topics,
                on_assign=lambda _, places: self._consumer.incremental_assign(self._beginnings(places)),
                on_revoke=hand_over,
                on_lost=lambda _, places: self._drop([(place.topic, place.partition) for place in places]),
            )

    def leave(self, flush: Callable[[], None]) -> None:
        """Hand everything over; while the group changes its members, wait until it takes a commit."""
        flush()
        gives_up_at = time.monotonic() + _LEAVE_SECONDS
        while self._is_refused(self.commit(self.progress.reached, wait=True)) and time.monotonic() < gives_up_at:
            self._consumer.poll(_AGAIN_SECONDS / 10)  # has its part in the change; what comes is somebody else's to read
        self._drop(list(self.progress.reached))

    def _is_refused(self, error: KafkaError | None) -> bool:
        """Say whether a commit came while the group changed: once it has, the same commit is taken."""
        from confluent_kafka import KafkaError as Codes

        return error is not None and error.code() in (Codes.REBALANCE_IN_PROGRESS, Codes.ILLEGAL_GENERATION)

    def commit_stored(self, row: int) -> None:
        """Commit what is stored now that everything before a tape row is, and what was stored before and the brokers have not taken."""
        self.untaken |= self._settling.stored(row)
        self.commit(self.untaken, wait=False)

    def taken(self, error: KafkaError | None, offsets: list[TopicPartition]) -> None:
        """Hear from the client what the brokers did with a commit."""
        for found in offsets:
            at = self.untaken.get((found.topic, found.partition))
            if error is None and found.error is None and at is not None and at.offset <= found.offset:
                del self.untaken[found.topic, found.partition]

    def steer(self, is_behind: bool) -> None:
        """Pause everything while the flow is behind, and else whatever is far ahead of others."""
        wanted = self.places if is_behind else {place for place in self.places if self._order.waiting(place) > self._most_ahead(place)}
        pausing, resuming = wanted - self._paused, self._paused & self.places - wanted
        if pausing:
            self._consumer.pause(_named(pausing))
        if resuming:
            self._consumer.resume(_named(resuming))
        self._paused = set(wanted)
        if is_behind:
            self._order.doubt()

    @property
    def is_paused(self) -> bool:
        """Whether nothing is fetched of some of them, so that the client does not know how they grow."""
        return bool(self._paused)

    def ask_doubtful(self) -> None:
        """Ask the brokers about partitions that hold others back: an end is told once, and not again after a pause.

        Raises:
            KafkaException: they do not answer.
        """
        doubtful = [place for place in self._order.doubtful() if place not in self._paused]
        known = self._consumer.list_topics(timeout=ASK_SECONDS).topics if doubtful else {}
        for topic, number in doubtful:
            reached = self.progress.reached.get((topic, number))
            exists = topic in known and number in known[topic].partitions
            low, high = self.limits((topic, number)) if exists else (0, 0)  # nobody has written there yet
            if high <= reached.offset if reached else low == high:
                self._order.end((topic, number))

    def lag(self, ask: bool) -> int:
        """Count the messages that wait at the brokers, as last heard; `ask` them where nothing is fetched.

        Raises:
            KafkaException: they do not answer.
        """
        lag = 0
        for place, reached in self.progress.reached.items():
            _, high = self.limits(place, cached=not ask)
            lag += max(0, high - reached.offset)
        return lag

    def ask(self) -> None:
        """Ask the brokers anything.

        Raises:
            KafkaException: they do not answer.
        """
        self._consumer.list_topics(timeout=ASK_SECONDS)

    def limits(self, place: Place, cached: bool = False) -> tuple[int, int]:
        """Give the first offset of a partition and the one after its last.

        Raises:
            KafkaException: the brokers do not answer.
        """
        from confluent_kafka import TopicPartition

        return self._consumer.get_watermark_offsets(TopicPartition(*place), timeout=ASK_SECONDS, cached=cached)

    def restart(self, place: Place, offset: int) -> None:
        """Go on at another offset of a partition that the brokers have cut.

        Raises:
            KafkaException: it cannot be had there.
        """
        from confluent_kafka import TopicPartition

        # A partition whose offset is refused has stopped, and cannot be moved: only begun anew.
        self._consumer.incremental_unassign([TopicPartition(*place)])
        self._consumer.incremental_assign([TopicPartition(*place, offset)])
        self._order.add(place)
        before = self.progress.reached.get(place)
        self.progress.place(place, Reached(offset, before.seen if before else {}))

    def _most_ahead(self, place: Place) -> int:
        return self._settings.ahead // 2 if place in self._paused else self._settings.ahead

    def _beginnings(self, places: list[TopicPartition]) -> list[TopicPartition]:
        """Say where each is begun; asks until the brokers have answered, for a wrong beginning is worse than none."""
        from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, TopicPartition

        unknown = OFFSET_BEGINNING if self._settings.start == "earliest" else OFFSET_END
        beginnings = []
        for found in self._committed(places):
            place = (found.topic, found.partition)
            reached = _furthest(self._on_tape.get(place), found)
            if reached is not None:
                self.progress.place(place, reached)
            self.places.add(place)
            self._paused.discard(place)
            self._order.add(place)
            beginnings.append(TopicPartition(*place, reached.offset if reached else unknown))
        self.is_new = True
        return beginnings

    def _committed(self, places: list[TopicPartition]) -> list[TopicPartition]:
        from confluent_kafka import KafkaException

        while places and not self._stopped.is_set():
            try:
                return self._consumer.committed(places, timeout=ASK_SECONDS)
            except KafkaException as error:
                self._complain(error.args[0])
                if self._settings.partitions:  # nothing is assigned yet: nothing comes but what the client has to say
                    self._consumer.poll(0)
                self._stopped.wait(_AGAIN_SECONDS)
        return []

    def _hand_over(self, places: list[Place]) -> None:
        """Commit what is on the tape, and let go."""
        self.commit({place: self.progress.reached[place] for place in places if place in self.progress.reached}, wait=True)
        self._drop(places)

    def _drop(self, places: list[Place]) -> None:
        for place in places:
            reached = self.progress.reached.get(place)
            if reached is not None:
                self._on_tape[place] = reached
            self.places.discard(place)
            self._order.drop(place)
            self.progress.drop(place)
            self._settling.drop(place)
            self.untaken.pop(place, None)

    def commit(self, reached: dict[Place, Reached], wait: bool) -> KafkaError | None:
        """Tell the brokers, and give what they have against it."""
        from confluent_kafka import KafkaException, TopicPartition

        offsets = [TopicPartition(topic, number, at.offset, encode_seen(at)) for (topic, number), at in reached.items()]
        if not offsets:
            return None
        try:
            if wait:
                told = self._consumer.commit(offsets=offsets, asynchronous=False)
                refusal: KafkaError | None = next((each.error for each in told or () if each.error is not None), None)
            else:
                self._consumer.commit(offsets=offsets, asynchronous=True)
                refusal = None
        except KafkaException as error:  # committed later and further on; until then the tape knows
            refusal = error.args[0]
        if refusal is not None:
            self._complain(refusal)
        return refusal


def _named(places: set[Place]) -> list[TopicPartition]:
    from confluent_kafka import TopicPartition

    return [TopicPartition(*place) for place in places]


def _furthest(on_tape: Reached | None, committed: TopicPartition) -> Reached | None:
    """Choose between what the tape has and what the group was told; producers' rows seen by either are seen."""
    told = Reached(committed.offset, decode_seen(committed.metadata)) if committed.offset >= 0 else None
    if on_tape is None or told is None:
        return on_tape or told
    seen = dict(on_tape.seen)
    for producer, row in told.seen.items():
        seen[producer] = max(row, seen.get(producer, -1))
    return Reached(max(on_tape.offset, told.offset), seen)
