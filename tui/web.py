"""`python -m tui.web`: the same screen in a browser, each tab a process of its own.

What a browser shows was drawn here, so the feed, its token and the settings never leave this machine. Other machines are served
where a token is set, as with the feed; the screen itself needs nothing of this.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from typing import Final

from scoring.errors import GhosttapeError, ResourceError, SettingError
from tui import settings
from tui.feed import DEFAULT_URL, checked

_TOKEN_VARIABLE: Final = "GHOSTTAPE_WEB_TOKEN"
_PORT: Final = 8000
_HIGHEST_PORT: Final = 65_535
_WRONG_SETTING: Final = 2
_STOP_S: Final = 5.0
"""Given to the tabs when the server is stopped."""


def main(arguments: list[str] | None = None) -> int:
    """Serve until stopped; give the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tui.web",
        description="Show the screen in a browser.",
        epilog=f"Anything but a loopback --host needs a token in {_TOKEN_VARIABLE}: open the page once with ?token=… "
        "The token of the feed, where it asks for one, is read from GHOSTTAPE_FEED_TOKEN.",
    )
    parser.add_argument("--url", default=DEFAULT_URL, help="address of the feed (%(default)s)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=_PORT, help="port to listen on, 0 for any free one (%(default)s)")
    options = parser.parse_args(arguments)
    token = os.environ.get(_TOKEN_VARIABLE, "")
    try:
        _check(options.host, options.port, token)
        settings.load(settings.path())  # better refused once here than in every tab
        asyncio.run(serve(checked(options.url), options.host, options.port, token))
    except GhosttapeError as error:
        print(error, file=sys.stderr)
        return _WRONG_SETTING
    return 0


def _check(host: str, port: int, token: str) -> None:
    from tui.web_door import is_loopback

    if not token and not is_loopback(host):
        raise SettingError("command line", "--host", host, f"a loopback address such as '127.0.0.1', or a token in {_TOKEN_VARIABLE}")
    if not 0 <= port <= _HIGHEST_PORT:
        raise SettingError("command line", "--port", port, f"a port, 0 to {_HIGHEST_PORT}")


async def serve(url: str, host: str, port: int, token: str) -> None:
    """Serve the screen of a feed until SIGINT or SIGTERM.

    Raises:
        ResourceError: the address cannot be had.
    """
    from aiohttp import web

    from tui.web_door import Door
    from tui.web_server import WebServer

    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    server = WebServer([sys.executable, "-m", "tui.web_tab", "--url", url], host, port, Door(token))
    runner = web.AppRunner(await server.application(), access_log=None, shutdown_timeout=_STOP_S)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        taken = runner.addresses[0][1]
        once = "; a browser opens it once with /?token=… at the end" if token else ""
        print(f"The screen is at http://{f'[{host}]' if ':' in host else host}:{taken}{once}; ctrl+c ends it.", flush=True)
        await stopped.wait()
    except OSError as error:
        cause = str(error.strerror).rpartition(": ")[2]  # before it asyncio says the address again
        raise ResourceError(f"cannot listen on {host} port {port}: {cause}: choose another with --host or --port") from error
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    sys.exit(main())
