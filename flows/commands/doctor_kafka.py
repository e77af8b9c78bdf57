"""Do the brokers answer, and do the topics exist."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Final, cast

from connectors.wire.kafka_connection import KafkaSettings, Property, connection
from flows.commands.doctor_checks import ASK_SECONDS, Finding, failed, warning, well
from scoring.errors import SettingError

_LOG: Final = logging.getLogger("ghosttape.kafka")
_LOG.addHandler(logging.NullHandler())


def kafka(cluster: KafkaSettings) -> Iterator[Finding]:
    """Ask the brokers what they have."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    said: list[str] = []
    own = {"error_cb": lambda error: said.append(error.str()), "logger": _LOG, "log_level": 3}
    try:
        # Its types know no callbacks, which every client takes.
        client = AdminClient(connection(cluster, {}) | cast("dict[str, Property]", own))
    except KafkaException as error:
        raise SettingError("ghosttape.toml", "kafka", cluster.bootstrap, f"properties librdkafka takes: {error.args[0].str()}") from error
    try:
        found = client.list_topics(timeout=ASK_SECONDS)
    except KafkaException as error:
        reason = next(iter(said), error.args[0].str())
        yield failed("kafka", f"{cluster.bootstrap}: {reason}", "start the brokers, or correct kafka.bootstrap and what goes with it")
        return
    missing = [name for name in cluster.topics.names() if name not in found.topics]
    known = f"{cluster.bootstrap}: {len(found.brokers)} brokers"
    if missing:
        yield warning("kafka", f"{known}; no topics {', '.join(missing)} yet", "make them, or let the brokers make topics by themselves")
    else:
        yield well("kafka", f"{known}; all {len(cluster.topics.names())} topics exist")
