"""A feed out of topics: events become frames on the tape, each once, whoever is killed and whenever.

One thread reads what its partitions hold and puts it on the tape together with a mark that says where to read on; after a crash
the tape holds both or neither, and a start goes on from the newest mark (`kafka_position`, `kafka_partitions`).

A frame is stamped with the instant it was ingested, in the order of those instants (`kafka_order`), and the recorder's clock follows
(`kafka_clock`): the tape becomes what it would have been had the events come straight here. So no other feed belongs on it. Topics
are durable, so a lost connection loses nothing; where they have dropped what was not read, the tape is told of a gap.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from connectors.inputs.kafka_client import KafkaInputSettings, open_consumer
from connectors.inputs.kafka_clock import TopicClock
from connectors.inputs.kafka_order import Order
from connectors.inputs.kafka_partitions import Partitions, Received
from connectors.inputs.kafka_position import Settling, reached_on
from connectors.tape.recorder import Arrival, Recorder
from connectors.wire.gap import GAP_FEED, encode_gap
from connectors.wire.kafka_connection import KafkaSettings
from connectors.wire.kafka_marks import KAFKA_FEED, Place, Runs, encode_mark
from connectors.wire.kafka_trouble import Trouble
from connectors.wire.kafka_values import read_message
from scoring.errors import ResourceError
from scoring.records import ALL_SYMBOLS, NANOSECONDS_PER_MILLISECOND, Gap, SourceHealth

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, Message

_POLL_SECONDS: Final = 0.01
_LOOK_SECONDS: Final = 1.0
"""How often lag and rate are looked at."""


class KafkaFeed:
    """Reads topics in a thread of its own and puts their events on the tape."""

    def __init__(self, cluster: KafkaSettings, settings: KafkaInputSettings, clock: TopicClock) -> None:
        """Take where the topics are, how they are read, and the clock that the recorder runs on."""
        self._cluster, self._settings, self._topics = cluster, settings, cluster.topics
        self._clock = clock
        self._order: Order[Received] = Order(settings.wait)
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._recorder: Recorder | None = None
        self._read_row = -1
        self._stored_row = self._snapshot_row = 0
        self._expired: set[Place] = set()
        self._state, self._last_error, self._trouble = "connecting", "", Trouble()
        self._put_ns = self._last_ns = self._frames = self._lag = self._gaps = self._reconnects = 0
        self._rate = 0.0
        self._is_behind = False
        self._looked_at = self._marked_at = self._committed_at = 0.0
        self._looked_frames = 0

    def start(self, recorder: Recorder) -> None:
        """Find on the tape where to read on, and begin.

        Raises:
            SettingError: the client library refuses the settings.
            SessionError: a mark on the tape cannot be read.
        """
        on_tape, self._last_ns = reached_on(recorder)
        self._put_ns = self._last_ns
        self._clock.move(self._last_ns)
        settling = Settling(recorder.committed(KAFKA_FEED))
        consumer = open_consumer(self._cluster, self._settings, self._complain, lambda error, offsets: partitions.taken(error, offsets))
        partitions = Partitions(consumer, self._settings, on_tape, settling, self._order, self._stopped, self._complain)
        self._recorder = recorder
        self._thread = threading.Thread(target=self._run, args=(consumer, partitions, settling, recorder), name="kafka", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop reading and hand the partitions over."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    def read_to(self, row: int) -> None:
        """Hear that the flow has read the tape up to a row: far behind its end, topics are paused."""
        self._read_row = row

    def snapshotted(self, row: int) -> None:
        """Hear that a snapshot was taken at a row: with it the one before is stored, and every result of what it had read."""
        self._stored_row, self._snapshot_row = self._snapshot_row, row

    def health(self) -> Sequence[SourceHealth]:
        """Say how it is doing."""
        if self._recorder is None:
            return ()
        return (
            SourceHealth(
                "kafka",
                self._clock.wall(),
                self._state,
                self._last_ns,
                self._frames,
                self._rate,
                lag=self._lag,
                reconnects=self._reconnects,
                gaps_open=self._gaps,
                last_error=self._last_error,
            ),
        )

    def _run(self, consumer: Consumer, partitions: Partitions, settling: Settling, recorder: Recorder) -> None:
        from confluent_kafka import KafkaException

        try:
            partitions.join(list(self._topics.names()), recorder.flush)
            while not self._stopped.is_set():
                try:
                    self._read(consumer, partitions, settling, recorder)
                    self._attend(partitions, settling, recorder)
                except KafkaException as error:  # the client goes on by itself
                    self._complain(error.args[0])
                    self._stopped.wait(_LOOK_SECONDS)
            partitions.leave(recorder.flush)
        except ResourceError as error:  # the tape cannot be written: who reads it is told the same, and ends the flow
            self._last_error = str(error)
        finally:
            self._state = "down"
            consumer.close()

    def _read(self, consumer: Consumer, partitions: Partitions, settling: Settling, recorder: Recorder) -> None:
        """Fetch what is there, put on the tape what is due, and then say what has gone wrong."""
        first = consumer.poll(_POLL_SECONDS)
        errors = self._sort([] if first is None else [first, *consumer.consume(self._settings.batch - 1, 0)], partitions)
        wall_ns = self._clock.wall()
        arrivals: list[Arrival] = []
        runs, passed_ns = Runs(), max(self._put_ns, self._clock())
        for stamp_ns, place, (offset, producer, row, feed, payload) in self._order.take(wall_ns, self._settings.batch):
            if partitions.progress.take(place, offset, producer, row):
                arrivals.append((stamp_ns, feed, (payload,)))
                runs.add(place, offset, stamp_ns if stamp_ns < passed_ns else 0)
                passed_ns = max(passed_ns, stamp_ns)
        reached_ns = self._order.reached(wall_ns)
        if arrivals:
            self._put(partitions, settling, recorder, arrivals, arrivals[-1][0], runs)
            self._frames += len(arrivals)
            self._state, self._last_ns, self._last_error = "live", arrivals[-1][0], ""
            self._trouble.clear()
            recorder.flush()  # the clock moves on only behind what is on the tape
        self._clock.move(reached_ns)
        for message, error in errors:
            self._meet(message, error)

    def _sort(self, messages: list[Message], partitions: Partitions) -> list[tuple[Message, KafkaError]]:
        """Take messages apart and queue them by partition; give those that are none."""
        from confluent_kafka import KafkaError as Codes

        errors: list[tuple[Message, KafkaError]] = []
        wall_ns = self._clock.wall()
        for message in messages:
            topic, number, error = message.topic() or "", message.partition() or 0, message.error()
            if error is not None and error.code() == Codes._PARTITION_EOF:
                self._order.end((topic, number))
            elif error is not None:
                errors.append((message, error))
            elif (topic, number) in partitions.places:  # and not handed over since it was fetched
                found = read_message(message.value(), message.headers())
                stamp_ns = min(found.ingested_ns or message.timestamp()[1] * NANOSECONDS_PER_MILLISECOND, wall_ns)
                feed = found.feed or self._topics.feed_of(topic)
                item = (message.offset() or 0, found.producer, found.row, feed, found.payload)
                self._order.push((topic, number), stamp_ns, item)
        return errors

    def _put(
        self,
        partitions: Partitions,
        settling: Settling,
        recorder: Recorder,
        arrivals: list[Arrival],
        at_ns: int,
        runs: Runs | None = None,
    ) -> None:
        """Put frames on the tape, and with them where they come from and where to read on."""
        now = time.monotonic()
        whole = partitions.is_new or now - self._marked_at >= self._settings.whole_mark.seconds
        moved = partitions.progress.moved()
        if whole:
            partitions.is_new, self._marked_at = False, now
            moved = partitions.progress.whole()
        if moved:
            recorder.put_group([*arrivals, (at_ns, KAFKA_FEED, (encode_mark(moved, whole, runs),))])
            self._put_ns = max(self._put_ns, at_ns)
            settling.put(moved)

    def _attend(self, partitions: Partitions, settling: Settling, recorder: Recorder) -> None:
        """Do whatever is due beside reading."""
        now = time.monotonic()
        settling.on_tape(recorder.committed(KAFKA_FEED), recorder.end_row)
        self._steer(partitions, recorder)
        for place in list(self._expired):
            self._begin_again(place, partitions, settling, recorder)
        if now - self._marked_at >= self._settings.whole_mark.seconds:
            self._put(partitions, settling, recorder, [], recorder.now())
        if self._state == "live" and now - self._committed_at >= self._settings.commit.seconds:
            self._committed_at = now
            partitions.commit_stored(self._stored_row)
        if now - self._looked_at >= _LOOK_SECONDS:
            self._look(partitions, now)

    def _steer(self, partitions: Partitions, recorder: Recorder) -> None:
        """Pause while the flow is far behind the end of the tape, until it has caught up by half."""
        behind = recorder.end_row - self._read_row if self._read_row >= 0 else 0
        self._is_behind = behind > self._settings.most_behind // (2 if self._is_behind else 1)
        partitions.steer(self._is_behind)

    def _look(self, partitions: Partitions, now: float) -> None:
        """Measure lag and rate; where brokers were away, see whether they are back."""
        self._rate = (self._frames - self._looked_frames) / (now - self._looked_at) if self._looked_at else 0.0
        self._looked_at, self._looked_frames = now, self._frames
        if self._state == "down":
            partitions.ask()
        partitions.ask_doubtful()
        self._lag = partitions.lag(ask=partitions.is_paused)
        if partitions.places and self._state != "live":
            self._state, self._last_error = "live", ""
            self._trouble.clear()

    def _meet(self, message: Message, error: KafkaError) -> None:
        """Meet what the client says in place of a message."""
        from confluent_kafka import KafkaError as Codes

        place = (message.topic() or "", message.partition() or 0)
        if error.code() == Codes._AUTO_OFFSET_RESET:
            self._expired.add(place)
        else:
            self._complain(error)

    def _begin_again(self, place: Place, partitions: Partitions, settling: Settling, recorder: Recorder) -> None:
        """Tell the tape that a partition has lost what was not read, and go on with the oldest it has."""
        before = partitions.progress.reached.get(place)
        low, high = partitions.limits(place)
        at_ns = self._clock.wall()
        partitions.restart(place, low)
        self._expired.discard(place)
        reason = f"{place[0]} {place[1]} has offsets {low} to {high}, expected {before.offset if before else low}"
        gap = Gap("live", ALL_SYMBOLS, ALL_SYMBOLS, self._last_ns or at_ns, at_ns, 0, 0, 0, 0, reason)
        self._put(partitions, settling, recorder, [(at_ns, GAP_FEED, (encode_gap(gap),))], at_ns)
        self._gaps, self._last_error = self._gaps + 1, reason

    def _complain(self, error: KafkaError) -> None:
        """Take what the client says about itself; it goes on trying."""
        is_away = self._trouble.take(error.name(), error.str())
        self._last_error = self._trouble.reason
        if is_away or error.fatal():
            self._reconnects += self._state == "live"
            self._state = "down"
            self._order.doubt()
