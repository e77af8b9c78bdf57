"""How a cluster is reached: settings to the client library's properties, and back to the settings in every complaint.

The properties that exactness rests on are ours; a property given by hand that would undo one of them, or one that a setting of
its own exists for, is refused at the start.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

import msgspec

from connectors.wire.kafka_topics import TopicNames
from scoring.errors import SettingError

Property: TypeAlias = str | int | float | bool
"""A value of the client library."""

_FILE: Final = "ghosttape.toml"
_OURS: Final = frozenset(
    {
        "bootstrap.servers",
        "metadata.broker.list",
        "security.protocol",
        "ssl.ca.location",
        "ssl.certificate.location",
        "ssl.key.location",
        "ssl.key.password",
        "sasl.mechanism",
        "sasl.mechanisms",
        "sasl.username",
        "sasl.password",
    }
)


class KafkaSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `[kafka]` of the settings: what reading and writing topics have in common."""

    bootstrap: str = "127.0.0.1:9092"
    """Brokers to begin with: `host:port`, separated by commas."""
    tls: bool = False
    """Encrypt. Settings of certificates imply nothing: without this they are refused."""
    ca: str = ""
    """File of the authorities that the brokers' certificates are checked against; empty for the system's."""
    certificate: str = ""
    """File of our certificate, where the brokers ask for one."""
    key: str = ""
    """File of its key."""
    key_password: str = ""
    """What the key is locked with. A secret: belongs in `.env`."""
    sasl: Literal["", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = ""
    """How we say who we are; empty for not at all."""
    user: str = ""
    password: str = ""
    """A secret: belongs in `.env`."""
    topics: TopicNames = TopicNames()
    properties: dict[str, str] = {}
    """More properties of librdkafka, by their own names; those that settings exist for, or that exactness rests on, are refused."""


def connection(settings: KafkaSettings, own: Mapping[str, Property]) -> dict[str, Property]:
    """Give the properties of a client; `own` are those that must hold.

    Raises:
        SettingError: two settings do not go together, or a property is not to be set by hand.
    """
    _check(settings)
    for name, value in settings.properties.items():
        if name in _OURS:
            raise SettingError(_FILE, f"kafka.properties.{name}", "***", "no property that has a setting of its own in [kafka]")
        if name in own:
            raise SettingError(_FILE, f"kafka.properties.{name}", value, f"it to stay {own[name]!r}: exactness rests on it")
    security = ("SASL_" if settings.sasl else "") + ("SSL" if settings.tls else "PLAINTEXT")
    optional = {
        "ssl.ca.location": settings.ca,
        "ssl.certificate.location": settings.certificate,
        "ssl.key.location": settings.key,
        "ssl.key.password": settings.key_password,
        "sasl.mechanism": settings.sasl,
        "sasl.username": settings.user,
        "sasl.password": settings.password,
    }
    given = {name: value for name, value in optional.items() if value}
    return {"bootstrap.servers": settings.bootstrap, "security.protocol": security, **given, **settings.properties, **own}


def _check(settings: KafkaSettings) -> None:
    for name in ("ca", "certificate", "key", "key_password"):
        if getattr(settings, name) and not settings.tls:
            raise SettingError(_FILE, f"kafka.{name}", "***", "kafka.tls = true to go with it")
    if bool(settings.certificate) != bool(settings.key):
        raise SettingError(_FILE, "kafka.certificate", settings.certificate, "kafka.certificate and kafka.key together")
    if settings.sasl and not (settings.user and settings.password):
        raise SettingError(_FILE, "kafka.sasl", settings.sasl, "kafka.user and kafka.password to go with it")
    if not settings.sasl and (settings.user or settings.password):
        raise SettingError(_FILE, "kafka.user", settings.user, "kafka.sasl to say how: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512")
