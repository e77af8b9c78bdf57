"""The live market data of Binance: one thread a connection, everything that arrives on the tape as it came.

What to subscribe to is the caller's business; how many connections that takes, how long they live and what happens when one is lost
is told in the modules beside this one. Here they are put together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from connectors.inputs.binance_connection import Connection
from connectors.inputs.binance_settings import BinanceSettings
from connectors.inputs.binance_shards import ConnectionBudget, shards, streams_of, symbol_of
from connectors.inputs.binance_succession import Rotation
from connectors.inputs.lost_spans import LostSpan, left_open
from connectors.tape.recorder import Recorder
from connectors.wire.binance import BINANCE_FEED
from scoring.records import ALL_SYMBOLS, SourceHealth

__all__ = ["BinanceFeed", "BinanceSettings", "Rotation", "streams_of"]


class BinanceFeed:
    """Receives streams of market data in threads of its own."""

    def __init__(
        self,
        settings: BinanceSettings,
        streams: Sequence[str],
        on_connected: Callable[[Sequence[str]], None],
        partition: str,
    ) -> None:
        """Prepare to receive `streams`, named as in `btcusdt@trade`, for a partition of the tape.

        `on_connected` gets the symbols of a connection, upper case, whenever something of them may be missing: after each connect
        and reconnect, and after a rotation whose ids do not prove that nothing was lost. It is called from the connection's thread
        and must return at once.
        """
        self._partition = partition
        budget = ConnectionBudget.of(settings)
        parts = shards(streams, settings.streams_per_connection)
        self._connections: list[Connection] = []
        self._lost: list[LostSpan] = []
        self._started = 0
        for number, part in enumerate(parts, 1):
            # With one connection a loss concerns everything, which one gap says; otherwise each symbol has its own.
            symbols = (ALL_SYMBOLS,) if len(parts) == 1 else tuple(dict.fromkeys(map(symbol_of, part)))
            lost = LostSpan(partition, symbols)
            self._lost.append(lost)
            self._connections.append(Connection(f"binance {number}/{len(parts)}", part, settings, budget, lost, on_connected))

    def start(self, recorder: Recorder) -> None:
        """Begin to receive; to be called before anything else reads the tape."""
        gaps, newest_ns = left_open(recorder, self._partition, BINANCE_FEED)
        for connection, lost in zip(self._connections, self._lost, strict=True):
            connection.start(recorder, lost.adopt(gaps, newest_ns))
            self._started += 1

    def close(self) -> None:
        """Stop receiving and wait for the threads."""
        started, self._started = self._connections[: self._started], 0
        for connection in started:
            connection.stop()
        for connection in started:
            connection.join()

    def health(self) -> Sequence[SourceHealth]:
        """Say how each connection is doing; nothing before the start."""
        return tuple(connection.health() for connection in self._connections[: self._started])

    def rotations(self) -> Sequence[Rotation]:
        """Give how connections were replaced of late."""
        return tuple(rotation for connection in self._connections for rotation in connection.rotations)
