"""Asks the exchange's REST interface, within its limits, at whichever of its hosts answers.

Hosts are a list because no single one will do: the key-less host for market data serves everywhere but not everything, the main
ones serve everything but not everywhere. A host that does not serve a path, or is out of reach, is left aside for a while and the
next one is asked. `429` and `418` shut the whole budget for as long as the exchange says. Answers are given as bytes: what they
mean is read elsewhere.

    RestError
    ├── Refused        the request itself is wrong: asking again gives the same
    ├── NotServed      no host serves it to us
    ├── Unreachable    no host answered: try later
    ├── Throttled      the exchange wants to be left alone for longer than a request waits
    └── Stopped        the program ends

Source: https://developers.binance.com/docs/binance-spot-api-docs/rest-api
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

import msgspec
import requests

from connectors.inputs.weights import WeightBudget
from scoring.duration import Duration
from scoring.errors import GhosttapeError

_USED_WEIGHT: Final = "X-MBX-USED-WEIGHT-1M"
_LIMITED: Final = 429
_BANNED: Final = 418
_SHUT_SECONDS: Final = {_LIMITED: 60.0, _BANNED: 120.0}
"""Where the answer does not say for how long: the minute its count takes, and the shortest ban."""
_NO_ACCESS: Final = {
    401: "it wants a key for this path",
    403: "its firewall refuses this address or path: wait, or leave out the proxy in between",
    404: "it does not serve this path",
    405: "it does not serve this path",
    451: "it serves nobody at this location: set hosts to one that does, such as https://data-api.binance.vision",
}
_ELSEWHERE: Final = 451
"""Concerns the whole host, whatever the path."""
_WRONG: Final = 400
_OK: Final = 200
_SMALL, _MIDDLE, _LARGE = 100, 500, 1000


class RestSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the exchange's REST interface is asked."""

    hosts: tuple[str, ...] = (
        "https://data-api.binance.vision",
        "https://api.binance.com",
        "https://api-gcp.binance.com",
        "https://api1.binance.com",
    )
    """In order of preference; the first needs no key and serves everywhere, but has no old trades."""
    weight_per_minute: int = 5_000
    """Request weight used in a minute at most; the exchange bans above 6,000 of one address, all its programs together."""
    timeout: Duration = Duration.parse("4s")
    """Longest silence of a host before the next one is asked."""
    host_pause: Duration = Duration.parse("1m")
    """How long a host that did not answer, or does not serve a path, is left aside while another one does."""
    longest_wait: Duration = Duration.parse("90s")
    """A request waits so long for its turn at most; a ban takes longer, and is an error that says until when."""

    def __post_init__(self) -> None:
        """Refuse what cannot be asked."""
        if not self.hosts or not all(host.startswith(("http://", "https://")) for host in self.hosts):
            raise ValueError("hosts: expected one or more addresses such as 'https://api.binance.com'")
        if self.weight_per_minute < 1:
            raise ValueError("weight_per_minute: expected 1 or more")


class RestError(GhosttapeError):
    """The exchange did not give what was asked for."""


class Refused(RestError):
    """The request is wrong."""


class NotServed(RestError):
    """No host serves this path to us."""


class Unreachable(RestError):
    """No host answered as it should."""


class Throttled(RestError):
    """The exchange wants to be left alone."""

    def __init__(self, message: str, seconds: float) -> None:
        """Say why, and for how long."""
        super().__init__(message)
        self.seconds = seconds


class Stopped(RestError):
    """The program ends."""


class _Problem(msgspec.Struct):
    """What the exchange says of a wrong request."""

    code: int = 0
    msg: str = ""


class _Aside(msgspec.Struct, frozen=True):
    """Why a host is not asked, and until when (monotonic seconds)."""

    until: float
    reason: str
    is_refusal: bool


