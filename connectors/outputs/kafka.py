"""Events and result rows on their way to topics: never lost, never out of order within a key, never waited for.

The client library sends in threads of its own; the flow's thread only hands over. What its broker has not acknowledged (all
replicas) is in the snapshot, and is produced again after a crash, first and in its old order: readers know an event by its id, and
a row by its key. So that "in order" survives every failure, an event never times out by itself: a failure is an error of the sink
and ends the flow, whose next start goes on from the snapshot. Where brokers are away the flow waits, and the tape goes on.
"""

from __future__ import annotations

import itertools
import logging
import math
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec
from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

from connectors.outputs.kafka_budget import BudgetSettings
from connectors.outputs.kafka_registry import Encode, RegistrySettings, as_json, avro_encoder
from connectors.outputs.outbox import PARTITION, Standing
from connectors.wire.kafka import EVENT_ID, FEED, Event
from connectors.wire.kafka_connection import KafkaSettings, Property, connection
from connectors.wire.kafka_results import RESULT_TOPICS, result_events
from connectors.wire.kafka_trouble import Trouble
from scoring.duration import Duration
from scoring.errors import ResourceError, SettingError
from scoring.records import NANOSECONDS_PER_MILLISECOND, Rows, Table

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Message, Producer

KafkaItem: TypeAlias = list[Event] | Rows
"""What the sink takes."""

_Headers: TypeAlias = list[tuple[str, str | bytes | None]]

_LOG: Final = logging.getLogger("ghosttape.kafka")
_LOG.addHandler(logging.NullHandler())
_POLL_SECONDS: Final = 0.1
_LOOK_SECONDS: Final = 1.0
"""How often brokers that were away are asked whether they are back, and how long they may take to say so."""


class KafkaOutputSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `[kafka.output]` of the settings: how events are produced."""

    linger: Duration = Duration.parse("20ms")
    """How long an event may wait for others to share a request with. Shorter is fresher, longer is cheaper."""
    compression: Literal["lz4", "zstd", "snappy", "gzip", "none"] = "lz4"
    largest_message: int = 1_000_000
    """Bytes; the brokers' `message.max.bytes` must allow it."""
    max_events: int = 100_000
    """So many events may wait for the brokers; beyond it the flow waits. 100,000 events are about 60 MB."""
    patience: Duration = Duration.parse("60s")
    """How long a full or a closing sink waits for the brokers before it gives up with an error."""
    results: dict[Table, str] = msgspec.field(default_factory=lambda: dict(RESULT_TOPICS))
    """Topics of result tables; a table without one is not produced."""
    budget: BudgetSettings = BudgetSettings()
    registry: RegistrySettings = RegistrySettings()


def producer_properties(cluster: KafkaSettings, settings: KafkaOutputSettings) -> dict[str, Property]:
    """Give the properties of the producer.

    Raises:
        SettingError: settings do not go together.
    """
    own: dict[str, Property] = {
        "acks": "all",
        "enable.idempotence": True,
        "enable.gapless.guarantee": True,
        "message.timeout.ms": 0,
        "compression.type": settings.compression,
        "linger.ms": settings.linger / NANOSECONDS_PER_MILLISECOND,
        "message.max.bytes": settings.largest_message,
        "queue.buffering.max.messages": settings.max_events,
        "partitioner": "murmur2_random",
    }
    return {"reconnect.backoff.ms": 1_000, "reconnect.backoff.max.ms": 60_000, **connection(cluster, own)}


def open_producer(cluster: KafkaSettings, settings: KafkaOutputSettings, on_error: Callable[[KafkaError], None]) -> Producer:
    """Make the client; it connects by itself, now or whenever the brokers are there.

    Raises:
        SettingError: the client library refuses a property or a certificate.
    """
    from confluent_kafka import KafkaException, Producer

    try:
        return Producer({**producer_properties(cluster, settings), "error_cb": on_error, "logger": _LOG, "log_level": 3})
    except KafkaException as error:
        raise SettingError("ghosttape.toml", "kafka", cluster.bootstrap, f"properties librdkafka takes: {error.args[0].str()}") from error


