"""A recorded session, served as an exchange on loopback: any client of Binance can be run against it, ours included.

One thread and one event loop serve websockets and REST on one port and play the tape. It is a stand-in for tests of what goes
wrong as much as of what goes right: a script of faults meets the same frames on every run.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import socket
import threading
from collections import Counter
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

import msgspec
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.http11 import Request as HttpRequest
from websockets.http11 import Response

from connectors.outputs import exchange_door, exchange_rest
from connectors.outputs.exchange_client import Client
from connectors.outputs.exchange_door import RefusedError
from connectors.outputs.exchange_faults import Agenda, ExchangeScript
from connectors.outputs.exchange_play import Player, SessionClock
from connectors.outputs.exchange_stage import ExchangeStage
from connectors.outputs.exchange_streams import Pace, opening_of
from connectors.outputs.exchange_tape import ExchangeTape
from connectors.outputs.exchange_troubles import Troubles
from scoring.duration import Duration
from scoring.errors import ResourceError

_MESSAGE_BYTES: Final = 256 * 1024
"""Longest message a client may send: names of a thousand streams."""
_THREAD_S: Final = 5.0
"""How long the thread may take to end before it is left behind."""

_log = logging.getLogger("ghosttape.exchange")
_log.addFilter(lambda record: record.getMessage() != "opening handshake failed")


class ExchangeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a session is served."""

    host: str = "127.0.0.1"
    """Address to listen on; there is no TLS and no password, so keep it on loopback."""
    port: int = 9_443
    """Port for websockets and REST; 0 takes any free one."""
    speed: float = 1.0
    """Factor to real time; infinity plays as fast as clients take it."""
    now: bool = False
    """Begin at once, instead of with the first subscription."""
    faults: ExchangeScript = ()
    """What goes wrong."""
    ping: Duration = Duration.parse("20s")
    """Real time between pings."""
    pong: Duration = Duration.parse("1m")
    """Real time a client has for its answer to one."""
    lifetime: Duration = Duration.parse("24h")
    """Session time after which a connection is closed."""
    streams: int = 1_024
    """Streams a connection may subscribe to."""
    messages: int = 5
    """Messages a client may send within a second."""
    connections: int = 300
    """Connections that may be tried within five minutes."""
    weight: int = 6_000
    """Request weight a minute."""
    patience: int = 10
    """Requests above the limit, in one minute, after which a client is banned."""
    ban: Duration = Duration.parse("2m")
    """Real time of a ban."""
    trades: int = 1_000_000
    """Newest trades kept for REST, per symbol; one takes about 250 bytes."""
    client_bytes: int = 64 << 20
    """Bytes that may wait for a slow client before it is cut off; with an unbounded speed it is waited for."""
    tick: Duration = Duration.parse("2ms")
    """Real time between two groups of frames."""
    block_rows: int = 8_192
    """Frames read from the tape at once."""
    peek_rows: int = 50_000
    """Frames looked at in advance: which streams there are, the smallest steps of prices, the first snapshot of each book."""


