"""Does the exchange answer, does it trade our symbols, and do its clock and ours agree.

Hosts are a list, so one of them that does not serve us is a warning while another does. Websockets are opened without a stream,
which costs nothing, and starts nothing at a served session.
"""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import wait
from functools import partial
from typing import Final

import msgspec
from msgspec.structs import replace
from websockets.exceptions import InvalidHandshake, InvalidURI

from connectors.inputs.binance_dial import explain
from connectors.inputs.binance_rest import BinanceRest, NotServed, Refused, RestError, RestSettings, Unreachable
from connectors.inputs.binance_settings import BinanceSettings
from connectors.inputs.served_clock import ServedClock
from connectors.inputs.symbols import Listing
from connectors.inputs.websocket_client import dial
from flows.commands.doctor_checks import ASK_SECONDS, Finding, Mark, failed, in_background, warning, well
from flows.settings import InputSettings
from scoring.duration import Duration
from scoring.records import NANOSECONDS_PER_MILLISECOND, NANOSECONDS_PER_SECOND

_SKEW_S: Final = 1.0
"""More than this shows in every latency and every window that is closed by time."""
_ASKED: Final = 2
"""How often each host is asked for its time; the quicker answer counts."""
_TOGETHER_SECONDS: Final = 8.0
_TRADED: Final = "TRADING"
_SYMBOLS_SHOWN: Final = 8


class Told(msgspec.Struct, frozen=True):
    """What a host said."""

    host: str
    said: str
    """In one line."""
    answered: bool
    round_trip_s: float = 0.0
    """On our clock, which a served session may have made faster."""
    ahead_s: float = 0.0
    """Its clock against ours."""


class _ServerTime(msgspec.Struct):
    at_ms: int = msgspec.field(name="serverTime")


class _Listed(msgspec.Struct, frozen=True):
    symbols: list[Listing]


def rest_hosts(settings: InputSettings, max_ahead: Duration) -> Iterator[Finding]:
    """Ask every host for its time, and compare the best answer with our clock."""
    now: Callable[[], int] = ServedClock(settings.follow_clock) if settings.follow_clock else time.time_ns
    rest = settings.binance.rest
    told = _ask_all(rest.hosts, partial(_time_of, rest, now))
    yield from _lines("exchange REST", told, "inputs.binance.rest.hosts")
    answers = [each for each in told if each.answered]
    if answers:
        yield clock_against(min(answers, key=lambda each: each.round_trip_s), max_ahead)


def clock_against(told: Told, max_ahead: Duration) -> Finding:
    """Judge how far a clock is from ours; half the round trip is taken off already."""
    side = "ahead of" if told.ahead_s > 0 else "behind"
    doubt = f"within {told.round_trip_s / 2 * 1e3:.0f} ms"
    found = f"the exchange is {abs(told.ahead_s):.3f} s {side} us ({doubt}, {told.host})"
    todo = "set this machine's clock: let chrony or ntpd steer it"
    if told.ahead_s * NANOSECONDS_PER_SECOND > max_ahead:
        return failed("exchange clock", f"{found}: everything it sends is a reject beyond market.max_clock_ahead = {max_ahead}", todo)
    return (warning("exchange clock", found, todo)) if abs(told.ahead_s) > _SKEW_S else well("exchange clock", found)


def stream_hosts(settings: BinanceSettings) -> Iterator[Finding]:
    """Open a websocket at every host."""
    yield from _lines("exchange streams", _ask_all(settings.hosts, partial(_open_at, settings)), "inputs.binance.stream.hosts")


def symbols(rest: RestSettings, wanted: Sequence[str]) -> Iterator[Finding]:
    """Look whether every symbol is traded."""
    if not wanted:
        return
    asking = BinanceRest(_brisk(rest, rest.hosts))
    try:
        listed = {listing.symbol: listing.status for listing in _listings(asking, wanted)}
    except (Unreachable, NotServed):
        yield failed("symbols", "no host of the exchange could be asked", "see its hosts above")
        return
    except RestError as error:
        yield failed("symbols", str(error), "wait, or ask less: inputs.binance.rest.weight_per_minute")
        return
    except msgspec.MsgspecError as error:
        yield failed("symbols", f"not an answer of the exchange ({error})", "check inputs.binance.rest.hosts")
        return
    finally:
        asking.close()
    unknown = [f"{symbol} is not listed{_meant(symbol, listed)}" for symbol in wanted if symbol not in listed]
    paused = [f"{symbol} is {listed[symbol]}" for symbol in wanted if listed.get(symbol, _TRADED) != _TRADED]
    shown = ", ".join(wanted[:_SYMBOLS_SHOWN]) + (f" and {len(wanted) - _SYMBOLS_SHOWN} more" if len(wanted) > _SYMBOLS_SHOWN else "")
    if unknown:
        yield failed("symbols", "; ".join([*unknown, *paused]), "correct the symbols of the assets in the settings")
    elif paused:
        yield warning("symbols", "; ".join(paused), "nothing will come of them until the exchange trades them again")
    else:
        yield well("symbols", f"{shown}: listed and traded")


