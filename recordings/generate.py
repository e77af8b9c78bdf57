"""Makes the bundled session: twenty minutes of three symbols and three channels that tell one story, from a seed.

Calm, then a crowd that talks a coin up while its price stands still, then the pump, the fade, a connection that drops for twelve
seconds, and calm again. Nothing in it is anybody's data: prices are random walks, posts are put together from phrases written for
this purpose. How often trades and quotes come, how large they are and how they cluster follows ten minutes of the real BTCUSDT
market of 2024-08-08: a median latency of a few milliseconds, a spread of mostly one tick, trade sizes spread over four decades.

    python -m recordings.generate [FOLDER]
"""

from __future__ import annotations

import heapq
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Final, TypeAlias

import msgspec

from connectors.tape.manifest import Manifest, PartitionInfo, refresh, save
from connectors.tape.writer import FrameWriter
from flows.layers import plain
from flows.settings import Crowd, Shaping
from recordings.exchange import COINS, SECONDS, START_NS, Market, exponential
from recordings.story import CHANNELS, posts
from scoring.crowd.decoupling import DecouplingSettings
from scoring.duration import moment
from scoring.market.portfolio import PortfolioSettings, Position
from scoring.records import ALL_SYMBOLS, CLOCK_GRID_NS, NANOSECONDS_PER_SECOND, Gap

SEED: Final = 20260314
CLOCK_SKEW_NS: Final = 42_000_000
"""The recorder's clock is ahead of the exchange's by this much."""
DROP_SECONDS: Final = (1032, 1044)
"""The connection is lost in between."""
POSITIONS: Final = (Position("BTCUSDT", 0.25, 60_900.0), Position("ETHUSDT", 3.0, 2_710.0), Position("DOGEUSDT", 40_000.0, 0.1005))
"""What the demo's trader holds."""
FOLDER: Final = Path(__file__).parent / "session"

Frame: TypeAlias = tuple[int, bytes]
"""(receive time in ns, payload)."""


def market_frames(seed: int = SEED) -> Iterator[Frame]:
    """Give the exchange's frames in the order and at the instants they were received, the lost ones left out."""
    markets = [Market(coin, Random(f"{seed}/{coin.symbol}")).events() for coin in COINS]
    random = Random(f"{seed}/latency")
    received_ns = 0
    for second, stream, data in heapq.merge(*markets, key=lambda event: event[0]):
        latency_ns = int(2_500_000 + exponential(random, 1_800_000))
        # One connection: a frame is never received before the one sent before it.
        received_ns = max(received_ns, START_NS + int(second * 1e9) + latency_ns + CLOCK_SKEW_NS)
        if not DROP_SECONDS[0] <= second < DROP_SECONDS[1]:
            yield received_ns, json.dumps({"stream": stream, "data": data}, separators=(",", ":")).encode()


def gap_frames() -> Iterator[Frame]:
    """Give what the recorder noted about the lost connection: once when it was lost, once when it was back."""
    lost_ns, back_ns = (START_NS + second * NANOSECONDS_PER_SECOND + CLOCK_SKEW_NS for second in DROP_SECONDS)
    for at_ns, to_ns in ((lost_ns, 0), (back_ns, back_ns)):
        gap = Gap("binance", ALL_SYMBOLS, ALL_SYMBOLS, lost_ns, to_ns, 0, 0, 0, 0, "disconnected")
        yield at_ns, msgspec.json.encode(gap)


def clock_frames() -> Iterator[Frame]:
    """Give a mark of the recorder's clock every 250 ms."""
    first = START_NS // CLOCK_GRID_NS + 1
    for mark in range(first, first + SECONDS * 4 + 1):
        yield mark * CLOCK_GRID_NS, b""


def write(folder: Path, seed: int = SEED) -> Manifest:
    """Write the whole session to an empty folder."""
    feeds = {
        "binance": {"binance": market_frames(seed), "gap": gap_frames(), "clock": clock_frames()},
        "telegram": {"telegram": posts(seed, START_NS), "clock": clock_frames()},
    }
    for partition, streams in feeds.items():
        writer = FrameWriter(folder / "frames" / partition)
        tagged = ([(at, feed, payload) for at, payload in frames] for feed, frames in streams.items())
        for count, (at, feed, payload) in enumerate(heapq.merge(*tagged, key=lambda frame: frame[0]), start=1):
            writer.append(at, feed, payload)
            if count % 10_000 == 0:
                writer.commit()
        writer.close()
    save(folder, _manifest(folder.name))
    return refresh(folder)


def _manifest(name: str) -> Manifest:
    return Manifest(
        name=name,
        program="0.1.0",
        created=moment(START_NS).isoformat(),
        origin=f"synthetic: recordings/generate.py, seed {SEED}",
        licence="Apache-2.0",
        partitions={
            "binance": PartitionInfo(symbols=tuple(coin.symbol for coin in COINS)),
            "telegram": PartitionInfo(channels=CHANNELS),
        },
        # Twenty minutes have no trailing day: five of them must do for the z-scores.
        settings=plain(Shaping(portfolio=PortfolioSettings(POSITIONS), crowd=Crowd(decoupling=DecouplingSettings(warm_minutes=5)))),
    )


if __name__ == "__main__":
    target = Path(sys.argv[1]) if sys.argv[1:] else FOLDER
    if (target / "manifest.json").exists():
        sys.exit(f"{target} holds a session already: remove it first, or name another folder")
    made = write(target)
    print(f"{target}: {sum(info.rows for info in made.files):,} frames, {sum(info.bytes for info in made.files):,} bytes")
