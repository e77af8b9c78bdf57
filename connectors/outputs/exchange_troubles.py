"""A script of faults, put into effect: each at its instant of the session, and over at another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import msgspec

from connectors.outputs.exchange_client import Client
from connectors.outputs.exchange_door import RefusedError
from connectors.outputs.exchange_faults import Agenda, ExchangeScript, Fault, FaultKind, Where
from connectors.outputs.exchange_play import SessionClock

_AGAIN_NS: Final = 1_000_000_000
"""Session time after which it looks again whether there is a connection."""
_MESSAGES: Final = {
    418: "Way too much request weight used; IP banned until later. Please use WebSocket Streams to avoid bans.",
    429: "Too many requests; please use the websocket for live updates to avoid polling the API.",
    451: "Service unavailable from a restricted location according to 'b. Eligibility' in https://www.binance.com/en/terms.",
}


class Troubles:
    """What is wrong at the moment."""

    def __init__(self, clients: Mapping[int, Client], clock: SessionClock, agenda: Agenda, counts: Counter[str]) -> None:
        """Take who can be troubled, and where to count it."""
        self._clients, self._clock, self._agenda, self._counts = clients, clock, agenda, counts
        self._refusals: list[Fault] = []
        self.skew_ns = 0
        """How far the clock that is told is ahead."""
        self._effects: dict[FaultKind, Callable[[Client, Fault], None]] = {
            FaultKind.DROP: lambda client, _: client.reset(),
            FaultKind.SILENCE: self._silence,
            FaultKind.DUPLICATE: lambda client, fault: client.line.duplicate(fault.frames),
            FaultKind.REORDER: lambda client, fault: client.line.reorder(fault.frames),
            FaultKind.CORRUPT: lambda client, fault: client.line.spoil(fault.frames),
            FaultKind.SLOW: self._slow,
            FaultKind.SHUTDOWN: self._shut_down,
        }

    def plan(self, faults: ExchangeScript) -> None:
        """Put faults on the agenda."""
        for fault in faults:
            self._agenda.add(self._clock.first_ns + fault.at, partial(self._strike, fault))

    def check_rest(self) -> None:
        """Let a request through.

        Raises:
            RefusedError: it is refused.
        """
        self._check(Where.REST)

    def check_connect(self) -> None:
        """Let a connection through.

        Raises:
            RefusedError: it is refused.
        """
        self._check(Where.CONNECT)

    def _check(self, where: Where) -> None:
        for fault in self._refusals:
            if fault.on in (where, Where.ALL):
                # Retry-After is real time; a refusal that never ends in it (an unbounded speed) is told to be short.
                real_s = fault.span.seconds / self._clock.speed
                raise RefusedError(
                    0 if fault.status == 451 else -1003, _MESSAGES.get(fault.status, "Refused."), fault.status, int(real_s) + 1
                )

    def _strike(self, fault: Fault) -> None:
        if fault.kind is FaultKind.REFUSE:
            self._count(fault)
            self._refusals.append(fault)
            self._until(fault, partial(self._refusals.remove, fault))
        elif fault.kind is FaultKind.SKEW:
            self._count(fault)
            by_ns = -fault.by if fault.behind else int(fault.by)
            self._shift(by_ns)
            self._until(fault, partial(self._shift, -by_ns))
        else:
            suffering = [client for number, client in self._clients.items() if fault.connection in (0, number)]
            for client in suffering:
                self._count(fault)
                self._effects[fault.kind](client, fault)
            if fault.waits and not suffering:
                self._agenda.add(self._clock.now() + _AGAIN_NS, partial(self._strike, fault))

    def _count(self, fault: Fault) -> None:
        self._counts[fault.kind.value] += 1

    def _until(self, fault: Fault, action: Callable[[], None]) -> None:
        # What had to wait for a connection lasts as long as if it had not.
        begun_ns = max(self._clock.first_ns + fault.at, self._clock.now() if fault.waits else 0)
        self._agenda.add(begun_ns + fault.span, action)

    def _shift(self, by_ns: int) -> None:
        self.skew_ns += by_ns

    def _silence(self, client: Client, fault: Fault) -> None:
        client.line.mute(on=True)
        self._until(fault, lambda: client.line.mute(on=False))

    def _slow(self, client: Client, fault: Fault) -> None:
        client.line.delay(fault.by)
        self._until(fault, lambda: client.line.delay(-fault.by))

    def _shut_down(self, client: Client, fault: Fault) -> None:
        event: dict[str, object] = {"e": "serverShutdown", "E": self._clock.now() // 1_000_000}
        client.send(msgspec.json.encode({"stream": "!serverShutdown", "data": event} if client.session.combined else event))
        self._until(fault, client.goodbye)
