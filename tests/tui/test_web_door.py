"""Who may come in to the screen in a browser."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import DummyCookieJar, web
from aiohttp.test_utils import TestClient, TestServer

from tui.web_door import Door, is_loopback

TOKEN = "a secret ünicode token"


def visit(token: str, act: Callable[[TestClient[web.Request, web.Application]], Awaitable[None]]) -> None:
    """Stand before a door with a room behind it."""

    async def room(_: web.Request) -> web.Response:
        return web.Response(text="inside")

    async def run() -> None:
        application = web.Application(middlewares=[Door(token).middleware()])
        application.router.add_get("/", room)
        async with TestClient(TestServer(application), cookie_jar=DummyCookieJar()) as client:
            await act(client)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("host", "alone"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("LOCALHOST", True),
        ("0.0.0.0", False),
        ("::", False),
        ("", False),
        ("10.0.0.7", False),
        ("localhost.example.org", False),
    ],
)
def test_loopback_is_told_from_the_rest(host: str, alone: bool) -> None:
    assert is_loopback(host) is alone


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:9000"}, 200),
        ({"Host": "[::1]:9000"}, 200),
        ({"Host": "evil.example"}, 403),
        ({"Host": "127.0.0.1.evil.example:8000"}, 403),
        ({"Host": "localhost:8000", "Origin": "http://localhost:8000"}, 200),
        ({"Host": "localhost:8000", "Origin": "https://localhost:8000"}, 200),
        ({"Host": "localhost:8000", "Origin": "http://localhost:8001"}, 403),
        ({"Host": "localhost:8000", "Origin": "https://evil.example"}, 403),
        ({"Host": "localhost:8000", "Origin": "null"}, 403),
        ({"Host": "evil.example", "Origin": "http://evil.example"}, 403),
    ],
)
def test_without_a_token_only_this_machine_by_its_own_names_comes_in(headers: dict[str, str], status: int) -> None:
    async def act(client: TestClient[web.Request, web.Application]) -> None:
        answer = await client.get("/", headers=headers)
        assert answer.status == status
        assert (await answer.text() == "inside") is (status == 200)

    visit("", act)


def test_a_token_is_shown_once_and_stays_in_no_address() -> None:
    async def act(client: TestClient[web.Request, web.Application]) -> None:
        assert (await client.get("/")).status == 401
        shown = await client.get("/", params={"token": TOKEN, "fontsize": "20"}, allow_redirects=False)
        assert (shown.status, shown.headers["Location"]) == (303, "/?fontsize=20")
        cookie = shown.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert TOKEN not in cookie
        pass_ = cookie.partition(";")[0]
        assert (await client.get("/", headers={"Cookie": pass_})).status == 200
        assert (await client.get("/", headers={"Cookie": pass_, "Origin": "https://evil.example"})).status == 403
        assert (await client.get("/", headers={"Cookie": pass_[:-1]})).status == 401

    visit(TOKEN, act)


@pytest.mark.parametrize(
    ("headers", "query", "status"),
    [
        ({"Authorization": f"Bearer {TOKEN}"}, "", 200),
        ({"Authorization": "Bearer wrong"}, "", 401),
        ({"Authorization": "Bearer "}, "", 401),
        ({}, "token=", 401),
        ({}, "token=wrong", 401),
        ({"Cookie": "ghosttape="}, "", 401),
        ({"Host": "evil.example"}, "", 401),
        ({"Host": "screen.example:8000", "Authorization": f"Bearer {TOKEN}", "Origin": "https://screen.example:8000"}, "", 200),
    ],
)
def test_with_a_token_nothing_else_opens(headers: dict[str, str], query: str, status: int) -> None:
    async def act(client: TestClient[web.Request, web.Application]) -> None:
        answer = await client.get(f"/?{query}", headers=headers)
        assert answer.status == status

    visit(TOKEN, act)
