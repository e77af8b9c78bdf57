"""The server of the screen in a browser, with small programs in the place of the screen."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import time
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, web

from tui.web_door import Door
from tui.web_server import WebServer

SAY = """
import json, os, sys, time
def say(text, kind=b"D"):
    data = text.encode()
    os.write(1, kind + len(data).to_bytes(4, "big") + data)
os.write(1, b"__GANGLION__\\n")
"""
"""How a screen speaks to textual-serve."""


def served(act: Callable[[ClientSession], Awaitable[None]], program: str = SAY, *arguments: str, tabs: int = 4) -> None:
    """Serve a program, and let somebody visit."""

    async def run() -> None:
        server = WebServer([sys.executable, "-c", program, *arguments], "127.0.0.1", 0, Door(), tabs)
        runner = web.AppRunner(await server.application(), shutdown_timeout=5)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            async with ClientSession(f"http://127.0.0.1:{runner.addresses[0][1]}") as client:
                await act(client)
        finally:
            await runner.cleanup()

    asyncio.run(run())


async def said(websocket: ClientWebSocketResponse) -> str:
    """Give what a program says first."""
    message = await websocket.receive(timeout=20)
    assert message.type is WSMsgType.BINARY, message
    assert isinstance(message.data, bytes)
    return message.data.decode()


def is_alive(pid: int) -> bool:
    """Ask the system; a process that has ended and was not waited for counts as alive."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_page_is_whole_and_knows_no_other_site() -> None:
    async def act(client: ClientSession) -> None:
        answer = await client.get("/", headers={"Host": "localhost:9000"})
        text = await answer.text()
        assert answer.status == 200
        assert answer.content_type == "text/html"
        assert 'data-session-websocket-url="ws://localhost:9000/ws"' in text
        assert 'data-font-size="16"' in text
        assert "$" not in text
        assert not re.search(r"https?://", text)
        policy = answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy
        assert "connect-src ws://localhost:9000;" in policy
        for address in re.findall(r'(?:src|href)="(/static[^"]+)"|url\("(/static[^"]+)"\)', text):
            assert (await client.get(next(filter(None, address)))).status == 200
        assert (await client.get("/static/")).status == 403

    served(act)


@pytest.mark.parametrize(("asked", "size"), [("22", "22"), ("9999", "64"), ("0", "6"), ('"><script>', "16")])
def test_the_size_of_letters_can_be_chosen_and_nothing_else_said(asked: str, size: str) -> None:
    async def act(client: ClientSession) -> None:
        assert f'data-font-size="{size}"' in await (await client.get("/", params={"fontsize": asked})).text()

    served(act)


def test_behind_a_proxy_that_encrypts_the_socket_is_encrypted_too() -> None:
    async def act(client: ClientSession) -> None:
        text = await (await client.get("/", headers={"X-Forwarded-Proto": "https"})).text()
        assert '-url="wss://' in text

    served(act)


def test_arguments_arrive_as_they_are() -> None:
    hostile = ["ws://x/?a=1&b=$HOME", "'; touch /tmp/owned; '", "two words", "`id`", "$(id)", ""]

    async def act(client: ClientSession) -> None:
        async with client.ws_connect("/ws") as websocket:
            assert json.loads(await said(websocket)) == hostile

    served(act, SAY + "say(json.dumps(sys.argv[1:]))\nsys.stdin.read()", *hostile)


@pytest.mark.parametrize(
    ("query", "size"), [("", "80x24"), ("?width=132&height=43", "132x43"), ("?width=99999999&height=-4", "500x5"), ("?width=x", "80x24")]
)
def test_a_terminal_has_the_size_of_its_tab_within_reason(query: str, size: str) -> None:
    async def act(client: ClientSession) -> None:
        async with client.ws_connect(f"/ws{query}") as websocket:
            assert await said(websocket) == size

    served(act, SAY + "say(os.environ['COLUMNS'] + 'x' + os.environ['ROWS'])\nsys.stdin.read()")


