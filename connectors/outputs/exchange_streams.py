"""The websocket side of a served session: who has subscribed to what, and what the exchange says about it.

Source: https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Protocol, TypeAlias
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from connectors.outputs.exchange_line import Line
from connectors.outputs.exchange_tape import MIDDLE
from connectors.wire.binance_routes import OPENING

Reply: TypeAlias = dict[str, Any]

_MILLISECONDS: Final = re.compile(rb'"([ETt])":(\d{13})(?=[,}])')
"""Instants of events; ids have fewer digits."""
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,36}")
_METHODS: Final = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY")
_RATE_SPAN_S: Final = 1.0


class Opening(msgspec.Struct, frozen=True):
    """What the address of a connection asks for."""

    streams: tuple[str, ...]
    combined: bool
    microseconds: bool


def opening_of(target: str) -> Opening | None:
    """Read the address of a connection; None where it leads to no streams.

    >>> opening_of("/stream?streams=btcusdt@trade/ethusdt@trade").streams
    ('btcusdt@trade', 'ethusdt@trade')
    """
    parts = urlsplit(target)
    query = parse_qs(parts.query)
    microseconds = query.get("timeUnit", [""])[-1].upper() == "MICROSECOND"
    path = unquote(parts.path).strip("/")
    if path == "stream":
        return Opening(_names("/".join(query.get("streams", []))), True, microseconds)
    if path == "ws" or path.startswith("ws/"):
        return Opening(_names(path.removeprefix("ws")), False, microseconds)
    return None


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in text.split("/") if name))


class Session:
    """One websocket client."""

    def __init__(self, opening: Opening) -> None:
        """Take what the address asks for."""
        self.streams: dict[bytes, None] = dict.fromkeys(name.encode() for name in opening.streams)
        """What it has subscribed to, in order."""
        self.combined, self.microseconds = opening.combined, opening.microseconds

    def form(self, name: bytes, payload: bytes) -> bytes:
        """Write a frame as this client wants it."""
        if not self.combined:
            start = len(OPENING) + len(name)
            payload = payload[start + len(MIDDLE) : -1] if payload[start : start + len(MIDDLE)] == MIDDLE else _data(payload)
        return _MILLISECONDS.sub(rb'"\1":\g<2>000', payload) if self.microseconds else payload

    def answer(self, message: str | bytes) -> Reply:
        """Do what a message asks for, and give the reply.

        >>> session = Session(Opening((), True, False))
        >>> session.answer('{"method":"SUBSCRIBE","params":["btcusdt@trade"],"id":1}')
        {'result': None, 'id': 1}
        >>> session.answer('{"method":"LIST_SUBSCRIPTIONS","id":"two"}')
        {'result': ['btcusdt@trade'], 'id': 'two'}
        """
        try:
            asked = msgspec.json.decode(message)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return {"error": {"code": 3, "msg": "Invalid JSON: expected value at line 1 column 1"}}
        if not isinstance(asked, dict):
            return _invalid("expected an object", None)
        number = asked.get("id")
        if not (
            number is None
            or (isinstance(number, int) and not isinstance(number, bool))
            or (isinstance(number, str) and _ID.fullmatch(number))
        ):
            return _invalid("request ID must be an unsigned integer, an alphanumeric string of up to 36 characters, or null", None)
        if "method" not in asked:
            return _invalid("missing field `method` at line 1 column 1", number)
        if asked["method"] not in _METHODS:
            names = ", ".join(f"`{name}`" for name in _METHODS)
            return _invalid(f"unknown variant `{asked['method']}`, expected one of {names} at line 1 column 1", number)
        return self._obey(asked["method"], asked.get("params", []), number)

    def _obey(self, method: str, params: Any, number: int | str | None) -> Reply:
        if method == "LIST_SUBSCRIPTIONS":
            return {"result": [name.decode() for name in self.streams], "id": number}
        if not isinstance(params, list):
            return _invalid("params must be an array", number)
        if method.endswith("PROPERTY"):
            return self._property(method, params, number)
        if not params or not all(isinstance(name, str) for name in params):
            return _invalid("params must be an array of stream names", number)
        for name in params:
            if method == "SUBSCRIBE":
                self.streams[name.encode()] = None
            else:
                self.streams.pop(name.encode(), None)
        return {"result": None, "id": number}

    def _property(self, method: str, params: list[Any], number: int | str | None) -> Reply:
        wanted = 1 if method == "GET_PROPERTY" else 2
        if len(params) > wanted:
            return _invalid("too many parameters", number)
        if not params or not isinstance(params[0], str):
            return _invalid("property name must be a string", number)
        if params[0] != "combined":
            return {"error": {"code": 0, "msg": "Unknown property"}, "id": number}
        if method == "GET_PROPERTY":
            return {"result": self.combined, "id": number}
        if len(params) < wanted or not isinstance(params[1], bool):
            return {"error": {"code": 1, "msg": "Invalid value type: expected Boolean"}, "id": number}
        self.combined = params[1]
        return {"result": None, "id": number}


def _invalid(why: str, number: int | str | None) -> Reply:
    return {"error": {"code": 2, "msg": f"Invalid request: {why}"}, "id": number}


class _Wrapper(msgspec.Struct, frozen=True):
    data: msgspec.Raw


_WRAPPER: Final = msgspec.json.Decoder(_Wrapper)


def _data(payload: bytes) -> bytes:
    """Give the data of a frame whose wrapper is written in an unusual way; all of it where it has none."""
    try:
        return bytes(_WRAPPER.decode(payload).data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return payload


class Pace:
    """How often a client asks."""

    def __init__(self, limit: int, now: Callable[[], float] = time.monotonic) -> None:
        """Allow so many messages within a second."""
        self._now = now
        self._asked_at: deque[float] = deque(maxlen=limit)

    def too_fast(self) -> bool:
        """Note a message, and tell whether it is one too many."""
        at = self._now()
        is_full = len(self._asked_at) == self._asked_at.maxlen
        found = is_full and at - self._asked_at[0] < _RATE_SPAN_S
        self._asked_at.append(at)
        return found


class Listener(Protocol):
    """Who hears streams."""

    session: Session
    line: Line


class Audience:
    """Who listens to what."""

    def __init__(self) -> None:
        """Start with nobody."""
        self._listeners: dict[bytes, list[Listener]] = {}

    def seat(self, listeners: Iterable[Listener]) -> None:
        """Note who listens now: after every change of a subscription."""
        self._listeners = {}
        for listener in listeners:
            for name in listener.session.streams:
                self._listeners.setdefault(name, []).append(listener)

    def hears(self, name: bytes) -> bool:
        """Tell whether anybody listens to a stream."""
        return name in self._listeners

    def tell(self, names: Sequence[bytes], payloads: Sequence[bytes], at_ns: int) -> None:
        """Send frames to those who listen to their streams."""
        parts: dict[Listener, list[bytes]] = {}
        for name, payload in zip(names, payloads, strict=True):
            for listener in self._listeners.get(name, ()):
                session = listener.session
                part = parts.get(listener)
                if part is None:
                    part = parts[listener] = []
                part.append(payload if session.combined and not session.microseconds else session.form(name, payload))
        for listener, part in parts.items():
            listener.line.put(part, at_ns)
