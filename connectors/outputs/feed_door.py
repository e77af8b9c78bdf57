"""Who may come in: the questions asked of an HTTP request before it becomes a connection of the feed.

Health and metrics are answered here, on the same port. A page in a browser is turned away by its `Origin`: on a loopback port that
needs no token, any website a person visits could read the feed otherwise.
"""

from __future__ import annotations

import hmac
import http
from typing import Final
from urllib.parse import parse_qs, urlsplit

from websockets.datastructures import Headers
from websockets.http11 import Request, Response

JSON: Final = "application/json"
PROMETHEUS: Final = "text/plain; version=0.0.4; charset=utf-8"
_TEXT: Final = "text/plain; charset=utf-8"


def path_of(request: Request) -> str:
    """Give the path without its query."""
    return urlsplit(request.path).path


def may_enter(request: Request, token: str) -> bool:
    """Check the token, in `?token=` or `Authorization: Bearer`; anyone may enter where none is set."""
    if not token:
        return True
    offered = parse_qs(urlsplit(request.path).query).get("token", [])
    offered += [value.removeprefix("Bearer ") for value in request.headers.get_all("Authorization")]
    return any(hmac.compare_digest(text.encode(), token.encode()) for text in offered)


def answer(status: http.HTTPStatus, body: bytes, content_type: str = _TEXT) -> Response:
    """Build a whole HTTP response, after which the connection closes."""
    headers = Headers({"Content-Type": content_type, "Content-Length": str(len(body)), "Connection": "close", "Cache-Control": "no-store"})
    return Response(status.value, status.phrase, headers, body)


def refuse(status: http.HTTPStatus, why: str) -> Response:
    """Turn a request away in one line."""
    return answer(status, f"{why}\n".encode())
