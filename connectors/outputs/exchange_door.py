"""How requests are counted and refused: weights a minute, 429 above the limit, 418 for those who go on, and how answers look.

Weights and bans are counted in real time, as clients do that obey `Retry-After`.

Source: https://developers.binance.com/docs/binance-spot-api-docs/rest-api/limits
"""

from __future__ import annotations

import http
import time
from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec
from websockets.datastructures import Headers
from websockets.http11 import Response

_WINDOW_S: Final = 60.0
"""Weights are counted by the minute."""
_CONNECTION_WINDOW_S: Final = 300.0
_PHRASES: Final = {418: "I'm a teapot", 451: "Unavailable For Legal Reasons"}


class RefusedError(Exception):
    """A request that is answered with an error of the exchange."""

    def __init__(self, code: int, message: str, status: int = 400, retry_after_s: int = 0) -> None:
        """Take the exchange's code and message, and the status of HTTP."""
        super().__init__(message)
        self.code, self.message, self.status, self.retry_after_s = code, message, status, retry_after_s

    def response(self, headers: dict[str, str]) -> Response:
        """Write it as the exchange does."""
        retry = {"Retry-After": str(self.retry_after_s)} if self.retry_after_s else {}
        return respond({"code": self.code, "msg": self.message}, headers | retry, self.status)


def respond(body: object, headers: dict[str, str], status: int = 200) -> Response:
    """Write an answer in JSON, after which the connection closes."""
    content = msgspec.json.encode(body)
    fixed = {"Content-Type": "application/json;charset=UTF-8", "Content-Length": str(len(content)), "Connection": "close"}
    return Response(status, _PHRASES.get(status) or http.HTTPStatus(status).phrase, Headers(fixed | headers), content)


class Budget:
    """The weights that one minute has used."""

    def __init__(self, limit: int, patience: int, ban_s: float, now: Callable[[], float] = time.monotonic) -> None:
        """Refuse above `limit`; ban for `ban_s` whoever is refused more than `patience` times in a minute."""
        self._limit, self._patience, self._ban_s, self._now = limit, patience, ban_s, now
        self._minute = -1
        self._refused = 0
        self._banned_until = 0.0
        self.used = 0
        """In this minute."""

    def spend(self, weight: int) -> None:
        """Count a request.

        Raises:
            RefusedError: there is nothing left, or the client is banned.
        """
        now = self._now()
        if now < self._banned_until:
            wait_s = int(self._banned_until - now) + 1
            raise RefusedError(
                -1003, "Way too much request weight used; IP banned. Please use WebSocket Streams to avoid bans.", 418, wait_s
            )
        if (minute := int(now // _WINDOW_S)) != self._minute:
            self._minute, self.used, self._refused = minute, 0, 0
        self.used += weight
        if self.used <= self._limit:
            return
        self._refused += 1
        if self._refused > self._patience:
            self._banned_until = now + self._ban_s
        wait_s = int(_WINDOW_S - now % _WINDOW_S) + 1
        message = f"Too much request weight used; current limit is {self._limit} request weight per 1 MINUTE."
        raise RefusedError(-1003, message + " Please use WebSocket Streams for live updates to avoid polling the API.", 429, wait_s)


class Attempts:
    """Connections that were tried within five minutes."""

    def __init__(self, limit: int, now: Callable[[], float] = time.monotonic) -> None:
        """Allow so many."""
        self._now = now
        self._limit = limit
        self._tried_at: deque[float] = deque()

    def spend(self) -> None:
        """Count one.

        Raises:
            RefusedError: it is one too many.
        """
        now = self._now()
        while self._tried_at and now - self._tried_at[0] >= _CONNECTION_WINDOW_S:
            self._tried_at.popleft()
        if len(self._tried_at) >= self._limit:
            wait_s = int(_CONNECTION_WINDOW_S - (now - self._tried_at[0])) + 1
            raise RefusedError(-1003, f"Too many connections; current limit is {self._limit} attempts per 5 MINUTE.", 429, wait_s)
        self._tried_at.append(now)
