"""How a consumer is opened: what exactness rests on is set here, once, for the feed and for the source.

Offsets are never committed by the client itself, and an offset that is no longer there is an error and not a silent jump.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from connectors.wire.kafka_connection import KafkaSettings, Property, connection
from scoring.duration import Duration
from scoring.errors import SettingError
from scoring.records import NANOSECONDS_PER_MILLISECOND

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, TopicPartition

_LOG: Final = logging.getLogger("ghosttape.kafka")
_LOG.addHandler(logging.NullHandler())


class KafkaInputSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `[kafka.input]` of the settings: how topics are read."""

    group: str = "ghosttape"
    """Consumer group: its members share the partitions; its committed offsets show how far results are stored. A partition goes from
    one member to another exactly, unless the one was killed, or the group changed once more just then: events since its last commit
    stand on both tapes then, and their windows are split over both archives. `python -m flows.commands.join` makes one tape of the
    members', each event once, to be replayed."""
    member: str = ""
    """Name of this process in the group, kept over restarts: one that is back within `session_timeout` has its partitions at once, and
    goes on exactly where its tape ends."""
    partitions: tuple[int, ...] = ()
    """Read these partitions of every topic and no others, as shards do: killed or not, rows are those of one reader. Empty: what the
    group gives."""
    start: Literal["earliest", "latest"] = "earliest"
    """Where a partition is begun that neither the tape nor the group knows."""
    batch: int = 2_000
    """Most messages put on the tape together."""
    wait: Duration = Duration.parse("50ms")
    """How long a message may be on its way from its stamp to here: so long an idle partition holds the others back, to keep order. What
    comes later, as from a producer that was away, is late on this tape."""
    ahead: int = 10_000
    """Messages kept of a partition that is ahead of others; beyond it that partition is paused."""
    most_behind: int = 500_000
    """Frames that may stand on the tape unread; beyond it topics are paused until half of them are read."""
    whole_mark: Duration = Duration.parse("10s")
    """How often a mark on the tape names every partition, also where nothing comes: how far a start looks back."""
    commit: Duration = Duration.parse("1s")
    """How often offsets are committed, at most, once what they stand for is stored."""
    session_timeout: Duration = Duration.parse("45s")
    """How long the group waits for a silent member before others get its partitions."""
    producers: int = 32
    """Producers remembered for each partition, to know what they say again after a crash."""


def consumer_properties(cluster: KafkaSettings, settings: KafkaInputSettings) -> dict[str, Property]:
    """Give the properties of a consumer.

    Raises:
        SettingError: settings do not go together.
    """
    own: dict[str, Property] = {
        "group.id": settings.group,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "error",
        "enable.partition.eof": True,
        "partition.assignment.strategy": "cooperative-sticky",
        "session.timeout.ms": settings.session_timeout // NANOSECONDS_PER_MILLISECOND,
    }
    if settings.member:
        own["group.instance.id"] = settings.member
    adjustable: dict[str, Property] = {
        "reconnect.backoff.ms": 1_000,
        "reconnect.backoff.max.ms": 60_000,
        "topic.metadata.refresh.interval.ms": 30_000,  # so long a new topic may go unnoticed
        "queued.max.messages.kbytes": 16_384,
        "fetch.wait.max.ms": 100,  # what else is asked of a broker waits so long at most
    }
    return adjustable | connection(cluster, own)


def open_consumer(
    cluster: KafkaSettings,
    settings: KafkaInputSettings,
    on_error: Callable[[KafkaError], None],
    on_commit: Callable[[KafkaError | None, list[TopicPartition]], None] = lambda *_: None,
) -> Consumer:
    """Make the client; it connects by itself, now or whenever the brokers are there.

    Raises:
        SettingError: the client library refuses a property or a certificate.
    """
    from confluent_kafka import Consumer, KafkaException

    properties = consumer_properties(cluster, settings)
    try:
        return Consumer({**properties, "error_cb": on_error, "on_commit": on_commit, "logger": _LOG, "log_level": 3})
    except KafkaException as error:
        raise SettingError("ghosttape.toml", "kafka", cluster.bootstrap, f"properties librdkafka takes: {error.args[0].str()}") from error
