"""Who may come in: the questions asked of each HTTP request before the screen in a browser answers it.

Without a token only this machine is served, by its own names, so that no website can reach the screen by giving its name our
address; with one, each browser shows the token once and is known by a cookie afterwards. A websocket opened by another website's
page is turned away in either case: a screen can be driven, not only watched.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

_BEARER: Final = "Bearer "


def is_loopback(host: str) -> bool:
    """Say whether a name or address is of this machine alone.

    >>> [is_loopback(host) for host in ("127.0.0.1", "localhost", "::1", "0.0.0.0", "example.org", "")]
    [True, True, True, False, False, False]
    """
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Door:
    """The questions, for one run of the server."""

    def __init__(self, token: str = "") -> None:
        """Ask for a token, or where there is none for this machine's own names."""
        self._token = token
        # Not the token: a cookie goes to every port of a host, so it should be worth nothing elsewhere and afterwards.
        self._pass = secrets.token_urlsafe()
        self._cookie = f"ghosttape-{secrets.token_hex(4)}"

    def middleware(self) -> Middleware:
        """Give it as aiohttp wants it."""

        @web.middleware
        async def ask(request: web.Request, handler: Handler) -> web.StreamResponse:
            if _is_foreign(request):
                raise web.HTTPForbidden(text="this page belongs to another site: open the screen by its own address\n")
            if not self._token:
                if not is_loopback(_name(request)):
                    raise web.HTTPForbidden(text="without a token the screen answers to 127.0.0.1 and localhost only\n")
                return await handler(request)
            if self._shows_token(request):
                if request.method == hdrs.METH_GET and "token" in request.query and hdrs.UPGRADE not in request.headers:
                    return self._let_in(request)
                return await handler(request)
            if not _same(request.cookies.get(self._cookie, ""), self._pass):
                raise web.HTTPUnauthorized(text="this screen needs its token: open it once with ?token=… at the end of the address\n")
            return await handler(request)

        return ask

    def _shows_token(self, request: web.Request) -> bool:
        offered = [*request.query.getall("token", []), *request.headers.getall(hdrs.AUTHORIZATION, [])]
        return any(_same(text.removeprefix(_BEARER), self._token) for text in offered)

    def _let_in(self, request: web.Request) -> web.StreamResponse:
        """Give the cookie, and the address without the token, which would stay in the history."""
        address = request.rel_url.without_query_params("token").with_path("/", keep_query=True)
        answer = web.Response(status=HTTPStatus.SEE_OTHER, headers={hdrs.LOCATION: str(address)})
        answer.set_cookie(self._cookie, self._pass, httponly=True, samesite="Lax", secure=request.secure)
        return answer


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _name(request: web.Request) -> str:
    return urlsplit(f"//{request.host}").hostname or ""


def _is_foreign(request: web.Request) -> bool:
    origin = request.headers.get(hdrs.ORIGIN)
    return origin is not None and urlsplit(origin).netloc != request.host