def test_keys_and_sizes_go_to_the_program() -> None:
    async def act(client: ClientSession) -> None:
        async with client.ws_connect("/ws") as websocket:
            await websocket.send_json(["ping", "7"])
            assert await websocket.receive_json(timeout=20) == ["pong", "7"]
            await websocket.send_json(["stdin", "ü"])
            assert await said(websocket) == "D ü"
            await websocket.send_json(["resize", {"width": 100_000, "height": 30}])
            assert await said(websocket) == 'M {"type": "resize", "width": 500, "height": 30}'
            await websocket.send_json(["focus"])
            assert await said(websocket) == 'M {"type": "focus"}'

    echo = """
while kind := sys.stdin.buffer.read(1):
    size = int.from_bytes(sys.stdin.buffer.read(4), "big")
    text = sys.stdin.buffer.read(size).decode()
    if "quit" in text:
        break
    say(kind.decode() + " " + text)
"""
    served(act, SAY + echo)


def test_a_closed_tab_ends_its_program_and_no_other() -> None:
    async def act(client: ClientSession) -> None:
        one, other = await client.ws_connect("/ws"), await client.ws_connect("/ws")
        ends, stays = int(await said(one)), int(await said(other))
        assert is_alive(ends)
        await one.close()
        await gone(ends)
        assert is_alive(stays)
        await other.close()
        await gone(stays)

    served(act, SAY + "say(str(os.getpid()))\nsys.stdin.buffer.read(10)")


def test_a_program_that_hangs_is_killed() -> None:
    async def act(client: ClientSession) -> None:
        websocket = await client.ws_connect("/ws")
        pid = int(await said(websocket))
        started = time.monotonic()
        await websocket.close()
        await gone(pid)
        assert time.monotonic() - started > 1

    served(act, SAY + "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nsay(str(os.getpid()))\nwhile True: time.sleep(9)")


@pytest.mark.parametrize("end", ["raise SystemExit(3)", "os.abort()", "say(json.dumps({'type': 'exit'}), b'M'); sys.stdin.read()"])
def test_a_program_that_ends_however_it_does_ends_its_tab(end: str) -> None:
    async def act(client: ClientSession) -> None:
        async with client.ws_connect("/ws") as websocket:
            assert await said(websocket) == "here"
            message = await websocket.receive(timeout=20)
            assert message.type in (WSMsgType.CLOSE, WSMsgType.CLOSED)

    served(act, SAY + f"say('here')\n{end}")


def test_what_is_no_screen_ends_its_tab(capsys: pytest.CaptureFixture[str]) -> None:
    async def act(client: ClientSession) -> None:
        async with client.ws_connect("/ws") as websocket:
            assert (await websocket.receive(timeout=20)).type is WSMsgType.CLOSE

    served(act, "raise SystemExit('the settings are wrong')")
    assert "the settings are wrong" in capsys.readouterr().out


def test_there_are_not_more_programs_than_may_be() -> None:
    async def act(client: ClientSession) -> None:
        one = await client.ws_connect("/ws")
        await said(one)
        refused = await client.get("/ws")
        assert refused.status == 503
        assert "1: close one" in await refused.text()
        await one.close()

    served(act, SAY + "say('here')\nsys.stdin.buffer.read(10)", tabs=1)


def test_when_the_server_goes_its_programs_go() -> None:
    pids: list[int] = []

    async def act(client: ClientSession) -> None:
        pids.append(int(await said(await client.ws_connect("/ws"))))

    served(act, SAY + "say(str(os.getpid()))\nsys.stdin.buffer.read(10)")
    assert not is_alive(pids[0])


async def gone(pid: int) -> None:
    """Wait until a process has ended."""
    async with asyncio.timeout(10):
        while is_alive(pid):
            await asyncio.sleep(0.02)
