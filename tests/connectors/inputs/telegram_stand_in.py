"""A messenger for tests: groups with a history, and a client that speaks Telethon's interface with Telethon's own objects.

Messages, updates and events are the library's, built from the fields the other side sends; nothing is connected to.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from telethon import errors, events, utils
from telethon.tl import types

Handler = Callable[[object], Awaitable[None]]

CALLS = -1_001_234_567_890
"""A channel, `calls`."""
SMALL = -99
"""A small group, known by its id."""
OTHER = -1_000_000_000_777
"""A channel the account reads and the settings do not name."""
NOON = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)


def peer_of(marked: int) -> types.PeerChannel | types.PeerChat:
    """Give the peer of a marked id."""
    number, kind = utils.resolve_id(marked)
    return kind(number)


def message(marked: int, number: int, text: str, edited: int | None = None, sender: int | None = 42) -> types.Message:
    """Build a message as it comes off the wire; message n is posted n seconds after noon."""
    return types.Message(
        id=number,
        peer_id=peer_of(marked),
        message=text,
        date=NOON + dt.timedelta(seconds=number),
        edit_date=None if edited is None else NOON + dt.timedelta(seconds=edited),
        from_id=None if sender is None else types.PeerUser(sender),
    )


def service(marked: int, number: int) -> types.MessageService:
    """Build what is told when somebody joins."""
    return types.MessageService(id=number, peer_id=peer_of(marked), action=types.MessageActionChatJoinedByLink(5), date=NOON)


class Messenger:
    """The other side. Any thread may post."""

    def __init__(self) -> None:
        self.names: dict[str, int] = {"calls": CALLS}
        self.history: dict[int, dict[int, types.Message | types.MessageService]] = {CALLS: {}, SMALL: {}, OTHER: {}}
        self.clients: list[StandIn] = []
        self.connected = self.most_connected = self.connects = self.requests = 0
        self.refusals: list[Exception] = []
        """Raised by the next requests for history."""
        self.connect_refusals: list[Exception] = []
        self.lookup_refusals: list[Exception] = []
        self.authorized, self.hangs, self.hangs_on_farewell = True, False, False
        self.cuts_after = 0
        """The next history is cut off after so many messages."""
        self.given: list[tuple[Path, int, str, float]] = []

    def open(self, session: Path, api_id: int, api_hash: str, timeout_s: float) -> StandIn:
        """Open a client, as `telegram_client.open_client` does."""
        self.given.append((session, api_id, api_hash, timeout_s))
        client = StandIn(self)
        self.clients.append(client)
        return client

    def post(self, marked: int, number: int, text: str, told: bool = True, kept: bool = True, **fields: int | None) -> None:
        """Post; `told` to who is connected, `kept` in the history."""
        made = message(marked, number, text, **fields)
        if kept:
            self.history.setdefault(marked, {})[number] = made
        if told:
            self.tell(types.UpdateNewChannelMessage(made, 1, 1))

    def join(self, marked: int, number: int) -> None:
        """Somebody joins: a service message."""
        self.history[marked][number] = service(marked, number)
        self.tell(types.UpdateNewChannelMessage(self.history[marked][number], 1, 1))

    def edit(self, marked: int, number: int, text: str, edited: int, told: bool = True) -> None:
        """Edit a message."""
        self.history[marked][number] = message(marked, number, text, edited)
        if told:
            self.tell(types.UpdateEditChannelMessage(self.history[marked][number], 1, 1))

    def delete(self, marked: int, *numbers: int) -> None:
        """Delete; small groups do not say where."""
        for number in numbers:
            self.history[marked].pop(number, None)
        if marked == SMALL:
            self.tell(types.UpdateDeleteMessages(list(numbers), 1, 1))
        else:
            self.tell(types.UpdateDeleteChannelMessages(-marked - 1_000_000_000_000, list(numbers), 1, 1))

    def tell(self, update: object) -> None:
        """Send an update to whoever is connected."""
        for client in self.clients:
            client.receive(update)

    def drop(self, error: Exception | None = None) -> None:
        """Cut every connection."""
        for client in self.clients:
            client.lose(error)


class StandIn:
    """A client of the messenger."""

    def __init__(self, messenger: Messenger) -> None:
        self._messenger = messenger
        self._handlers: list[tuple[Handler, object]] = []
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._lost: asyncio.Future[None] = self._loop.create_future()
        self._lost.set_result(None)
        self._asked: asyncio.Future[None] | None = None
        self._handling: list[asyncio.Future[None]] = []

    @property
    def disconnected(self) -> asyncio.Future[None]:
        return asyncio.shield(self._lost)

    async def connect(self) -> None:
        assert threading.get_ident() == self._thread
        self._messenger.connects += 1
        if self._messenger.connect_refusals:
            raise self._messenger.connect_refusals.pop(0)
        self._lost = self._loop.create_future()
        self._messenger.connected += 1
        self._messenger.most_connected = max(self._messenger.most_connected, self._messenger.connected)

    async def is_user_authorized(self) -> bool:
        return self._messenger.authorized

    async def get_input_entity(self, peer: str | int) -> object:
        if self._messenger.lookup_refusals:
            raise self._messenger.lookup_refusals.pop(0)
        known = peer if isinstance(peer, int) else self._messenger.names.get(peer)
        if known not in self._messenger.history:
            raise ValueError(f'No user has "{peer}" as username')
        return utils.get_input_peer(types.InputPeerChannel(-known - 10**12, 1) if known < -(10**12) else types.InputPeerChat(-known))

    async def get_peer_id(self, peer: object) -> int:
        return int(utils.get_peer_id(peer))

    async def iter_messages(
        self, entity: object, limit: float | None = None, *, min_id: int = 0, reverse: bool = False
    ) -> AsyncIterator[types.Message | types.MessageService]:
        self._messenger.requests += 1
        self._asked = self._loop.create_future()
        if self._messenger.refusals:
            raise self._messenger.refusals.pop(0)
        if self._messenger.hangs:
            await self._asked
        found = self._messenger.history[utils.get_peer_id(entity)]
        numbers = sorted((number for number in found if number > min_id), reverse=not reverse)
        for number in numbers[: None if limit is None else int(limit)]:
            await asyncio.sleep(0)
            if self._lost.done():
                raise ConnectionError("Cannot send requests while disconnected")
            yield found[number]
            if self._messenger.cuts_after and number == numbers[self._messenger.cuts_after - 1]:
                self._messenger.cuts_after = 0
                self._cut(None)

    def add_event_handler(self, callback: Handler, event: object = None) -> None:
        self._handlers.append((callback, event))

    async def disconnect(self) -> None:
        if not self._lost.done():
            self._lost.set_result(None)
            self._messenger.connected -= 1
        if self._messenger.hangs_on_farewell:
            await asyncio.sleep(60)

    def receive(self, update: object) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._dispatch, update)

    def lose(self, error: Exception | None) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._cut, error)

    def _cut(self, error: Exception | None) -> None:
        if self._lost.done():
            return
        self._messenger.connected -= 1
        if self._asked is not None:
            self._asked.cancel()  # what the library does with requests it has no answer to
        if error is None:
            self._lost.set_result(None)
        else:
            self._lost.set_exception(error)

    def _dispatch(self, update: object) -> None:
        if self._lost.done():
            return
        for handler, builder in self._handlers:
            assert isinstance(builder, events.NewMessage | events.MessageEdited | events.MessageDeleted)
            event = type(builder).build(update)
            if event is not None:
                self._handling.append(asyncio.ensure_future(handler(event)))


def flood(seconds: float) -> Exception:
    """Build what the other side says when it is asked too often; the library knows whole seconds only."""
    error: Exception = errors.FloodWaitError(None, 0)
    setattr(error, "seconds", seconds)  # noqa: B010 (untyped)
    return error
