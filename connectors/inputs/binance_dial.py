"""Getting a connection: hosts in turn, never oftener than the exchange allows, and every refusal explained in one line.

Connecting waits for name servers, for TCP and for TLS, so each try has a thread of its own, and whoever waits for it can go on with
what it has, or stop at once.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

import msgspec
from websockets.exceptions import InvalidHandshake, InvalidStatus, InvalidURI

from connectors.inputs.binance_settings import BinanceSettings
from connectors.inputs.binance_shards import ConnectionBudget
from connectors.inputs.websocket_client import WebSocketClient, dial

_BANNED: Final = 418
_ADVICE: Final = {
    HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS: "it does not serve this location: name a host that does in inputs.binance.hosts",
    HTTPStatus.FORBIDDEN: "its firewall refuses this network: wait some minutes, or use another network",
    HTTPStatus.TOO_MANY_REQUESTS: "too many connections from this network: waiting as long as it asks; stop other programs that connect",
    _BANNED: "this network is banned for having gone on after HTTP 429: waiting until the ban ends",
    HTTPStatus.NOT_FOUND: "it has no market data streams: check inputs.binance.hosts",
}


class Refused(msgspec.Struct, frozen=True):
    """No host could be reached."""

    reason: str
    """One line: each host, what it said, what to do."""
    wait_s: float
    """How long they asked to be left alone; 0 if none did."""


class Dialled(msgspec.Struct, frozen=True):
    """A connection."""

    client: WebSocketClient
    host: str
    refusals: str
    """What hosts before this one said; empty where the first one answered."""


class Dialler:
    """Tries the hosts of the settings in turn, each once, beginning with the one that answered last."""

    def __init__(self, settings: BinanceSettings, path: str, budget: ConnectionBudget, wake: Callable[[], None]) -> None:
        """Connect to `path` of some host; `wake` is called from another thread when there is an outcome."""
        self._settings, self._path, self._budget, self._wake = settings, path, budget, wake
        self._stopped = threading.Event()
        self._first = 0
        self._lock = threading.Lock()
        self._outcome: Dialled | Refused | None = None
        self.busy = False
        """Whether an outcome is to come."""

    def start(self) -> None:
        """Begin to try, unless that is being done."""
        if not self.busy:
            self.busy = True
            threading.Thread(target=self._run, name="binance dial", daemon=True).start()

    def take(self) -> Dialled | Refused | None:
        """Give the outcome, once."""
        with self._lock:
            outcome, self._outcome = self._outcome, None
        if outcome is not None:
            self.busy = False
        return outcome

    def close(self) -> None:
        """Stop trying without waiting for it, and let go of a connection that nobody took."""
        self._stopped.set()
        outcome = self.take()
        if isinstance(outcome, Dialled):
            outcome.client.close()

    def _run(self) -> None:
        outcome = self.dial()
        with self._lock:
            if not self._stopped.is_set():
                self._outcome = outcome
                self._wake()
                return
        if isinstance(outcome, Dialled):
            outcome.client.close()

    def dial(self) -> Dialled | Refused | None:
        """Try each host once; None where it was stopped."""
        hosts, refusals, wait_s = self._settings.hosts, list[str](), 0.0
        for turn in range(len(hosts)):
            number = (self._first + turn) % len(hosts)
            if self._stopped.wait(self._budget.reserve()):
                return None
            try:
                client = dial(
                    hosts[number].rstrip("/") + self._path,
                    self._settings.open_timeout.seconds,
                    self._settings.longest_message,
                )
            except (OSError, InvalidHandshake, InvalidURI, ValueError) as error:
                refusals.append(explain(hosts[number], error))
                wait_s = max(wait_s, asked_to_wait(error))
            else:
                self._first = number
                return Dialled(client, hosts[number], "; ".join(refusals))
        return Refused("; ".join(refusals), wait_s)


def explain(host: str, error: Exception) -> str:
    """Say in one line what a host said and what to do.

    >>> explain("wss://example.org", ConnectionRefusedError(111, "Connection refused"))
    'wss://example.org: Connection refused: check the address and the network'
    """
    if isinstance(error, InvalidStatus):
        status = error.response.status_code
        return f"{host}: HTTP {status}: {_ADVICE.get(status, 'it refuses a websocket: trying again')}"
    if isinstance(error, InvalidURI):
        return f"{host}: no address of a websocket: expected one such as 'wss://stream.binance.com:9443' in inputs.binance.hosts"
    if isinstance(error, ssl.SSLError):
        return f"{host}: {error.reason or error}: check the certificates and the clock of this machine"
    if isinstance(error, OSError):
        return f"{host}: {error.strerror or error}: check the address and the network"
    return f"{host}: {' '.join(str(error).split())}: expected a websocket server, check inputs.binance.hosts"


def asked_to_wait(error: Exception) -> float:
    """Give the seconds of `Retry-After`; 0 where a refusal has none."""
    if not isinstance(error, InvalidStatus):
        return 0.0
    text = error.response.headers.get("Retry-After", "")
    return float(text) if text.isdigit() else 0.0
