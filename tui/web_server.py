"""The screen in a browser: textual-serve, one process of the screen for each tab, and nothing left behind by a closed one.

What is changed of textual-serve, and why: its page loads a font from another site, holds absolute addresses that break behind a
tunnel, and takes no key before a click; a screen that has crashed left its tab frozen, and one that hangs was waited for for ever.
"""

from __future__ import annotations

import asyncio
import secrets
import shlex
from asyncio.subprocess import Process
from collections.abc import Sequence
from pathlib import Path
from string import Template
from typing import Final

from aiohttp import WSCloseCode, web
from textual_serve.app_service import AppService
from textual_serve.server import Server

from tui.web_door import Door

_TABS: Final = 16
"""Screens at a time: each is a process of some 60 MB."""
_GOODBYE_S: Final = 3.0
"""Given to a screen to end before it is killed."""
_HEARTBEAT_S: Final = 15.0
_FONT_PIXELS: Final = (16, 6, 64)
"""Of letters: usual, least, most."""
_WIDTH: Final = (80, 20, 500)
_HEIGHT: Final = (24, 5, 300)
"""Of a terminal in letters: usual, least, most."""


def limited(text: str | None, bounds: tuple[int, int, int]) -> int:
    """Read a number somebody may have typed into an address.

    >>> [limited(text, (80, 20, 500)) for text in ("132", "9999999", "-1", "wide", None)]
    [132, 500, 20, 80, 80]
    """
    usual, least, most = bounds
    try:
        return min(max(int(text or usual), least), most)
    except ValueError:
        return usual


class Tab(AppService):
    """One process of the screen, for one tab."""

    process: Process | None = None

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        self.process = await super()._open_app_process(width, height)
        return self.process

    async def run(self) -> None:
        """Pass on what it draws; a screen that has ended, however it did, ends its tab."""
        await super().run()
        await self.remote_close()

    async def set_terminal_size(self, width: int, height: int) -> None:
        """Follow the size of the tab."""
        await super().set_terminal_size(limited(str(width), _WIDTH), limited(str(height), _HEIGHT))

    async def end(self) -> None:
        """End the process: by asking, and where it does not listen, for good."""
        leaving = asyncio.create_task(self._leave())
        try:
            await asyncio.wait([leaving], timeout=_GOODBYE_S)
        finally:
            if self.process is not None and self.process.returncode is None:
                self.process.kill()
            await leaving

    async def _leave(self) -> None:
        await self.stop()
        if self.process is not None:
            await self.process.wait()


class WebServer(Server):
    """The server."""

    def __init__(self, command: Sequence[str], host: str, port: int, door: Door, tabs: int = _TABS) -> None:
        """Serve the screen a command starts, so many at a time, to those the door lets in."""
        # The shell that textual-serve starts makes room for the screen, so that a signal reaches the screen itself.
        super().__init__(f"exec {shlex.join(command)}", host=host, port=port, title="Ghosttape")
        self._door, self._tabs = door, tabs
        self._page = Template((Path(__file__).parent / "web.html").read_text(encoding="utf-8"))
        self._open: set[web.WebSocketResponse] = set()

    async def application(self) -> web.Application:
        """Make what aiohttp runs."""
        application = web.Application(middlewares=[self._door.middleware()])
        application.add_routes(
            [
                web.get("/", self._index),
                web.get("/ws", self.handle_websocket),
                web.get("/download/{key}", self.handle_download),
                web.static("/static", self.statics_path),
            ]
        )
        application.on_shutdown.append(self.on_shutdown)
        return application

    async def on_shutdown(self, app: web.Application) -> None:  # noqa: ARG002
        """Tell the tabs that the server goes; each ends its screen."""
        for websocket in list(self._open):
            await websocket.close(code=WSCloseCode.GOING_AWAY, message=b"the server was stopped")

    async def _index(self, request: web.Request) -> web.Response:
        nonce = secrets.token_urlsafe()
        scheme = "wss" if request.secure or request.headers.get("X-Forwarded-Proto") == "https" else "ws"
        size = limited(request.query.get("fontsize"), _FONT_PIXELS)
        page = self._page.substitute(nonce=nonce, websocket=f"{scheme}://{request.host}/ws", size=size)
        policy = (
            f"default-src 'self'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
            f"connect-src {scheme}://{request.host}; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
        )
        headers = {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
        return web.Response(text=page, content_type="text/html", headers=headers)

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Run a screen for as long as a tab is open."""
        if len(self._open) >= self._tabs:
            raise web.HTTPServiceUnavailable(text=f"as many screens are open as may be, {self._tabs}: close one\n")
        websocket = web.WebSocketResponse(heartbeat=_HEARTBEAT_S)
        self._open.add(websocket)
        tab = Tab(
            self.command,
            write_bytes=websocket.send_bytes,
            write_str=websocket.send_str,
            close=websocket.close,  # type: ignore[arg-type]
            download_manager=self.download_manager,
        )
        try:
            await websocket.prepare(request)
            await tab.start(limited(request.query.get("width"), _WIDTH), limited(request.query.get("height"), _HEIGHT))
            await self._process_messages(websocket, tab)
        finally:
            self._open.discard(websocket)
            await tab.end()
        return websocket
