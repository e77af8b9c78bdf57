"""The seam to the messenger: what Telethon's client offers and we use, and nothing else.

A feed that knows only these few methods can be tested against a stand-in, and the library stays out of every process that does
not listen to groups: it is imported where a client is opened. The client is opened so that it decides nothing by itself: it does
not reconnect, does not sleep through a flood wait, and hands events on in the order in which they came.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import fcntl
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol, cast

import msgspec

from scoring.errors import ResourceError

LARGE_BELOW: Final = -1_000_000_000_000
"""Marked ids of channels and large groups lie below; there, and only there, messages are numbered one by one."""


class Message(Protocol):
    """A message of a group."""

    @property
    def id(self) -> int:
        """Counts up in its channel."""

    @property
    def chat_id(self) -> int | None:
        """Marked id of its group: -100… for channels and large groups, below 0 for small ones."""

    @property
    def sender_id(self) -> int | None:
        """Marked id of who wrote it; the channel itself, or None, where that is not told."""

    @property
    def date(self) -> dt.datetime | None:
        """When it was posted, UTC, whole seconds."""

    @property
    def edit_date(self) -> dt.datetime | None:
        """When it was last edited."""

    @property
    def message(self) -> str | None:
        """Its text, or the caption of what it shows; None for a service message."""

    @property
    def action(self) -> object:
        """What a service message tells (somebody joined …); None for a message of people."""


class Posted(Protocol):
    """Somebody posted, or edited."""

    @property
    def message(self) -> Message:
        """The message as it is now."""


class Deleted(Protocol):
    """Messages were deleted."""

    @property
    def chat_id(self) -> int | None:
        """Marked id of their channel; None for small groups and private conversations, which share one sequence of ids."""

    @property
    def deleted_ids(self) -> Sequence[int]:
        """Which."""


class Client(Protocol):
    """What we use of `telethon.TelegramClient`."""

    @property
    def disconnected(self) -> asyncio.Future[None]:
        """Resolves, perhaps with an error, when the connection is lost."""

    async def connect(self) -> None:
        """Open the connection."""

    async def is_user_authorized(self) -> bool:
        """Say whether the session is logged in."""

    async def get_input_entity(self, peer: str | int) -> object:
        """Find a group by its user name or marked id."""

    async def get_peer_id(self, peer: object) -> int:
        """Give the marked id of what was found."""

    def iter_messages(
        self, entity: object, limit: float | None = None, *, min_id: int = 0, reverse: bool = False
    ) -> AsyncIterator[Message]:
        """Give messages newer than `min_id`: newest first, or with `reverse` oldest first."""

    def add_event_handler(self, callback: Callable[[object], Awaitable[None]], event: object = None) -> None:
        """Call back at every event of a type."""

    def disconnect(self) -> Awaitable[None]:
        """Close the connection and the session file."""


class EventTypes(msgspec.Struct, frozen=True):
    """What `add_event_handler` takes."""

    posted: object
    edited: object
    deleted: object


def event_types() -> EventTypes:
    """Give Telethon's own."""
    from telethon import events

    return EventTypes(events.NewMessage(), events.MessageEdited(), events.MessageDeleted())


def open_client(session: Path, api_id: int, api_hash: str, timeout_s: float) -> Client:
    """Open Telethon's client, not connected yet."""
    from telethon import TelegramClient

    # It reports lost connections as errors of its own; they are shown in `health`, so nothing but a chosen log says them again.
    logging.getLogger("telethon").addHandler(logging.NullHandler())
    client = TelegramClient(
        str(session),
        api_id,
        api_hash,
        timeout=max(1, round(timeout_s)),
        request_retries=1,
        connection_retries=0,
        auto_reconnect=False,
        sequential_updates=True,
        flood_sleep_threshold=0,
        raise_last_call_error=True,
        catch_up=False,
    )
    return cast(Client, client)


def flood_seconds(error: BaseException) -> float | None:
    """Give how long the other side asks us to be silent; None where that is not what it says.

    Telethon's flood errors, and no others, carry `seconds`.
    """
    seconds = getattr(error, "seconds", None)
    return float(seconds) if isinstance(seconds, int | float) else None


def is_refusal(error: BaseException) -> bool:
    """Say whether an error is about what was asked for (a group that is not there, or not ours to read), not about the connection.

    Telethon's errors carry the `code` of the other side; names it cannot find are a ValueError.
    """
    return isinstance(error, ValueError) or getattr(error, "code", None) in (400, 403)


@contextmanager
def sole_use(session: Path) -> Iterator[None]:
    """Hold a session file for this process: used twice at a time, a session is revoked by the other side.

    Raises:
        ResourceError: another process has it, or its folder cannot be written.
    """
    lock = session.with_name(session.name + ".lock")
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ResourceError(f"{lock}: {error.strerror}, expected to write it: run just telegram-login") from error
    try:
        _lock(descriptor, session)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, session: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ResourceError(f"{session}: in use by another program, expected one connection at a time: stop the other one") from error