class Exchange:
    """A served session: `with Exchange(session, ExchangeSettings(port=0, speed=20.0)) as exchange: exchange.port`."""

    def __init__(self, session: Path, settings: ExchangeSettings) -> None:
        """Look into the session.

        Raises:
            SessionError: it is missing, broken, or holds no frames of the market.
        """
        self._settings = settings
        self._tape = ExchangeTape(session, settings.block_rows)
        self.clock = SessionClock(self._tape.first_ns, settings.speed)
        """The time of the session; frames in it are not changed, so this is what their stamps are to be compared with."""
        self.counts: Counter[str] = Counter()
        """What was done: frames sent, connections, requests, and faults by kind."""
        self._stage = ExchangeStage(self._tape, self.counts, settings.trades, settings.peek_rows, settings.client_bytes, settings.speed)
        self._agenda = Agenda()
        self._troubles = Troubles(self._stage.clients, self.clock, self._agenda, self.counts)
        self._troubles.plan(settings.faults)
        self._budget = exchange_door.Budget(settings.weight, settings.patience, settings.ban.seconds)
        self._attempts = exchange_door.Attempts(settings.connections)
        self._rest = exchange_rest.Rest(self._stage, self.clock, lambda: self.clock.now() + self._troubles.skew_ns)
        self.port = 0
        """The port it listens on, once started."""
        self.failure: Exception | None = None
        """Why it has stopped by itself."""
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Take the port and serve.

        Raises:
            ResourceError: the port cannot be had.
        """
        self._socket = _listen(self._settings.host, self._settings.port)
        self.port = self._socket.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._player = Player(self._tape.blocks(), self.clock, self._agenda, self._stage, self._settings.tick.seconds)
        self._thread = threading.Thread(target=self._run, name="exchange", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Reset what is open and stop."""
        if self._thread is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(_THREAD_S)

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.close()

    @property
    def url(self) -> str:
        """Where REST is; websockets are at the same place with `ws`."""
        return f"http://{self._settings.host}:{self.port}"

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols of the session."""
        return tuple(self._stage.markets)

    @property
    def ended(self) -> bool:
        """Whether the whole tape has been played; REST goes on answering."""
        return self._player.ended

    @property
    def position_ns(self) -> int:
        """Receive time of the newest frame that was played."""
        return self.clock.position_ns

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        settings = self._settings
        if settings.now:
            self._player.started.set()
        server = serve(
            self._serve_client,
            sock=self._socket,
            process_request=self._answer,
            compression=None,
            max_size=_MESSAGE_BYTES,
            ping_interval=settings.ping.seconds,
            ping_timeout=settings.pong.seconds,
            close_timeout=1,
            server_header="nginx",
            logger=_log,
        )
        async with server:
            playing = asyncio.create_task(self._player.run())
            stopping = asyncio.create_task(self._stop.wait())
            await asyncio.wait((playing, stopping), return_when=asyncio.FIRST_COMPLETED)
            for client in list(self._stage.clients.values()):
                client.reset()
            self.failure = _end(playing)
            stopping.cancel()

    # --- websockets ------------------------------------------------------------------------------------------------------------------

    async def _serve_client(self, connection: ServerConnection) -> None:
        request = connection.request
        opening = opening_of(request.path) if request is not None else None
        assert opening is not None  # looked at before the handshake
        self.counts["connections"] += 1
        client = Client(connection, self.counts["connections"], opening, self.counts)
        self._stage.clients[client.number] = client
        self._agenda.add(self.clock.now() + self._settings.lifetime, client.goodbye)
        try:
            with contextlib.suppress(ConnectionClosed):
                await self._converse(client)
        finally:
            del self._stage.clients[client.number]
            self._stage.seat()

    async def _converse(self, client: Client) -> None:
        pace = Pace(self._settings.messages)
        await self._seat(client)
        async for message in client.connection:
            if pace.too_fast():
                self.counts["clients that asked too fast"] += 1
                await client.connection.close(CloseCode.POLICY_VIOLATION, "Too many requests")
                return
            await client.connection.send(msgspec.json.encode(client.session.answer(message)), text=True)
            await self._seat(client)

    async def _seat(self, client: Client) -> None:
        """Note what a client listens to now; the first one who does starts the tape."""
        if len(client.session.streams) > self._settings.streams:
            await client.connection.close(CloseCode.POLICY_VIOLATION, "Too many streams")
            return
        self._stage.seat()
        if client.session.streams:
            self._player.started.set()

    # --- REST ------------------------------------------------------------------------------------------------------------------------

    def _answer(self, _connection: ServerConnection, request: HttpRequest) -> Response | None:
        parts = urlsplit(request.path)
        headers = {"X-Ghosttape-Speed": str(self._settings.speed)}
        try:
            if opening_of(request.path) is not None:
                self._attempts.spend()
                self._troubles.check_connect()
                return None
            if parts.path == "/ghosttape/status":
                return exchange_door.respond(self._status(), headers)
            self.counts["requests"] += 1
            asked = exchange_rest.request_of(parts.path, parts.query, request.headers.get("X-MBX-TIME-UNIT", ""))
            self._troubles.check_rest()
            self._budget.spend(self._rest.weight(asked))
            headers |= {"X-MBX-USED-WEIGHT": str(self._budget.used), "X-MBX-USED-WEIGHT-1M": str(self._budget.used)}
            return exchange_door.respond(self._rest.answer(asked), headers)
        except RefusedError as refused:
            self.counts[f"refused {refused.status}"] += 1
            return refused.response(headers | {"X-MBX-USED-WEIGHT-1M": str(self._budget.used)})

    def _status(self) -> dict[str, object]:
        """Say where it is: what `GET /ghosttape/status` answers."""
        newest = {}
        for name, market in self._stage.markets.items():
            market.settle()
            newest[name] = market.trades.ledger.ids[-1] if market.trades.ledger.ids else 0
        return {
            "now_ns": self.clock.now(),
            "position_ns": self.clock.position_ns,
            "first_ns": self.clock.first_ns,
            "speed": self.clock.speed if math.isfinite(self.clock.speed) else None,
            "started": self.clock.started,
            "ended": self._player.ended,
            "played": self._player.played,
            "connections": len(self._stage.clients),
            "streams": sorted(self._stage.streams),
            "newest_trade_ids": newest,
            "counts": dict(self.counts),
        }


def _end(playing: asyncio.Task[None]) -> Exception | None:
    """Stop playing, and say what had stopped it already."""
    if playing.cancel():
        return None
    error = playing.exception()
    return error if isinstance(error, Exception) else None


def _listen(host: str, port: int) -> socket.socket:
    """Take the port.

    Raises:
        ResourceError: it cannot be had.
    """
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        todo = "stop the program that has it, or choose another with --port (0 for any free one)"
        raise ResourceError(f"exchange: cannot listen on {host} port {port} ({error.strerror}): {todo}") from error
