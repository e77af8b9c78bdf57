"""The client of the feed: one endless stream of events, which says when and why the feed was lost and when it will try again; and
what the screen asks of the flow, which is sent, or said not to have been.

The only module of the screen that touches the network or the time of day.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterator
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from scoring.errors import SettingError
from scoring.feed import PROTOCOL, Hello, Message, Request, decode_messages, encode
from tui.state import Connecting, Event, Lost

DEFAULT_URL: Final = "ws://127.0.0.1:8765"
_SILENCE_S: Final = 5.0
"""The server says something each second; after five it is gone."""
_OPENING_S: Final = 5.0
_CLOSING_S: Final = 0.5
_MESSAGE_BYTES: Final = 16 * 1024 * 1024
"""Longest message taken: a snapshot of hundreds of symbols."""
_FIRST_DELAY_S: Final = 0.5
_LONGEST_DELAY_S: Final = 8.0
_WAITING: Final = 32
"""Requests kept while the socket is full: more than a hand presses before it wonders."""
_NORMAL: Final = 1000
_UNAUTHORIZED: Final = 401


def checked(url: str) -> str:
    """Check the address of a feed.

    Raises:
        SettingError: it is none.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("ws", "wss") or not parts.hostname:
        raise SettingError("command line", "--url", url, f"the address of a feed, such as {DEFAULT_URL}")
    return url


def shown(url: str) -> str:
    """Give the address as it may be shown: without a token in it.

    >>> shown("ws://me:secret@10.0.0.7:8765/?token=secret")
    'ws://10.0.0.7:8765'
    """
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))


def delays() -> Iterator[float]:
    """Give the seconds to wait before each try: doubling, up to a limit.

    >>> from itertools import islice
    >>> list(islice(delays(), 6))
    [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]
    """
    delay = _FIRST_DELAY_S
    while True:
        yield delay
        delay = min(delay * 2, _LONGEST_DELAY_S)


class Requests:
    """What is asked of the flow and waits to be sent. Nothing waits for a feed to come back: by then it would mean something else."""

    def __init__(self, most: int = _WAITING) -> None:
        """Keep at most so many."""
        self._most = most
        self._open = False
        self._waiting: deque[Request] = deque()
        self._news = asyncio.Event()

    def ask(self, request: Request) -> str:
        """Send it as soon as may be; give why not where it cannot be, else nothing."""
        if not self._open:
            return "there is no feed: nothing was asked"
        if len(self._waiting) >= self._most:
            return "the feed takes no more: nothing was asked"
        self._waiting.append(request)
        self._news.set()
        return ""

    def open(self) -> None:
        """Begin to take requests."""
        self._open = True

    def close(self) -> int:
        """Take no more; give how many were never sent."""
        self._open, left = False, len(self._waiting)
        self._waiting.clear()
        return left

    async def send(self, connection: ClientConnection) -> None:
        """Send what is asked, until cancelled or the connection is gone: whoever receives hears of that too."""
        while True:
            await self._news.wait()
            self._news.clear()
            while self._waiting:
                try:
                    await connection.send(encode(self._waiting[0]), text=True)
                except ConnectionClosed:
                    return
                self._waiting.popleft()


async def follow(url: str, token: str = "", silence_s: float = _SILENCE_S, requests: Requests | None = None) -> AsyncGenerator[Event, None]:
    """Follow the feed for ever: what it says, and what becomes of the connection. Close the iterator to stop.

    What is in `requests` is sent while there is a feed; what was not sent before it was lost is told with the loss.
    """
    waits = delays()
    asked = requests or Requests()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    while True:
        yield Connecting(shown(url))
        try:
            async with connect(
                url,
                additional_headers=headers,
                open_timeout=_OPENING_S,
                close_timeout=_CLOSING_S,
                max_size=_MESSAGE_BYTES,
                compression=None,
                proxy=None,
                user_agent_header=None,
            ) as connection:
                asked.open()
                sending = asyncio.create_task(asked.send(connection))
                patience = _Patience(connection, silence_s)
                try:
                    while True:
                        for message in await _next(connection, patience):
                            if isinstance(message, Hello):
                                waits = delays()
                            yield message
                finally:
                    sending.cancel()
                    patience.end()
        except (OSError, InvalidHandshake, InvalidURI, ConnectionClosed, TimeoutError, msgspec.DecodeError, _UnknownProtocol) as error:
            retry_s = next(waits)
            yield Lost(_reason(error, url) + _unsent(asked.close()), datetime.now(UTC), retry_s, _has_ended(error))
        await asyncio.sleep(retry_s)


class _UnknownProtocol(Exception):
    """The other side is a feed of another time."""


class _Silent(TimeoutError):
    """Nothing came for too long."""


class _Patience:
    """Hangs up on a feed that says nothing for too long. One timer for all of its messages: there may be thousands a second."""

    def __init__(self, connection: ClientConnection, silence_s: float) -> None:
        """Begin to look at the time."""
        self._connection, self.silence_s = connection, silence_s
        self._loop = asyncio.get_running_loop()
        self._waiting_since: float | None = None
        self._timer = self._loop.call_later(silence_s, self._look)
        self.lost = False

    def wait(self) -> None:
        """Count from here."""
        self._waiting_since = self._loop.time()

    def rest(self) -> None:
        """Count no more: something was heard, and what becomes of it may take its time."""
        self._waiting_since = None

    def end(self) -> None:
        """Look no more."""
        self._timer.cancel()

    def _look(self) -> None:
        now = self._loop.time()
        left = self.silence_s if self._waiting_since is None else self._waiting_since + self.silence_s - now
        if left > 0:
            self._timer = self._loop.call_later(left, self._look)
        else:
            self.lost = True
            self._connection.transport.abort()


async def _next(connection: ClientConnection, patience: _Patience) -> list[Message]:
    """Give the messages that come next, at least one."""
    patience.wait()
    try:
        text = await connection.recv(decode=False)
    except ConnectionClosed as error:
        if patience.lost:
            raise _Silent(f"nothing was heard for {patience.silence_s:g} s") from error
        raise
    patience.rest()
    messages = decode_messages(text)
    for message in messages:
        if isinstance(message, Hello) and message.protocol != PROTOCOL:
            raise _UnknownProtocol(f"it speaks version {message.protocol}, this screen {PROTOCOL}: update the older")
    return messages


def _unsent(count: int) -> str:
    return f"; {count} {'request was' if count == 1 else 'requests were'} not sent" if count else ""


def _has_ended(error: Exception) -> bool:
    return isinstance(error, ConnectionClosed) and error.rcvd is not None and error.rcvd.code == _NORMAL


def _reason(error: Exception, url: str) -> str:
    """Say what happened in words of the person before the screen."""
    match error:
        case InvalidStatus() if error.response.status_code == _UNAUTHORIZED:
            return "it asks for a token: start the screen with --token"
        case InvalidStatus():
            return f"the feed refused: {error.response.body.decode(errors='replace').strip() or error.response.status_code}"
        case ConnectionRefusedError():
            return f"nothing listens at {shown(url)}"
        case ConnectionClosed():
            return error.rcvd.reason if error.rcvd and error.rcvd.reason else "the connection broke"
        case _Silent() | _UnknownProtocol():
            return str(error)
        case TimeoutError():
            return f"no answer within {_OPENING_S:g} s"
        case msgspec.DecodeError():
            return "it does not speak as a feed does"
        case OSError():
            return error.strerror or "the connection failed"
        case _:
            return "what listens there is no feed"
