"""The schemas of what is produced, registered before anything is: a registry that refuses one stops the start, not the flow.

Subjects are named by topic and record, because a topic of results holds more than one.

Source: https://docs.confluent.io/platform/current/schema-registry/develop/api.html#subjects
"""

from __future__ import annotations

import base64
import ssl
from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import Final
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

import msgspec

from connectors.wire.kafka import Event, unstamp
from connectors.wire.kafka_avro import EVENT_RECORD, SCHEMA, encode_event, encode_row, event_schema, record_of, row_schema
from connectors.wire.kafka_results import TABLE
from connectors.wire.kafka_topics import TopicNames
from scoring.errors import ResourceError, SettingError
from scoring.records import Table

_TIMEOUT_SECONDS: Final = 10.0

Encode = Callable[[Event], Event]
"""Puts the value of an event into its final form."""


class RegistrySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `[kafka.output.registry]` of the settings: with an address, events are Avro; without one, JSON."""

    url: str = ""
    """Address of the schema registry, e.g. `https://registry:8081`."""
    ca: str = ""
    """File of the authorities that its certificate is checked against; empty for the system's."""
    user: str = ""
    password: str = ""
    """A secret: belongs in `.env`."""


class _Registered(msgspec.Struct):
    id: int


def as_json(event: Event) -> Event:
    """Leave an event as it is."""
    return event


def avro_encoder(settings: RegistrySettings, topics: TopicNames, results: Mapping[Table, str]) -> Encode:
    """Register every schema and give what puts events into Avro.

    Raises:
        SettingError: the address is none, or the registry refuses a schema.
        ResourceError: it does not answer.
    """
    event_ids = {topic: register(settings, f"{topic}-{EVENT_RECORD}", event_schema()) for topic in topics.names()}
    row_ids = {table: register(settings, f"{topic}-{record_of(table)}", row_schema(table)) for table, topic in results.items()}

    def encode(event: Event) -> Event:
        if event.feed:
            payload, received_ns = unstamp(event.value)
            value = encode_event(event_ids[event.topic], event.feed, received_ns, payload)
            return msgspec.structs.replace(event, value=value, headers=(*event.headers, (SCHEMA, EVENT_RECORD)))
        table = Table(dict(event.headers)[TABLE])
        value = encode_row(row_ids[table], table, msgspec.json.decode(event.value))
        return msgspec.structs.replace(event, value=value, headers=(*event.headers, (SCHEMA, record_of(table))))

    return encode


def register(settings: RegistrySettings, subject: str, schema: str) -> int:
    """Register a schema, or find it registered, and give its id.

    Raises:
        SettingError: the address is none, or the registry refuses.
        ResourceError: it does not answer.
    """
    key = "kafka.output.registry.url"
    if not settings.url.startswith(("http://", "https://")):
        raise SettingError("ghosttape.toml", key, settings.url, "an address such as 'https://registry:8081'")
    headers = {"Content-Type": "application/vnd.schemaregistry.v1+json"}
    if settings.user:
        headers["Authorization"] = "Basic " + base64.b64encode(f"{settings.user}:{settings.password}".encode()).decode()
    address = f"{settings.url.rstrip('/')}/subjects/{quote(subject, safe='')}/versions"
    request = Request(address, msgspec.json.encode({"schema": schema, "schemaType": "AVRO"}), headers)
    try:
        context = ssl.create_default_context(cafile=settings.ca) if settings.ca else None
        with urlopen(request, timeout=_TIMEOUT_SECONDS, context=context) as answer:
            return msgspec.json.decode(answer.read(), type=_Registered).id
    except HTTPError as error:
        said = error.read(300).decode(errors="replace")
        raise SettingError("ghosttape.toml", key, settings.url, f"a registry that takes {subject}; it said {error.code} {said}") from error
    except (URLError, HTTPException, OSError) as error:
        raise ResourceError(f"{settings.url}: {error}, expected a schema registry: start it, or remove {key}") from error
    except msgspec.MsgspecError as error:
        raise SettingError("ghosttape.toml", key, settings.url, f"a schema registry; what answers is none: {error}") from error
