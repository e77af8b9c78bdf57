"""A live feed that writes a tape of its own, for tests."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from connectors.inputs.binance import BinanceFeed, BinanceSettings, streams_of
from connectors.tape.recorder import Recorder
from connectors.wire.binance import BINANCE_FEED
from scoring.duration import Duration
from tests.connectors.inputs.market_server import frames_of
from tests.waiting import wait_until

QUICK_CLOSE_SECONDS = 1.0
"""Half of what a connection under way may take."""
TRADES = streams_of(["BTCUSDT"], ["trade"])


def ms(milliseconds: int) -> Duration:
    return Duration(milliseconds * 1_000_000)


QUICK = BinanceSettings(
    silence=Duration.parse("30s"),
    rotate_after=Duration.parse("1h"),
    overlap=ms(300),
    backoff_first=ms(20),
    backoff_most=ms(100),
    open_timeout=Duration.parse("2s"),
)


class Run:
    """A feed that writes a tape of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.connected: list[tuple[str, ...]] = []
        self.closed_in = 0.0

    def start(self, chosen: BinanceSettings, streams: Sequence[str] = TRADES) -> BinanceFeed:
        self.recorder = Recorder(self.folder)
        return self.begin(chosen, streams)

    def begin(self, chosen: BinanceSettings, streams: Sequence[str]) -> BinanceFeed:
        """Start with the recorder that is there."""
        self.feed = BinanceFeed(chosen, streams, lambda symbols: self.connected.append(tuple(symbols)), "live")
        self.feed.start(self.recorder)
        return self.feed

    def close(self) -> None:
        began = time.perf_counter()
        self.feed.close()
        self.closed_in = time.perf_counter() - began
        self.recorder.close()

    def frames(self) -> list[tuple[str, int, bytes]]:
        return list(frames_of(self.folder))

    def market(self) -> list[bytes]:
        return [payload for feed, _, payload in self.frames() if feed == BINANCE_FEED]

    def arrived(self, frames: int) -> None:
        wait_until(lambda: self.feed.health()[0].frames >= frames)
