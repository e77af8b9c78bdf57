"""The partitions a reader of topics has: where it begins with each, how it hands them over, what it tells the brokers.

A partition is begun where the tape says, or where the group's committed offset is when that is further: somebody else has read it
since. It is handed over with everything read of it on the tape and committed, because that is this tape's to finish. In between,
offsets are committed only once the results of what they stand for are stored. Beside an offset stand the event ids last seen, so
that whoever reads on knows what a killed producer says again. All of it runs in the thread of the feed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from connectors.inputs.kafka_client import KafkaInputSettings
from connectors.inputs.kafka_position import Settling
from connectors.wire.kafka_marks import Place, Progress, Reached, decode_seen, encode_seen

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, TopicPartition

ASK_SECONDS: Final = 5.0
"""How long a broker may take to answer a question."""
_AGAIN_SECONDS: Final = 1.0


class Partitions:
    """The partitions of one consumer."""

    def __init__(
        self,
        consumer: Consumer,
        settings: KafkaInputSettings,
        on_tape: dict[Place, Reached],
        settling: Settling,
        stopped: threading.Event,
        complain: Callable[[KafkaError], None],
    ) -> None:
        """Take how far the tape is."""
        self._consumer, self._settings = consumer, settings
        self._on_tape, self._settling = on_tape, settling
        self._stopped, self._complain = stopped, complain
        self.progress = Progress(settings.producers)
        self.places: set[Place] = set()
        """Those it has."""
        self.is_new = False
        """Whether partitions have come since somebody looked: the next mark is to be whole."""
        self.paused = False

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

    def take(self, place: Place, offset: int, producer: str, row: int) -> bool:
        """Move past a message and say whether it is to be used: once, and by whoever has its partition now."""
        return place in self.places and self.progress.take(place, offset, producer, row)

    def leave(self, flush: Callable[[], None]) -> None:
        """Hand everything over."""
        flush()
        self._hand_over(list(self.progress.reached))

    def commit_stored(self, row: int) -> None:
        """Commit what is stored now that everything before a tape row is."""
        self._commit(self._settling.stored(row), wait=False)

    def steer(self, behind: int) -> None:
        """Pause while the flow is so many frames behind the end of the tape, go on when it has caught up by half."""
        if not self.paused and behind > self._settings.most_behind:
            self._consumer.pause(self._consumer.assignment())
            self.paused = True
        elif self.paused and behind <= self._settings.most_behind // 2:
            self._consumer.resume(self._consumer.assignment())
            self.paused = False

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
        before = self.progress.reached.get(place)
        self.progress.place(place, Reached(offset, before.seen if before else {}))

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
            beginnings.append(TopicPartition(*place, reached.offset if reached else unknown))
        self.is_new = True
        self.paused = False  # what is new is not: paused again where need be
        return beginnings

    def _committed(self, places: list[TopicPartition]) -> list[TopicPartition]:
        from confluent_kafka import KafkaException

        while places and not self._stopped.is_set():
            try:
                return self._consumer.committed(places, timeout=ASK_SECONDS)
            except KafkaException as error:
                self._complain(error.args[0])
                self._stopped.wait(_AGAIN_SECONDS)
        return []

    def _hand_over(self, places: list[Place]) -> None:
        """Commit what is on the tape, and let go."""
        self._commit({place: self.progress.reached[place] for place in places if place in self.progress.reached}, wait=True)
        self._drop(places)

    def _drop(self, places: list[Place]) -> None:
        for place in places:
            reached = self.progress.reached.get(place)
            if reached is not None:
                self._on_tape[place] = reached
            self.places.discard(place)
            self.progress.drop(place)
            self._settling.drop(place)

    def _commit(self, reached: dict[Place, Reached], wait: bool) -> None:
        from confluent_kafka import KafkaException, TopicPartition

        offsets = [TopicPartition(topic, number, at.offset, encode_seen(at)) for (topic, number), at in reached.items()]
        if not offsets:
            return
        try:
            if wait:
                self._consumer.commit(offsets=offsets, asynchronous=False)
            else:
                self._consumer.commit(offsets=offsets, asynchronous=True)
        except KafkaException as error:  # committed later and further on; until then the tape knows
            self._complain(error.args[0])


def _furthest(on_tape: Reached | None, committed: TopicPartition) -> Reached | None:
    """Choose between what the tape has and what the group was told; producers' rows seen by either are seen."""
    told = Reached(committed.offset, decode_seen(committed.metadata)) if committed.offset >= 0 else None
    if on_tape is None or told is None:
        return on_tape or told
    seen = dict(on_tape.seen)
    for producer, row in told.seen.items():
        seen[producer] = max(row, seen.get(producer, -1))
    return Reached(max(on_tape.offset, told.offset), seen)
