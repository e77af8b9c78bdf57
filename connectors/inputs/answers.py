"""One question over HTTP and its answer: conditional, bounded in size and in time, and never an exception of a library.

What comes back is the other side's choice, so every bound is ours: a body that grows too large or drips too slowly is dropped, a
compressed one is measured as it unfolds. A question that carries a secret follows no redirect, because its headers would go along.
"""

from __future__ import annotations

import re
import threading
import time
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import msgspec

from scoring.duration import Duration

if TYPE_CHECKING:
    import requests  # heavy: settings are read more often than sites are asked

_PIECE_BYTES: Final = 1 << 16


class AskingSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a site is asked."""

    silence: Duration = Duration.parse("10s")
    """A connection that is not made, or brings nothing, for so long is given up."""
    longest_answer: Duration = Duration.parse("1m")
    """An answer that takes longer as a whole is given up."""
    largest_body: int = 64 << 20
    """Bytes, uncompressed; a larger answer is given up."""
    longest_hold: Duration = Duration.parse("24h")
    """A site that asks for a longer pause (`Retry-After`) is asked again after this one."""
    user_agent: str = "ghosttape"
    """How we name ourselves."""


class Question(msgspec.Struct, frozen=True):
    """What is asked."""

    address: str
    parameters: dict[str, str] = {}
    secrets: dict[str, str] = {}
    """Headers that nobody else may see."""
    etag: str = ""
    """Of the answer that is known already; empty for none."""
    last_modified: str = ""
    """Likewise."""

    @property
    def host(self) -> str:
        """Who is asked, without the name and password that an address may hold."""
        return self.address.partition("://")[2].partition("/")[0].rpartition("@")[2] or self.address


class Answer(msgspec.Struct, frozen=True):
    """What came back."""

    status: int
    body: bytes
    """Empty unless the status is 200."""
    etag: str
    last_modified: str
    hold_s: float
    """Seconds the site asks us to stay away; 0 where it does not."""


class NoAnswer(Exception):
    """Nothing came back, or more than we take: the message is one line."""


def ask(session: requests.Session, question: Question, settings: AskingSettings, stopped: threading.Event) -> Answer:
    """Ask once; given up early once `stopped` is set.

    Raises:
        NoAnswer: nobody is there, the connection broke, or the answer is too slow or too large.
    """
    import requests

    known = {"If-None-Match": question.etag, "If-Modified-Since": question.last_modified}
    headers = {"User-Agent": settings.user_agent} | {name: value for name, value in known.items() if value} | question.secrets
    try:
        with session.get(
            question.address,
            params=question.parameters,
            headers=headers,
            timeout=settings.silence.seconds,
            allow_redirects=not question.secrets,
            stream=True,
        ) as response:
            body = _body(response, question.host, settings, stopped) if response.status_code == HTTPStatus.OK else b""
    except (requests.RequestException, ValueError) as error:  # the second: an address that is none
        raise NoAnswer(f"{question.host}: {_reason(error)}") from None
    held_s = seconds_of(response.headers.get("Retry-After", ""), time.time())
    return Answer(
        response.status_code,
        body,
        response.headers.get("ETag", ""),
        response.headers.get("Last-Modified", ""),
        min(held_s, settings.longest_hold.seconds),
    )


def seconds_of(retry_after: str, now_s: float) -> float:
    """Read `Retry-After`: whole seconds or a date; 0 where it is neither, or has passed.

    >>> seconds_of("120", 0.0), seconds_of("Thu, 01 Jan 1970 00:01:00 GMT", 15.0), seconds_of("soon", 0.0)
    (120.0, 45.0, 0.0)
    """
    if re.fullmatch(r"\d+", retry_after.strip(), re.ASCII):
        return float(retry_after)
    try:
        return max(parsedate_to_datetime(retry_after).timestamp() - now_s, 0.0)
    except (ValueError, OverflowError):
        return 0.0


def _body(response: requests.Response, host: str, settings: AskingSettings, stopped: threading.Event) -> bytes:
    deadline = time.monotonic() + settings.longest_answer.seconds
    body = bytearray()
    for piece in response.iter_content(_PIECE_BYTES):
        body += piece
        if len(body) > settings.largest_body:
            raise NoAnswer(f"{host}: an answer of more than {settings.largest_body} bytes, expected less: see `largest_body`")
        if time.monotonic() > deadline:
            raise NoAnswer(f"{host}: an answer that takes more than {settings.longest_answer}, expected it faster: see `longest_answer`")
        if stopped.is_set():
            raise NoAnswer(f"{host}: stopped")
    return bytes(body)


def _reason(error: BaseException) -> str:
    """Say in one line what lies under the libraries' errors, which quote whole addresses."""
    while error.__context__ is not None:
        error = error.__context__
    return " ".join(str(error).split()) or type(error).__name__
