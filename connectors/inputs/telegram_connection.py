"""One connection to the messenger: finds the groups, takes live events, and asks the history for what they left out.

It ends by an error, and whoever opened it decides when the next one begins. A flood wait inside it does not end it: live events
go on while requests are held back.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Final, cast

import msgspec

from connectors.inputs.telegram_client import LARGE_BELOW, Client, Deleted, EventTypes, Message, Posted, flood_seconds, is_refusal
from connectors.inputs.telegram_scribe import Scribe
from connectors.inputs.telegram_settings import TelegramSettings, channel_name
from scoring.errors import ResourceError
from scoring.records import NANOSECONDS_PER_MILLISECOND, NANOSECONDS_PER_SECOND

_RATE_SECONDS: Final = 60
"""What the rate looks back over."""
_RATE_MESSAGES: Final = 1_000
"""Messages it counts at most."""


class Status:
    """How the feed is doing; written by its thread, read by any."""

    def __init__(self) -> None:
        """Begin as connecting."""
        self.state, self.last_error = "connecting", ""
        self.next_try_ns = self.last_ns = self.whole_ns = self.reconnects = 0
        self.skew_ms = math.nan
        self._recent: deque[int] = deque(maxlen=_RATE_MESSAGES)

    def rest(self, state: str, last_error: str, next_try_ns: int) -> None:
        """Note that nothing is done until then, and why."""
        self.state, self.last_error, self.next_try_ns = state, last_error, next_try_ns

    def hear(self, received_ns: int, posted_s: float) -> None:
        """Note a live message."""
        self.last_ns = self.whole_ns = received_ns
        self.skew_ms = received_ns / NANOSECONDS_PER_MILLISECOND - posted_s * 1_000
        self._recent.append(received_ns)

    def rate(self, now_ns: int) -> float:
        """Count messages per second over the last minute."""
        return sum(at > now_ns - _RATE_SECONDS * NANOSECONDS_PER_SECOND for at in tuple(self._recent)) / _RATE_SECONDS


class _Group(msgspec.Struct, frozen=True):
    """A group that was found."""

    channel: str
    """Its name on the tape."""
    entity: object
    """What the client knows it by."""
    is_large: bool
    """Its messages are numbered one by one, and its deletions name it."""


class Connection:
    """One client from connect to its end."""

    def __init__(
        self,
        client: Client,
        settings: TelegramSettings,
        scribe: Scribe,
        status: Status,
        now: Callable[[], int],
        worked: Callable[[], None],
    ) -> None:
        """Take the client, where messages go, the recorder's clock, and whom to tell that everything works."""
        self._client, self._settings, self._scribe, self._status = client, settings, scribe, status
        self._now, self._worked = now, worked
        self._groups: dict[int, _Group] = {}
        self._small: frozenset[str] = frozenset()
        self._timeout_s = settings.timeout.seconds
        self._wake = asyncio.Event()
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def serve(self, events: EventTypes) -> None:
        """Connect, and keep the tape whole until the connection is lost.

        Raises:
            Exception: whatever ended it.
        """
        async with asyncio.timeout(self._timeout_s):
            await self._client.connect()
            self._client.disconnected.add_done_callback(self._on_lost)
            if not await self._client.is_user_authorized():
                raise ResourceError("the session is not logged in, expected one that is: run just telegram-login")
            await self._find_groups()
        self._client.add_event_handler(self._on_posted, events.posted)
        self._client.add_event_handler(self._on_edited, events.edited)
        self._client.add_event_handler(self._on_deleted, events.deleted)
        self._status.state = "repairing"
        while True:
            await self._repair()
            self._scribe.tell_whole()
            self._status.whole_ns = self._now()
            self._status.rest("live", self._status.last_error, 0)
            self._worked()
            await self._hold(self._settings.reconcile.seconds, self._wake)
            if self._wake.is_set():
                await self._hold(self._settings.hole_wait.seconds)
                self._wake.clear()

    def forget(self) -> None:
        """Look at why it was over, so that nobody warns that nobody did."""
        if not self._over.cancel():
            self._over.exception()

    def _on_lost(self, lost: asyncio.Future[None]) -> None:
        error = None if lost.cancelled() else lost.exception()
        self._end(error or ConnectionError("the connection was lost"))

    def _end(self, error: BaseException) -> None:
        if not self._over.done():
            self._over.set_exception(error)

    async def _find_groups(self) -> None:
        refused = ""
        for name in self._settings.groups:
            channel = channel_name(name)
            try:
                entity = await self._client.get_input_entity(int(channel) if channel.lstrip("-").isdigit() else channel)
                marked = await self._client.get_peer_id(entity)
            except Exception as error:
                if not is_refusal(error):
                    raise
                refused = f"{name}: {error}: join it, then run just telegram-login"
            else:
                self._groups[marked] = _Group(channel, entity, marked < LARGE_BELOW)
        self._small = frozenset(group.channel for group in self._groups.values() if not group.is_large)
        self._status.last_error = refused or self._status.last_error
        if not self._groups:
            raise ResourceError(refused or "no groups in the settings, expected some: set inputs.telegram.groups")

    async def _on_posted(self, event: object) -> None:
        self._live(cast(Posted, event).message, edited=False)

    async def _on_edited(self, event: object) -> None:
        self._live(cast(Posted, event).message, edited=True)

    def _live(self, message: Message, edited: bool) -> None:
        received_ns = self._now()
        group = self._groups.get(message.chat_id or 0)
        if group is None:
            return
        try:
            is_new = self._scribe.take(received_ns, group.channel, message, edited)
        except ResourceError as error:
            self._end(error)
            return
        if is_new and message.date is not None:
            self._status.hear(received_ns, message.date.timestamp())
        if group.is_large and self._scribe.ledger.has_hole(group.channel):
            self._wake.set()

    async def _on_deleted(self, event: object) -> None:
        received_ns, deleted = self._now(), cast(Deleted, event)
        if deleted.chat_id is None:
            found = list(self._scribe.ledger.homes(deleted.deleted_ids, self._small))
        else:
            group = self._groups.get(deleted.chat_id)
            found = [(group.channel, message_id) for message_id in deleted.deleted_ids] if group else []
        try:
            for channel, message_id in found:
                self._scribe.take_deletion(received_ns, channel, message_id)
        except ResourceError as error:
            self._end(error)

    async def _repair(self) -> None:
        """Fetch what is newer than what is known of each group; obeys flood waits, passes over what is refused."""
        groups = deque(self._groups.values())
        while groups:
            try:
                seen = await self._fetch(groups[0])
            except Exception as error:
                wait_s = flood_seconds(error)
                if wait_s is None and not is_refusal(error):
                    raise
                if wait_s is None:  # this one is not ours to read any more: the others are
                    self._status.last_error = f"{groups.popleft().channel}: {error}: join it again, or take it out of the settings"
                    continue
                self._status.rest("stale", str(error), self._now() + round(wait_s * NANOSECONDS_PER_SECOND))
                await self._hold(wait_s)
                self._status.rest("repairing", self._status.last_error, 0)
                continue
            groups.rotate(-1)
            if seen < self._settings.page:
                groups.pop()

    async def _fetch(self, group: _Group) -> int:
        """Fetch one page, oldest first, and count its messages."""
        ledger, channel = self._scribe.ledger, group.channel
        whole = ledger.whole(channel)
        if whole is None:
            newest = [message.id async for message in self._answers(self._client.iter_messages(group.entity, 1))]
            ledger.begin(channel, max(newest, default=0))
            return 0
        seen = 0
        async for message in self._answers(self._client.iter_messages(group.entity, self._settings.page, min_id=whole, reverse=True)):
            self._scribe.fetched += self._scribe.take(self._now(), channel, message)
            ledger.cover(channel, message.id)
            seen += 1
        return seen

    async def _answers(self, messages: AsyncIterator[Message]) -> AsyncIterator[Message]:
        """Wait for each message no longer than an answer may take."""
        while True:
            try:
                async with asyncio.timeout(self._timeout_s):
                    message = await anext(messages)
            except StopAsyncIteration:
                return
            yield message

    async def _hold(self, wait_s: float, wake: asyncio.Event | None = None) -> None:
        """Wait, at most until woken.

        Raises:
            ConnectionError: the connection is lost.
            ResourceError: the tape cannot be written any more.
        """
        watched: set[asyncio.Future[None]] = {self._over}
        woken = asyncio.ensure_future(wake.wait()) if wake else None
        await asyncio.wait(watched | ({woken} if woken else set()), timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
        if woken:
            woken.cancel()
        if self._over.done():
            self._over.result()