def _listings(rest: BinanceRest, wanted: Sequence[str]) -> list[Listing]:
    """Ask for our symbols; where one of them is unknown the exchange refuses all, so then for everything."""
    path, weight = "/api/v3/exchangeInfo", 20
    try:
        body = rest.get(path, weight, symbols=msgspec.json.encode(list(wanted)).decode())
    except Refused:
        body = rest.get(path, weight)
    return msgspec.json.decode(body, type=_Listed).symbols


def _meant(symbol: str, listed: Iterable[str]) -> str:
    """Say which one was probably meant, without a list of thousands where none is near."""
    near = difflib.get_close_matches(symbol, list(listed), n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def _time_of(settings: RestSettings, now: Callable[[], int], host: str) -> Told:
    """Ask one host for its time."""
    rest = BinanceRest(_brisk(settings, (host,)))
    try:
        best = min((_ask_time(rest, now, host) for _ in range(_ASKED)), key=lambda told: told.round_trip_s)
    except RestError as error:
        return Told(host, str(error).partition(": ")[2] or str(error), False)
    except msgspec.MsgspecError:
        return Told(host, f"{host}: what answers there is not the exchange", False)
    finally:
        rest.close()
    return best


def _ask_time(rest: BinanceRest, now: Callable[[], int], host: str) -> Told:
    began, before = time.monotonic(), now()
    at_ms = msgspec.json.decode(rest.get("/api/v3/time", 1), type=_ServerTime).at_ms
    after, took_s = now(), time.monotonic() - began
    ahead_ns = at_ms * NANOSECONDS_PER_MILLISECOND - (before + after) // 2
    said = f"{host} answers in {took_s * 1e3:.0f} ms"
    return Told(host, said, True, (after - before) / NANOSECONDS_PER_SECOND, ahead_ns / NANOSECONDS_PER_SECOND)


def _open_at(settings: BinanceSettings, host: str) -> Told:
    """Open and close a websocket."""
    began = time.monotonic()
    try:
        client = dial(f"{host.rstrip('/')}/stream", min(settings.open_timeout.seconds, ASK_SECONDS))
    except (OSError, InvalidHandshake, InvalidURI, ValueError) as error:
        return Told(host, explain(host, error), False)
    took_s = time.monotonic() - began
    client.close()
    return Told(host, f"{host} opens in {took_s * 1e3:.0f} ms", True, took_s)


def _brisk(settings: RestSettings, hosts: tuple[str, ...]) -> RestSettings:
    """Ask as a person waits for it."""
    timeout = Duration(min(settings.timeout, int(ASK_SECONDS * NANOSECONDS_PER_SECOND)))
    return replace(settings, hosts=hosts, timeout=timeout, longest_wait=Duration.parse("1s"))


def _ask_all(hosts: Sequence[str], ask: Callable[[str], Told]) -> list[Told]:
    """Ask all hosts at once; those that take too long have not answered."""
    running = {host: in_background(partial(map, ask, (host,))) for host in hosts}
    wait(running.values(), _TOGETHER_SECONDS)
    late = f"no answer within {_TOGETHER_SECONDS:g} s: check the network and its name servers"
    return [future.result()[0] if future.done() else Told(host, f"{host}: {late}", False) for host, future in running.items()]


def _lines(check: str, told: Sequence[Told], key: str) -> Iterator[Finding]:
    """Give a line for each host; that one does not answer matters less where another does."""
    mark = Mark.WARNING if any(each.answered for each in told) else Mark.FAILED
    for each in told:
        todo = "the next host is asked instead" if mark is Mark.WARNING else f"check the network, or name a host that serves you in {key}"
        yield well(check, each.said) if each.answered else Finding(check, mark, each.said, todo)
