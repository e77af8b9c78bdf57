"""The feed: what a screen sees of the flow, as one Bytewax partition that serves websockets.

One partition, so one process of a cluster has it. It keeps the newest state and forgets the rest, so writing to it never waits and
it has nothing to recover; what must last goes to the archive and the warehouse.
"""

from __future__ import annotations

import ipaddress
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, Protocol, TypeAlias

import msgspec
from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

from connectors.outputs.feed_board import Board
from connectors.outputs.feed_server import FeedServer, listen
from connectors.outputs.feed_settings import FeedSettings as FeedSettings
from connectors.outputs.outbox import PARTITION
from connectors.outputs.output_health import Ask
from connectors.outputs.process_health import ProcessHealth
from scoring.errors import SettingError
from scoring.feed import Control, Hello, PaceState
from scoring.records import Pulse, Rows, SourceHealth, Table

FeedItem: TypeAlias = Rows | Pulse | SourceHealth
"""What the feed takes: rows, final and provisional, and how the sources are doing."""


_NEWS: Final[Mapping[Table, str]] = {Table.ALERTS: "alert", Table.GAPS: "gap"}
"""What a replay can be told to run up to."""


class Player(Protocol):
    """The tape of a replay, as a screen may drive it; called from any thread."""

    def apply(self, control: Control) -> None:
        """Do what a screen asks."""

    def watched(self) -> None:
        """Hear that a client is there."""

    def linger(self) -> None:
        """Return when the feed may end."""

    def saw(self, news: str) -> None:
        """Take news from the flow, `alert` or `gap`."""

    def state(self) -> PaceState:
        """Say how the tape runs."""

    def listen(self, listener: Callable[[PaceState], None]) -> None:
        """Call `listener` with the state whenever it changes."""


_RUN_BYTES: Final = 8
_ASK_SECONDS: Final = 1.0
"""How often outputs are asked how they are doing."""


class FeedPartition(StatefulSinkPartition[FeedItem, None]):
    """The running feed."""

    def __init__(
        self,
        settings: FeedSettings,
        hello: Hello,
        player: Player | None = None,
        outputs: Sequence[Ask] = (),
        process: ProcessHealth | None = None,
    ) -> None:
        """Start serving; `player` is the tape of a replay, `outputs` and `process` are asked how they are doing.

        Raises:
            ResourceError: the port cannot be had.
        """
        self._board = Board(settings)
        self._server = FeedServer(self._board, _of_this_run(hello), settings, player)
        self._player = player
        if player:
            self._board.put_pace(player.state())
            player.listen(self._board.put_pace)
        self._board.counts.vitals = process.vitals if process else None
        self._asked: list[Ask] = [*outputs, process] if process else [*outputs]
        self._closed = threading.Event()
        self._asking = threading.Thread(target=self._ask, name="feed health", daemon=True)
        self._asking.start()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._server.port

    def write_batch(self, items: list[FeedItem]) -> None:
        """Take what the flow says; never waits for a client."""
        self._board.put(items)
        if self._player:
            for item in items:
                news = _NEWS.get(item.table) if isinstance(item, Rows) and len(item) and not item.provisional else None
                if news:
                    self._player.saw(news)

    def snapshot(self) -> None:
        """Keep nothing over a restart."""
        return None

    def close(self) -> None:
        """Tell clients how it ended, and stop."""
        if self._player:
            self._player.linger()
        self._closed.set()
        self._asking.join()
        self._server.close()

    def _ask(self) -> None:
        """Ask again and again; not in the flow's thread, which an output that is in trouble may hold up."""
        while self._asked:
            self._board.put([row for ask in self._asked for row in ask()])
            if self._closed.wait(_ASK_SECONDS):
                return


class FeedSink(FixedPartitionedSink[FeedItem, None]):
    """The feed as the output of a flow."""

    def __init__(
        self,
        settings: FeedSettings,
        hello: Hello,
        player: Player | None = None,
        outputs: Sequence[Ask] = (),
        process: ProcessHealth | None = None,
    ) -> None:
        """Check the settings; nothing runs until the flow does.

        Raises:
            SettingError: the port would be open to the network without a token.
        """
        if not settings.token and not _is_loopback(settings.host):
            raise SettingError(
                "ghosttape.toml", "feed.host", settings.host, "a loopback address such as '127.0.0.1', or a feed.token to go with it"
            )
        self._start = partial(FeedPartition, settings, hello, player, outputs, process)

    def list_parts(self) -> list[str]:
        """Name the one partition."""
        return [PARTITION]

    def part_fn(self, item_key: str) -> int:  # noqa: ARG002
        """Send everything to it."""
        return 0

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> FeedPartition:  # noqa: ARG002
        """Start it."""
        return self._start()


def check_port(settings: FeedSettings) -> None:
    """Take the port once and let it go, before a flow is built on it.

    Raises:
        ResourceError: the port cannot be had.
    """
    listen(settings.host, settings.port).close()


def _of_this_run(hello: Hello) -> Hello:
    return msgspec.structs.replace(hello, run=secrets.token_hex(_RUN_BYTES))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