class KafkaPartition(StatefulSinkPartition[KafkaItem, list[Event]]):
    """The running producer."""

    def __init__(
        self, cluster: KafkaSettings, settings: KafkaOutputSettings, resume_state: list[Event] | None = None, encode: Encode = as_json
    ) -> None:
        """Start it, first with what was not acknowledged before; `encode` puts events into the form they are sent in."""
        self._settings, self._encode = settings, encode
        self._lock = threading.Lock()
        self._waiting: dict[int, tuple[float, Event]] = {}
        self._numbers = itertools.count()
        self._acknowledged, self._acknowledged_at = 0, -math.inf
        self._error, self._is_away, self._trouble = "", False, Trouble()
        self._closing = threading.Event()
        self._producer = open_producer(cluster, settings, self._complain)
        self._thread = threading.Thread(target=self._serve, name="kafka producer", daemon=True)
        self._thread.start()
        self._produce(resume_state or ())

    def write_batch(self, values: list[KafkaItem]) -> None:
        """Hand events over.

        Raises:
            ResourceError: an event was refused, or brokers were away for longer than `patience` while nothing more could wait.
        """
        self._raise_error()
        for item in values:
            self._produce(result_events(item, self._settings.results) if isinstance(item, Rows) else item)

    def snapshot(self) -> list[Event]:
        """Give what is not acknowledged yet, in order.

        Raises:
            ResourceError: an event was refused.
        """
        self._raise_error()
        with self._lock:
            return [event for _, event in self._waiting.values()]

    def standing(self) -> Standing:
        """Say how it is doing, from any thread and without waiting for brokers."""
        with self._lock:
            now, oldest = time.monotonic(), next(iter(self._waiting.values()), None)
            return Standing(
                self._acknowledged,
                len(self._waiting),
                waited_s=now - oldest[0] if oldest else 0.0,
                flushed_s=now - self._acknowledged_at,
                held=self._trouble.reason if self._is_away else "",
                failed=self._error,
            )

    def close(self) -> None:
        """Send everything that waits and stop.

        Raises:
            ResourceError: brokers did not take it in time; the last snapshot has it.
        """
        self._closing.set()
        self._thread.join()
        left = self._producer.flush(self._settings.patience.seconds) if not self._error else 0
        if left:
            raise ResourceError(f"kafka: {left} events are not acknowledged, expected brokers to be there: they are produced on resume")

    def _produce(self, events: Iterable[Event]) -> None:
        now = time.monotonic()
        for event in events:
            number = next(self._numbers)
            with self._lock:
                self._waiting[number] = now, event
            sent = self._encode(event)
            headers: _Headers = [*sent.headers]
            if sent.event_id:
                headers += ((EVENT_ID, sent.event_id), (FEED, sent.feed))
            self._hand_over(sent, headers, partial(self._delivered, number))

    def _hand_over(self, event: Event, headers: _Headers, delivered: Callable[[KafkaError | None, Message], None]) -> None:
        from confluent_kafka import KafkaException

        gives_up_at = 0.0
        while True:
            try:
                self._producer.produce(event.topic, event.value, event.key, on_delivery=delivered, headers=headers)
                return
            except BufferError as error:  # the queue is full: brokers are slow or away
                self._raise_error()
                now = time.monotonic()
                gives_up_at = gives_up_at or now + self._settings.patience.seconds
                if now > gives_up_at:
                    raise ResourceError(f"kafka: nothing was acknowledged for {self._settings.patience}, expected brokers") from error
                time.sleep(_POLL_SECONDS / 20)
            except KafkaException as error:
                self._raise_error()
                raise _refused(event.topic, error.args[0]) from error

    def _delivered(self, number: int, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self._error = self._error or str(_refused(message.topic() or "", error))
            return
        with self._lock:
            del self._waiting[number]
            self._acknowledged, self._acknowledged_at = self._acknowledged + 1, time.monotonic()
        self._is_away = False

    def _complain(self, error: KafkaError) -> None:
        """Take what the client says about itself: it goes on trying, unless it cannot."""
        if error.fatal():
            self._error = self._error or f"kafka: the producer cannot go on ({error.str()}): start again, it goes on from the snapshot"
        elif self._trouble.take(error.name(), error.str()):
            self._is_away = True

    def _serve(self) -> None:
        looks_at = 0.0
        while not self._closing.is_set():
            self._producer.poll(_POLL_SECONDS)
            if self._is_away and time.monotonic() >= looks_at:
                self._look()
                looks_at = time.monotonic() + _LOOK_SECONDS

    def _look(self) -> None:
        """See whether brokers are back: the client says when they go, and not when they come."""
        from confluent_kafka import KafkaException

        try:
            self._producer.list_topics(timeout=_LOOK_SECONDS)
        except KafkaException:
            return  # it has said why
        self._is_away = False
        self._trouble.clear()

    def _raise_error(self) -> None:
        if self._error:
            raise ResourceError(self._error)


class KafkaSink(FixedPartitionedSink[KafkaItem, list[Event]]):
    """Topics as the output of a flow: `op.output("kafka", keyed, kafka_sink(…))` with items `(key, events or rows)`."""

    def __init__(self, cluster: KafkaSettings, settings: KafkaOutputSettings, encode: Encode = as_json) -> None:
        """Check the settings; nothing is sent until the flow runs.

        Raises:
            SettingError: settings do not go together.
        """
        self._cluster, self._settings, self._encode = cluster, settings, encode
        self._partition: KafkaPartition | None = None
        producer_properties(cluster, settings)

    def standing(self) -> Standing | None:
        """Say how it is doing, from any thread; None where the partition does not run in this process (yet)."""
        return self._partition.standing() if self._partition else None

    def list_parts(self) -> list[str]:
        """Name the one partition."""
        return [PARTITION]

    def part_fn(self, item_key: str) -> int:  # noqa: ARG002
        """Send everything to it."""
        return 0

    def build_part(self, step_id: str, for_part: str, resume_state: list[Event] | None) -> KafkaPartition:  # noqa: ARG002
        """Start it with what was not acknowledged before."""
        self._partition = KafkaPartition(self._cluster, self._settings, resume_state, self._encode)
        return self._partition


def kafka_sink(cluster: KafkaSettings, settings: KafkaOutputSettings) -> KafkaSink:
    """Make the sink, after opening a producer once: what the client library refuses stops the start, not the engine.

    Raises:
        SettingError: it refuses, or the schema registry does.
        ResourceError: the schema registry does not answer.
    """
    open_producer(cluster, settings, lambda _: None).flush(0)
    avro = settings.registry.url
    return KafkaSink(cluster, settings, avro_encoder(settings.registry, cluster.topics, settings.results) if avro else as_json)


def _refused(topic: str, error: KafkaError) -> ResourceError:
    from confluent_kafka import KafkaError as Codes

    todo = {
        Codes.MSG_SIZE_TOO_LARGE: "kafka.output.largest_message and the brokers' message.max.bytes to allow it",
        Codes.UNKNOWN_TOPIC_OR_PART: "the topic to exist, or brokers that make topics by themselves",
        Codes._UNKNOWN_TOPIC: "the topic to exist, or brokers that make topics by themselves",
        Codes.TOPIC_AUTHORIZATION_FAILED: "the right to write to it",
    }.get(error.code(), "the brokers to take it: start again, it goes on from the snapshot")
    return ResourceError(f"kafka topic {topic}: an event was refused ({error.str()}), expected {todo}")
