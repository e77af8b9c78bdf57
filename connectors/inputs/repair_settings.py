"""What can be set about repair; how the exchange is asked is `binance_rest.RestSettings`."""

from __future__ import annotations

from typing import Final

import msgspec

from connectors.inputs.repair_queue import QueueSettings
from scoring.duration import Duration

LARGEST_PAGE: Final = 1_000
"""Trades or candles the exchange gives at once, at most."""
_DEPTH_LIMITS: Final = (100, 500, 1_000, 5_000)


class RepairSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How gaps are repaired. Waits are wall time, also where a session is served faster."""

    queue: QueueSettings = QueueSettings()
    page_limit: int = 1_000
    """Trades asked for at once, at most 1,000: the weight is the same for one."""
    settle: Duration = Duration.parse("500ms")
    """How long a new gap waits: what is only out of order, or comes by the other of two sockets, fills it by itself."""
    retry: Duration = Duration.parse("2s")
    """Wait after a page without what was asked for, and after a snapshot that did not mend its book; doubles each time."""
    longest_retry: Duration = Duration.parse("1m")
    """Longest wait between tries of whatever failed."""
    depth_limit: int = 1_000
    """Levels a side of a snapshot of the book: 100, 500, 1,000 or 5,000, which weigh 5, 25, 50 and 250."""
    depth_delay: Duration = Duration.parse("1s")
    """Wait after a connect before a book is asked for: updates must flow first, or the snapshot is older than the first of them."""
    warm_minutes: int = 60
    """Minutes of 1-minute candles asked for at the start, per symbol, at most 1,000; 0 for none."""

    def __post_init__(self) -> None:
        """Refuse what the exchange would."""
        for name, value, least in (("page_limit", self.page_limit, 1), ("warm_minutes", self.warm_minutes, 0)):
            if not least <= value <= LARGEST_PAGE:
                raise ValueError(f"{name}: expected {least} to {LARGEST_PAGE:,}")
        if self.depth_limit not in _DEPTH_LIMITS:
            raise ValueError(f"depth_limit: expected one of {', '.join(map(str, _DEPTH_LIMITS))}")
