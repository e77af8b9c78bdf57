"""The tape, playing: which instant of the session it is, what is due, and to whom it goes.

It plays whether anybody listens or not, as an exchange does. Frames are sent in groups, a few milliseconds of real time each, and
a group ends where something is on the agenda, so that a fault meets the same frame at any speed. Where the speed is unbounded
there is no real time to keep up with: it waits for its clients instead.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from connectors.outputs.exchange_faults import Agenda
from connectors.outputs.exchange_tape import Block

_GROUP_ROWS: Final = 1024
"""Most frames handled without looking at anything else."""

_IDLE_S: Final = 0.01
"""How often it looks at what is held back when there is nothing more to play."""


class SessionClock:
    """Tells the time of the session."""

    def __init__(self, first_ns: int, speed: float, now_ns: Callable[[], int] = time.monotonic_ns) -> None:
        """Stand at the first instant until started; a speed of infinity goes with what is played, and with real time after that."""
        self.first_ns, self.speed = first_ns, speed
        self.position_ns = first_ns
        """Receive time of the newest frame that was played."""
        self._now_ns = now_ns
        self._started_ns: int | None = None
        self._ended_ns: int | None = None

    @property
    def started(self) -> bool:
        """Whether time passes."""
        return self._started_ns is not None

    def start(self) -> None:
        """Let time pass from now on."""
        if self._started_ns is None:
            self._started_ns = self._now_ns()

    def end(self) -> None:
        """Know that nothing more is played."""
        self._ended_ns = self._now_ns()

    def now(self) -> int:
        """Give the instant of the session, ns UTC."""
        if self._started_ns is None:
            return self.first_ns
        if math.isinf(self.speed):
            return self.position_ns + (0 if self._ended_ns is None else self._now_ns() - self._ended_ns)
        return self.first_ns + int((self._now_ns() - self._started_ns) * self.speed)


class Stage(Protocol):
    """Who a tape is played to."""

    def show(self, names: list[bytes], payloads: list[bytes], at_ns: int) -> None:
        """Take frames that are due; `at_ns` is when the last of them was received."""

    def release(self, now_ns: int) -> None:
        """Send what was held back until now, and look after slow clients."""

    async def drained(self) -> None:
        """Wait until clients have taken what was sent."""

    def end(self, at_ns: int) -> None:
        """Know that nothing more will be played."""


class Player:
    """Plays blocks on a stage."""

    def __init__(self, blocks: Iterator[Block], clock: SessionClock, agenda: Agenda, stage: Stage, tick_s: float) -> None:
        """Take what is played; `tick_s` is real time between two groups."""
        self._blocks, self._clock, self._agenda, self._stage, self._tick_s = blocks, clock, agenda, stage, tick_s
        self.ended = False
        """Whether everything has been played."""
        self.started = asyncio.Event()
        """Set to begin."""
        self.played = 0
        """How many frames have been."""

    async def run(self) -> None:
        """Play once started, to the end and then go on keeping the agenda."""
        loop = asyncio.get_running_loop()
        upcoming = loop.run_in_executor(None, next, self._blocks, None)
        await self.started.wait()
        self._clock.start()
        while (block := await upcoming) is not None:
            upcoming = loop.run_in_executor(None, next, self._blocks, None)
            await self._play(block)
        self._clock.end()
        self._stage.end(self._clock.position_ns)
        self.ended = True
        while True:
            self._keep_agenda(self._clock.now())
            self._stage.release(self._clock.now())
            await asyncio.sleep(max(self._tick_s, _IDLE_S))

    async def _play(self, block: Block) -> None:
        row = 0
        unbounded = math.isinf(self._clock.speed)
        while row < len(block):
            due_ns = int(block.received_ns[-1]) if unbounded else self._clock.now()
            row = self._show(block, row, due_ns)
            if unbounded:
                await self._stage.drained()
            elif row < len(block) and block.received_ns[row] > self._clock.now():
                self._keep_agenda(self._clock.now())
                self._stage.release(self._clock.now())
                await asyncio.sleep(self._tick_s)
            await asyncio.sleep(0)

    def _show(self, block: Block, row: int, due_ns: int) -> int:
        """Show the next frames that are due, up to what is on the agenda, and give the row after them."""
        next_ns = int(block.received_ns[row])
        self._keep_agenda(min(next_ns, due_ns))
        agenda_ns = self._agenda.next_ns()
        last_ns = due_ns if agenda_ns is None else min(due_ns, agenda_ns - 1)
        stop = row + int(block.received_ns[row : row + _GROUP_ROWS].searchsorted(last_ns, "right"))
        if stop > row:
            at_ns = self._clock.position_ns = int(block.received_ns[stop - 1])
            self._stage.show(block.names[row:stop], block.payloads[row:stop], at_ns)
            self.played += stop - row
            self._stage.release(at_ns)
        return stop

    def _keep_agenda(self, until_ns: int) -> None:
        while (next_ns := self._agenda.next_ns()) is not None and next_ns <= until_ns:
            self._agenda.run()
