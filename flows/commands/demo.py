"""`just demo`: the bundled session and the dashboard together, offline, and both stopped cleanly.

What it needs of the program it reads apart from the rest, so that something is said at once: the flow takes a second or two to start.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import IO, Final

import msgspec

from connectors.outputs.feed_settings import FeedSettings
from flows.commands.arguments import Arguments
from flows.layers import convert, read
from flows.running import refusing_in_one_line
from scoring.errors import ResourceError

SESSION = "recordings/session"
START_SECONDS = 30.0
"""How long the flow may take to open its feed."""
STOP_SECONDS = 10.0
"""How long it may take to stop before it is killed."""
_REFUSAL: Final = re.compile("ghosttape: ")
_ERROR: Final = re.compile(r"[\w.]*(Error|Exception)\b: ")


class _Wanted(msgspec.Struct, frozen=True):
    """The one table of the settings that is needed; the flow looks at the others."""

    feed: FeedSettings = FeedSettings()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = Arguments("demo", __doc__)
    parser.add_argument("session", nargs="?", default=SESSION, help=f"folder of a recorded session (default: {SESSION})")
    parser.add_argument("speed", nargs="?", default="10x", help="max, or a factor such as 1x or 10x (default: 10x)")
    given = parser.parse_args(arguments)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))  # by way of `finally`: a closed terminal leaves no flow behind
    with refusing_in_one_line(), tempfile.TemporaryFile("w+") as log:
        tree, origins = read()
        port = free_port(convert(tree, _Wanted, origins).feed.port)
        print(f"replaying {given.session} at {given.speed}; the screen opens in a moment", file=sys.stderr)
        flow = start_flow(given.session, given.speed, port, log)
        try:
            wait_for_feed(flow, port, log)
            screen = subprocess.run([sys.executable, "-m", "tui", "--url", f"ws://127.0.0.1:{port}"], check=False)
            if flow.poll():
                raise ResourceError(f"the flow ended before the screen did: {last_words(log, flow.returncode)}")
        finally:
            stop(flow)
    sys.exit(screen.returncode)


def free_port(wanted: int) -> int:
    """Give the wanted port, or any free one where another program has it: a demo should start."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise ResourceError("no free port on 127.0.0.1, expected one for the feed: stop another program")


def start_flow(session: str, speed: str, port: int, log: IO[str]) -> subprocess.Popen[str]:
    """Start the replay in a process of its own, with what it says in `log`."""
    environment = {**os.environ, "GHOSTTAPE_FEED__PORT": str(port), "GHOSTTAPE_FEED__HOST": "127.0.0.1", "GHOSTTAPE_FEED__TOKEN": ""}
    command = [sys.executable, "-m", "flows.commands.replay", session, speed, "--screen", "--wait", "--quiet"]
    # A session of its own: ctrl+c on the screen is the screen's business, the flow is stopped after it.
    return subprocess.Popen(command, env=environment, stdout=log, stderr=log, text=True, start_new_session=True)


def wait_for_feed(flow: subprocess.Popen[str], port: int, log: IO[str]) -> None:
    """Wait until the feed answers.

    Raises:
        ResourceError: the flow ended before, with the last thing it said.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if flow.poll() is not None:
            raise ResourceError(last_words(log, flow.returncode))
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise ResourceError(f"the flow opened no feed on port {port} within {START_SECONDS:.0f} s: run just replay to see why")


def last_words(log: IO[str], status: int) -> str:
    """Give why a flow ended, in one line: its own refusal, else the error it died of, else the last thing it said."""
    log.seek(0)
    said = [line.strip() for line in log if line.strip()] or [f"it ended with {status} and said nothing"]
    for told in (_REFUSAL.match, _ERROR.match):
        if found := [line for line in said if told(line)]:
            return found[-1].removeprefix("ghosttape: ")
    return said[-1]


def stop(flow: subprocess.Popen[str]) -> None:
    """Stop the flow gracefully, or for good where it does not."""
    if flow.poll() is None:
        flow.send_signal(signal.SIGTERM)
    try:
        flow.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        flow.kill()
        flow.wait()


if __name__ == "__main__":
    main()
