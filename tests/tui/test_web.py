"""The screen in a browser, from its command to what a browser shows."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from aiohttp import ClientSession, WSMsgType

from connectors.outputs.feed import FeedPartition, FeedSettings, FeedSink
from scoring.duration import Duration
from scoring.feed import Hello
from scoring.records import NANOSECONDS_PER_SECOND, Pulse, Rows, Table
from tui.web import main

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[2]
START = 1_785_585_600_000_000_000
CHROMIUM = next((found for name in ("chromium", "chromium-browser", "google-chrome", "chrome") if (found := shutil.which(name))), None)
PLAIN = re.compile(rb"\x1b\[[0-9;?]*[a-zA-Z]")


@pytest.fixture(autouse=True)
def _remembers_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in ("GHOSTTAPE_WEB_TOKEN", "GHOSTTAPE_FEED_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def feed() -> Iterator[FeedPartition]:
    hello = Hello("0.1.0", "night", "replay", ["BTCUSDT"], [])
    running = FeedSink(FeedSettings(port=0, interval=Duration.parse("20ms")), hello).build_part("feed", "one", None)
    say(running, 0, 61_000.25)
    yield running
    running.close()


def say(feed: FeedPartition, second: int, price: float) -> None:
    """Let a price be heard of."""
    at = START + second * NANOSECONDS_PER_SECOND
    risk = {"symbol": "BTCUSDT", "sampled_ns": at, "price": price, "price_age_ms": 1.0, "momentum_1m": 0.01, "completeness": "complete"}
    columns = {name: np.array([value]) for name, value in risk.items()}
    feed.write_batch(
        [Rows(Table.RISK_METRICS, "BTCUSDT", columns, at), Pulse("binance", at, second, 0, 0, at, START, at, 1.0, "replaying")]
    )


@contextmanager
def served(*arguments: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run the command; give the address it says it has."""
    command = [sys.executable, "-m", "tui.web", "--port", "0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as server:
        try:
            assert server.stdout is not None
            line = server.stdout.readline()
            once = re.escape("; a browser opens it once with /?token=… at the end") if "GHOSTTAPE_WEB_TOKEN" in os.environ else ""
            found = re.fullmatch(rf"The screen is at (http://\S+:\d+){once}; ctrl\+c ends it\.\n", line)
            assert found, line
            yield found[1], server
        finally:
            server.terminate()
            try:
                server.wait(20)
            finally:
                server.kill()  # leaving this block waits for it


def screens(server: subprocess.Popen[str]) -> list[int]:
    """Give the processes the server has started."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,command="], capture_output=True, text=True, timeout=120, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()]
    return [int(pid) for pid, parent, command in rows if int(parent) == server.pid and "-m tui" in command]


def is_alive(pid: int) -> bool:
    """Ask the system."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def heard(session: ClientSession, url: str, server: subprocess.Popen[str], *keys: str) -> tuple[bytes, int]:
    """Open a tab as textual-serve's page does, press keys, and give what was drawn and by whom."""
    drawn = b""
    async with session.ws_connect(f"{url}/ws?width=120&height=40") as tab, asyncio.timeout(30):
        waiting, pid = list(keys), 0
        async for message in tab:
            assert message.type is WSMsgType.BINARY
            drawn += PLAIN.sub(b"", message.data)
            if b"61,000.25" in drawn and b"BTCUSDT" in drawn and not pid:
                pid = screens(server)[0]
                if not waiting:
                    break
            if pid and waiting:
                await tab.send_json(["stdin", waiting.pop(0)])
    return drawn, pid


def test_a_tab_shows_the_feed_takes_keys_and_leaves_nothing_behind(feed: FeedPartition) -> None:
    with served("--url", f"ws://127.0.0.1:{feed.port}/") as (url, server):

        async def visit() -> None:
            async with ClientSession() as session:
                assert (await session.get(url)).status == 200
                drawn, pid = await heard(session, url, server)
                assert b"BTCUSDT" in drawn
                await ended(pid)
                drawn, pid = await heard(session, url, server, "q")
                assert b"connected" in drawn
                await ended(pid)

        asyncio.run(visit())


def test_a_server_that_is_stopped_takes_its_screens_along(feed: FeedPartition) -> None:
    with served("--url", f"ws://127.0.0.1:{feed.port}/") as (url, server):

        async def visit(number: signal.Signals) -> None:
            async with ClientSession() as session, session.ws_connect(f"{url}/ws") as tab:
                await tab.receive(timeout=20)
                pid = screens(server)[0]
                server.send_signal(number)
                while (await tab.receive(timeout=20)).type is WSMsgType.BINARY:
                    pass
                await ended(pid)

        asyncio.run(visit(signal.SIGINT))
        assert server.wait(20) == 0


def test_a_server_that_is_killed_leaves_no_screen_for_long(feed: FeedPartition) -> None:
    with served("--url", f"ws://127.0.0.1:{feed.port}/") as (url, server):

        async def visit() -> None:
            async with ClientSession() as session, session.ws_connect(f"{url}/ws") as tab:
                await tab.receive(timeout=20)
                pid = screens(server)[0]
                server.kill()
                await ended(pid)

        asyncio.run(visit())


async def ended(pid: int) -> None:
    """Wait until a process has ended."""
    assert pid
    async with asyncio.timeout(20):
        while is_alive(pid):
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.7", "example.org"])
def test_an_open_port_is_refused_without_a_token(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--host", host]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"command line: --host = '{host}': expected a loopback address")
    assert "GHOSTTAPE_WEB_TOKEN" in line


def test_with_a_token_it_is_served_to_those_who_know_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GHOSTTAPE_WEB_TOKEN", "open sesame")
    with served("--host", "0.0.0.0") as (url, _):

        async def visit() -> None:
            async with ClientSession() as session:
                near = url.replace("0.0.0.0", "127.0.0.1")
                for path in ("/", "/ws", "/static/js/textual.js", "/download/x"):
                    assert (await session.get(near + path)).status == 401
                assert (await session.get(near, headers={"Authorization": "Bearer open sesame"})).status == 200

        asyncio.run(visit())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--url", "http://x"], "--url = 'http://x'"), (["--port", "70000"], "--port = 70000"), (["--port", "-1"], "--port = -1")],
)
def test_what_is_wrong_is_said_in_one_line(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


def test_a_port_that_is_taken_is_said_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["--port", str(port)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"cannot listen on 127.0.0.1 port {port}: address already in use: choose another with --host or --port"


def test_the_screen_itself_needs_nothing_of_this() -> None:
    code = "import sys, tui.__main__, tui.app; assert not {'aiohttp', 'textual_serve', 'jinja2'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=120, check=True)


@contextmanager
def browser(url: str) -> Iterator[tuple[Page, list[bytes]]]:
    """Open an address in headless Chromium; give the page and what its sockets hear."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="the driver of the browser is not here: pip install playwright")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine: apt install chromium")
    quiet = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update")
    frames: list[bytes] = []
    with sync_api.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=[*quiet, "--disable-sync"])
        page = chromium.new_page(viewport={"width": 1280, "height": 800})
        page.on(
            "websocket", lambda opened: opened.on("framereceived", lambda frame: frames.append(frame if isinstance(frame, bytes) else b""))
        )
        page.goto(url)
        yield page, frames
        chromium.close()


@pytest.mark.slow
def test_a_browser_shows_live_numbers_and_obeys_keys(feed: FeedPartition, tmp_path: Path) -> None:
    with served("--url", f"ws://127.0.0.1:{feed.port}/") as (url, _), browser(f"{url}/?fontsize=14") as (page, frames):
        foreign: list[str] = []
        page.on("request", lambda request: foreign.append(request.url) if not request.url.startswith(url) else None)

        def reach(*words: str) -> None:
            deadline = time.monotonic() + 30
            while not all(word.encode() in PLAIN.sub(b"", b"".join(frames)) for word in words):
                assert time.monotonic() < deadline, f"{words} never came"
                page.wait_for_timeout(50)

        reach("BTCUSDT", "61,000.25", "connected")
        page.wait_for_selector("body.-first-byte")
        before = picture(page, tmp_path / "before.png")
        frames.clear()
        say(feed, 1, 61_234.75)
        reach("1,234.75")
        after = picture(page, tmp_path / "after.png")
        assert before != after
        frames.clear()
        page.keyboard.press("?")
        reach("esc closes", "next theme")
        assert picture(page, tmp_path / "help.png") != after
        page.keyboard.press("Escape")
        picture(page, tmp_path / "closed.png")  # escape and q in one moment are alt+q to a terminal
        page.keyboard.press("q")
        page.wait_for_selector("text=Open it again", state="visible")
        frames.clear()
        page.click("text=Open it again")
        reach("61,234.75", "connected")
        page.wait_for_selector("text=Open it again", state="hidden")
        assert foreign == []


def picture(page: Page, file: Path) -> bytes:
    """Give what is seen once the last frame has been painted."""
    page.wait_for_timeout(500)
    return bytes(page.screenshot(path=file))
