"""`python -m tui`: follow a feed, in a full screen or as plain lines."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from functools import partial
from typing import Final

from scoring.errors import GhosttapeError
from tui import memory, settings
from tui.feed import DEFAULT_URL, Requests, checked, follow

_TOKEN_VARIABLE: Final = "GHOSTTAPE_FEED_TOKEN"
_WRONG_SETTING: Final = 2
_INTERRUPTED: Final = 130
"""As a shell counts a program ended by its user."""


def main(arguments: list[str] | None = None) -> int:
    """Run the screen; give the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tui", description="Follow the feed of a Ghosttape flow.")
    parser.add_argument("--url", default=DEFAULT_URL, help="address of the feed (%(default)s)")
    parser.add_argument("--token", default="", help=f"of the feed, where it asks for one (better: {_TOKEN_VARIABLE})")
    parser.add_argument(
        "--print", nargs="?", const="table", choices=("table", "json", "csv"), help="print the numbers instead of a screen, once"
    )
    parser.add_argument("--watch", action="store_true", help="print again each second, until the tape ends")
    options = parser.parse_args(arguments)
    if options.watch and not options.print:
        options.print = "table"
    try:
        screen = None if options.print else settings.load(settings.path())
        requests = Requests()
        token = options.token or os.environ.get(_TOKEN_VARIABLE, "")
        events = partial(follow, checked(options.url), token, requests=requests)
    except GhosttapeError as error:
        print(error, file=sys.stderr)
        return _WRONG_SETTING
    if options.print:
        from tui.plain import print_feed

        try:
            return asyncio.run(print_feed(events, sys.stdout, sys.stderr, form=options.print, watch=options.watch))
        except KeyboardInterrupt:
            return _INTERRUPTED
        except BrokenPipeError:
            # The reader has left (`| head`): what is still buffered has nowhere to go.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return _INTERRUPTED
    from tui.app import Ghosttape
    from tui.memory import Store

    Ghosttape(events, settings=screen, store=Store(memory.path()), requests=requests).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
