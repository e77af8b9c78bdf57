"""Can the feed be served where the settings say: its address, its token, and who has its port."""

from __future__ import annotations

from collections.abc import Iterator
from http.client import HTTPException
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

import msgspec

from connectors.outputs.feed import FeedSettings, FeedSink, check_port
from flows.commands.doctor_checks import Finding, failed, warning, well
from scoring.errors import ResourceError, SettingError
from scoring.feed import Hello

_ANSWER_SECONDS: Final = 2.0
_LONG_TOKEN: Final = 16
"""Characters; a shorter one can be tried out over a network."""
_NOBODY: Final = Hello("", "", "", [], [])


class Health(msgspec.Struct, frozen=True):
    """What `/healthz` of a feed says."""

    status: str
    version: str
    mode: str
    clients: int
    sources: dict[str, str] = {}


def address(settings: FeedSettings) -> Iterator[Finding]:
    """Look who may reach the feed."""
    try:
        FeedSink(settings, _NOBODY)
    except SettingError as error:
        yield failed("feed address", str(error), "")
        return
    if not settings.token:
        yield well("feed address", f"{settings.host}: only programs on this machine reach it, without a token")
    elif len(settings.token) < _LONG_TOKEN:
        yield warning("feed address", f"{settings.host}, with a token of {len(settings.token)} characters", f"take {_LONG_TOKEN} or more")
    else:
        yield well("feed address", f"{settings.host}, with a token")


def port(settings: FeedSettings) -> Iterator[Finding]:
    """Take the port and let it go, or ask who has it."""
    if settings.port == 0:
        yield well("feed port", "any free one")
        return
    try:
        check_port(settings)
    except ResourceError as error:
        if (health := running_feed(settings)) is None:
            yield failed("feed port", str(error), "")
        else:
            yield _told(settings, health)
        return
    yield well("feed port", f"{settings.port} on {settings.host} is free")


def running_feed(settings: FeedSettings) -> Health | None:
    """Ask a feed of ours that has the port how it is doing; None where what has it is none."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    place = f"[{host}]" if ":" in host else host
    try:
        with urlopen(f"http://{place}:{settings.port}/healthz", timeout=_ANSWER_SECONDS) as answer:
            return msgspec.json.decode(answer.read(1 << 20), type=Health)
    except (URLError, HTTPException, OSError, ValueError):
        return None


def _told(settings: FeedSettings, health: Health) -> Finding:
    found = f"{settings.port} on {settings.host} is a feed of ours: {health.mode}, {health.status}, {health.clients} clients"
    unwell = [f"{name} is {state}" for name, state in health.sources.items() if state not in ("live", "repairing")]
    if unwell:
        return warning("feed port", f"{found}; {', '.join(unwell)}", "see the page of sources: just screen")
    return well("feed port", found)
