"""What may be set of the feed, and with it how much of everything it keeps: below board and server, which both are told by it."""

from __future__ import annotations

from typing import Annotated

import msgspec

from scoring.duration import Duration


class FeedSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `[feed]` of the settings."""

    host: str = "127.0.0.1"
    """Address to listen on. Anything but loopback needs a token."""
    port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 8765
    """Port to listen on; 0 takes any free one."""
    token: str = ""
    """What a client must know; empty lets in whoever can reach the port. A secret: belongs in `.env`."""
    interval: Duration = Duration.parse("100ms")
    """Shortest time between two updates of one thing to one client."""
    history_step: Duration = Duration.parse("5s")
    """Event time between two points of the price line and of the mood that a new client is told."""
    history_points: int = 720
    """Points kept for each symbol and asset: 720 of 5 s are an hour."""
    history_windows: int = 240
    """Closed windows of trades a new client is told, of each symbol: 240 of a minute are four hours, and all that a screen keeps."""
    alerts: int = 200
    """Alerts a new client is told."""
    events: int = 100
    """Gaps, rejects, posts and scored posts a new client is told, of each."""
    cells: Annotated[int, msgspec.Meta(ge=1)] = 20_000
    """Newest rows kept: tables × symbols × window widths × 2."""
    clients: Annotated[int, msgspec.Meta(ge=1)] = 32
    """Clients at a time."""