class BinanceRest:
    """The public market data of the exchange; any thread may ask."""

    def __init__(self, settings: RestSettings | None = None, clock: Callable[[], float] = time.time) -> None:
        """Take where to ask; nothing is asked yet. `clock` counts the minutes of the budget."""
        self.settings = settings or RestSettings()
        self.budget = WeightBudget(self.settings.weight_per_minute, clock)
        self._stopped = threading.Event()
        self._local = threading.local()
        self._sessions: list[requests.Session] = []
        self._lock = threading.Lock()
        self._aside: dict[tuple[str, str], _Aside] = {}

    def trades(self, symbol: str, limit: int) -> bytes:
        """Ask for the newest trades, at most 1,000."""
        return self.get("/api/v3/trades", 25, symbol=symbol, limit=limit)

    def old_trades(self, symbol: str, from_id: int, limit: int) -> bytes:
        """Ask for trades from an id on, at most 1,000."""
        return self.get("/api/v3/historicalTrades", 25, symbol=symbol, fromId=from_id, limit=limit)

    def aggregates(self, symbol: str, limit: int, from_id: int | None = None) -> bytes:
        """Ask for aggregates from an id on, or the newest, at most 1,000."""
        start = {} if from_id is None else {"fromId": from_id}
        return self.get("/api/v3/aggTrades", 4, symbol=symbol, **start, limit=limit)

    def candles(self, symbol: str, start_ms: int, limit: int) -> bytes:
        """Ask for 1-minute candles from an instant on, at most 1,000."""
        return self.get("/api/v3/klines", 2, symbol=symbol, interval="1m", startTime=start_ms, limit=limit)

    def depth(self, symbol: str, limit: int) -> bytes:
        """Ask for the book, at most 5,000 levels a side."""
        weight = 5 if limit <= _SMALL else 25 if limit <= _MIDDLE else 50 if limit <= _LARGE else 250
        return self.get("/api/v3/depth", weight, symbol=symbol, limit=limit)

    def get(self, path: str, weight: int, **parameters: str | int) -> bytes:
        """Ask the hosts, one after the other, and give the first good answer.

        Raises:
            RestError: none came; the tree above says which.
        """
        known = {host: self._why_aside(host, path) for host in self.settings.hosts}
        reasons = [aside for aside in known.values() if aside and aside.is_refusal]
        # A host that was out of reach may be back: it is asked where no other one answers.
        lost = [host for host, aside in known.items() if aside and not aside.is_refusal]
        for host in [host for host, aside in known.items() if aside is None] + lost:
            answer = self._ask(host, path, weight, parameters)
            if isinstance(answer, bytes):
                return answer
            reasons.append(answer)
        text = f"{path}: " + "; ".join(aside.reason for aside in reasons)
        raise (NotServed if all(aside.is_refusal for aside in reasons) else Unreachable)(text)

    def close(self) -> None:
        """Let nobody wait for a turn any more; what is under way ends with the timeout at the latest."""
        self._stopped.set()
        with self._lock:
            for session in self._sessions:
                session.close()

    def _why_aside(self, host: str, path: str) -> _Aside | None:
        now = time.monotonic()
        with self._lock:
            for key in ((host, ""), (host, path)):
                aside = self._aside.get(key)
                if aside and aside.until > now:
                    return aside
        return None

    def _set_aside(self, host: str, path: str, reason: str, is_refusal: bool) -> _Aside:
        """Leave a host aside for one path, or for all where the path is empty."""
        until = time.monotonic() + self.settings.host_pause.seconds
        aside = _Aside(until, f"{host}: {reason}", is_refusal)
        with self._lock:
            self._aside[host, path] = aside
        return aside

    def _ask(self, host: str, path: str, weight: int, parameters: dict[str, str | int]) -> bytes | _Aside:
        """Ask one host; give its answer, or why there is none."""
        timeout = self.settings.timeout.seconds
        while True:
            self._wait_for(weight)
            minute = self.budget.minute()
            try:
                response = self._send(host.rstrip("/") + path, parameters, timeout)
            except requests.RequestException as error:
                return self._set_aside(host, "", f"no answer ({_brief(error)})", is_refusal=False)
            used = response.headers.get(_USED_WEIGHT, "")
            if used.isdecimal():
                self.budget.told(int(used), minute)
            status = response.status_code
            if status in _SHUT_SECONDS:
                self.budget.shut(_retry_after(response, _SHUT_SECONDS[status]))
                continue
            return self._judge(host, path, response)

    def _send(self, url: str, parameters: dict[str, str | int], timeout: float) -> requests.Response:
        """Send a request; a kept connection may have been closed by the other side meanwhile, so a broken one is tried once more."""
        session = self._session()
        try:
            return session.get(url, params=parameters, timeout=timeout)
        except requests.Timeout:
            raise
        except requests.ConnectionError:
            return session.get(url, params=parameters, timeout=timeout)

    def _judge(self, host: str, path: str, response: requests.Response) -> bytes | _Aside:
        """Tell a good answer from a wrong request, from a host that does not serve us, and from one that is not well."""
        status = response.status_code
        if status == _OK:
            with self._lock:
                self._aside.pop((host, ""), None)
                self._aside.pop((host, path), None)
            return response.content
        if status == _WRONG:
            raise Refused(f"{path}: {_said(response.content)}")
        reason = _NO_ACCESS.get(status)
        if reason:
            return self._set_aside(host, "" if status == _ELSEWHERE else path, f"{status}, {reason}", is_refusal=True)
        return self._set_aside(host, "", f"{status}, expected an answer", is_refusal=False)

    def _wait_for(self, weight: int) -> None:
        """Wait until there is weight for one more request.

        Raises:
            Throttled: the exchange has shut us out for longer than a request waits.
            Stopped: the program ends.
        """
        while not self._stopped.is_set():
            shut = self.budget.shut_for()
            if shut > self.settings.longest_wait.seconds:
                raise Throttled(f"the exchange refuses this address for another {shut:.0f} s: it was asked for too much", shut)
            seconds = self.budget.reserve(weight)
            if seconds <= 0:
                return
            self._stopped.wait(seconds)
        raise Stopped("stopped")

    def _session(self) -> requests.Session:
        """Give the session of this thread: they keep connections, and may not be shared."""
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.headers["User-Agent"] = "ghosttape"
            with self._lock:
                self._sessions.append(session)
        return session


def _retry_after(response: requests.Response, default: float) -> float:
    """Read for how many seconds the exchange wants to be left alone."""
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isdecimal() and int(text) else default


def _said(body: bytes) -> str:
    """Give the exchange's own words of a wrong request."""
    try:
        problem = msgspec.json.decode(body, type=_Problem)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return f"refused, and it says {body[:80]!r}"
    return f"refused with {problem.code}: {problem.msg[:200]}"


def _brief(error: requests.RequestException) -> str:
    """Say in a few words what went wrong on the way."""
    if isinstance(error, requests.Timeout):
        return "timed out"
    if isinstance(error, requests.ConnectionError):
        return "cannot connect, or the connection broke"
    return type(error).__name__
