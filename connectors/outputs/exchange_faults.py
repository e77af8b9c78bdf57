"""What goes wrong with a served session, and when: a script in TOML or JSON lines, or drawn from a seed.

Instants and lengths are of the session, counted from its first frame, so the same faults meet the same frames at any speed.
"""

from __future__ import annotations

import enum
import heapq
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from random import Random
from typing import Final, TypeAlias

import msgspec

from scoring.duration import Duration
from scoring.errors import SettingError


class FaultKind(enum.StrEnum):
    """What can go wrong."""

    DROP = "drop"
    """The TCP connection is reset."""
    SILENCE = "silence"
    """Nothing is sent for a while though the connection is open; what would have been sent is lost."""
    DUPLICATE = "duplicate"
    """The next frames are sent twice."""
    REORDER = "reorder"
    """The next frames are sent in another order."""
    CORRUPT = "corrupt"
    """The next frames are cut off, or lose a quote: no JSON any more, still text."""
    SLOW = "slow"
    """Frames are sent late for a while, in order."""
    SHUTDOWN = "serverShutdown"
    """The event of this name is sent, then the connection is closed."""
    REFUSE = "refuse"
    """REST or new connections, or both, are answered with an error status for a while."""
    SKEW = "skew"
    """`/api/v3/time` is wrong for a while."""


class Where(enum.StrEnum):
    """What a refusal is for."""

    REST = "rest"
    CONNECT = "connect"
    ALL = "all"


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that goes wrong."""

    at: Duration
    """Session time since the first frame."""
    kind: FaultKind
    connection: int = 0
    """The n-th connection that was opened, from 1; 0: every open one. Where it is not open nothing happens."""
    waits: bool = False
    """Where no connection is open it happens once one is; so do those drawn from a seed, and therefore all of them happen."""
    span: Duration = msgspec.field(name="for", default=Duration.parse("10s"))
    """How long: silence, slow, refuse, skew; serverShutdown: until the connection is closed."""
    frames: int = 10
    """How many frames: duplicate, reorder, corrupt."""
    by: Duration = Duration.parse("1s")
    """How much: slow delays by it; skew puts the clock ahead by it."""
    behind: bool = False
    """Skew puts the clock behind instead."""
    status: int = 429
    """What a refusal answers: 451, 429, 418, 403, 503 …"""
    on: Where = Where.ALL
    """What is refused."""


class RandomFaults(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many faults of each kind are drawn."""

    seed: int
    """The same seed draws the same faults."""
    span: Duration
    """Over how much of the session, from its first frame."""
    disconnects: int = 0
    silences: int = 0
    duplicates: int = 0
    reorders: int = 0
    corruptions: int = 0
    slows: int = 0
    shutdowns: int = 0
    refusals: int = 0
    skews: int = 0


class _Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    fault: list[Fault] = []
    random: list[RandomFaults] = []


ExchangeScript: TypeAlias = tuple[Fault, ...]
"""Faults in the order of their instants."""


class ExchangeFaults:
    """Where scripts come from."""

    @staticmethod
    def read(path: Path) -> ExchangeScript:
        """Read a script: TOML with a `[[fault]]` for each and a `[[random]]` for many, or, in a `.jsonl`, a JSON object a line.

        Raises:
            SettingError: it cannot be read, or a fault is not understood.
        """
        expected = "a fault script: see docs/serve.md"
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingError(str(path), "faults", str(error), expected) from error
        try:
            if path.suffix == ".jsonl":
                read: object = {"fault": [msgspec.json.decode(line) for line in text.splitlines() if line.strip()]}
            else:
                read = msgspec.toml.decode(text)
            script = msgspec.convert(read, _Script, dec_hook=_duration)
        except msgspec.MsgspecError as error:
            raise SettingError(str(path), "faults", str(error), expected) from error
        drawn = [fault for numbers in script.random for fault in ExchangeFaults.random(**msgspec.structs.asdict(numbers))]
        return ordered([*script.fault, *drawn])

    @staticmethod
    def random(
        seed: int,
        span: Duration,
        disconnects: int = 0,
        silences: int = 0,
        duplicates: int = 0,
        reorders: int = 0,
        corruptions: int = 0,
        slows: int = 0,
        shutdowns: int = 0,
        refusals: int = 0,
        skews: int = 0,
    ) -> ExchangeScript:
        """Draw so many faults of each kind over the first `span` of a session; the same for the same seed.

        >>> faults = ExchangeFaults.random(7, Duration.parse("10m"), disconnects=2, silences=1)
        >>> faults == ExchangeFaults.random(7, Duration.parse("10m"), disconnects=2, silences=1), len(faults)
        (True, 3)
        """
        random = Random(seed)
        wanted = {
            FaultKind.DROP: disconnects,
            FaultKind.SILENCE: silences,
            FaultKind.DUPLICATE: duplicates,
            FaultKind.REORDER: reorders,
            FaultKind.CORRUPT: corruptions,
            FaultKind.SLOW: slows,
            FaultKind.SHUTDOWN: shutdowns,
            FaultKind.REFUSE: refusals,
            FaultKind.SKEW: skews,
        }
        return ordered([_draw(random, kind, span) for kind, number in wanted.items() for _ in range(number)])


def ordered(faults: Sequence[Fault]) -> ExchangeScript:
    """Put faults into the order of their instants."""
    return tuple(sorted(faults, key=lambda fault: fault.at))


_SECOND: Final = 1_000_000_000


def _draw(random: Random, kind: FaultKind, span: Duration) -> Fault:
    return Fault(
        at=Duration(random.randrange(max(span, 1))),
        kind=kind,
        waits=True,
        span=Duration(random.randrange(5 * _SECOND, 60 * _SECOND)),
        frames=random.randrange(1, 50),
        by=Duration(random.randrange(_SECOND // 10, 3 * _SECOND)),
        behind=random.random() < 0.5,
        status=random.choice((429, 418, 451, 503)),
        on=random.choice(tuple(Where)),
    )


def _duration(kind: type, value: object) -> Duration:
    if kind is not Duration:
        raise NotImplementedError(kind)
    return Duration.parse(str(value))


class Agenda:
    """What is to be done at which instant of the session."""

    def __init__(self) -> None:
        """Start with nothing to do."""
        self._entries: list[tuple[int, int, Callable[[], None]]] = []
        self._numbers = count()

    def add(self, at_ns: int, action: Callable[[], None]) -> None:
        """Note what to do at an instant; of equal instants the one noted first comes first."""
        heapq.heappush(self._entries, (at_ns, next(self._numbers), action))

    def next_ns(self) -> int | None:
        """Give the instant of what is next."""
        return self._entries[0][0] if self._entries else None

    def run(self) -> None:
        """Do what is next."""
        heapq.heappop(self._entries)[2]()
