"""A tape, playing: at its pace, to the end, with what is on the agenda at its place between the frames."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest

from connectors.outputs.exchange_faults import Agenda
from connectors.outputs.exchange_play import Player, SessionClock
from connectors.outputs.exchange_tape import Block

SECOND_NS = 10**9


class Record:
    """A stage that writes down what it is shown."""

    def __init__(self) -> None:
        self.shown: list[bytes] = []
        self.groups: list[int] = []
        self.ended_ns = 0
        self.drains = 0

    def show(self, names: list[bytes], payloads: list[bytes], at_ns: int) -> None:
        assert len(names) == len(payloads)
        assert payloads[-1] == str(at_ns).encode()
        self.shown += payloads
        self.groups.append(len(payloads))

    def release(self, now_ns: int) -> None:
        assert now_ns >= 0

    async def drained(self) -> None:
        self.drains += 1

    def end(self, at_ns: int) -> None:
        self.ended_ns = at_ns


def blocks(instants: Sequence[int], size: int = 5) -> Iterator[Block]:
    for start in range(0, len(instants), size):
        part = instants[start : start + size]
        yield Block(np.array(part, np.int64), [b"a"] * len(part), [str(at).encode() for at in part])


async def play(player: Player, until: Callable[[], bool]) -> None:
    """Play until something holds."""
    player.started.set()
    task = asyncio.create_task(player.run())
    async with asyncio.timeout(10):
        while not until():
            await asyncio.sleep(0.001)
    await stop(task)


async def stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def player_of(instants: Sequence[int], speed: float, agenda: Agenda, stage: Record) -> tuple[Player, SessionClock]:
    clock = SessionClock(instants[0], speed)
    return Player(blocks(instants), clock, agenda, stage, 0.001), clock


@pytest.mark.parametrize("speed", [math.inf, 1_000.0, 20.0])
def test_everything_is_played_once_in_order(speed: float) -> None:
    async def main() -> None:
        instants = [SECOND_NS + number * SECOND_NS // 10 for number in range(23)]
        stage = Record()
        player, clock = player_of(instants, speed, Agenda(), stage)
        await play(player, lambda: player.ended)
        assert stage.shown == [str(at).encode() for at in instants]
        assert (player.played, clock.position_ns, stage.ended_ns) == (23, instants[-1], instants[-1])
        assert bool(stage.drains) == math.isinf(speed), "it waits for clients where nothing else gives the pace"

    asyncio.run(main())


def test_nothing_is_played_before_it_is_due() -> None:
    async def main() -> None:
        stage = Record()
        player, clock = player_of([0, 1, 3_600 * SECOND_NS], 10.0, Agenda(), stage)
        await play(player, lambda: player.played == 2 and clock.now() > SECOND_NS)
        assert stage.shown == [b"0", b"1"]
        assert not player.ended

    asyncio.run(main())


def test_nothing_is_played_before_it_is_started() -> None:
    async def main() -> None:
        stage = Record()
        player, clock = player_of([5, 6], math.inf, Agenda(), stage)
        task = asyncio.create_task(player.run())
        await asyncio.sleep(0.05)
        assert (stage.shown, clock.now(), clock.started) == ([], 5, False)
        await stop(task)

    asyncio.run(main())


@pytest.mark.parametrize("speed", [math.inf, 50.0])
def test_what_is_on_the_agenda_comes_before_the_frame_of_its_instant(speed: float) -> None:
    async def main() -> None:
        instants = [number * SECOND_NS // 10 for number in range(20)]
        stage, agenda = Record(), Agenda()
        seen: dict[int, int] = {}
        for at in (0, 3, 7, 12, 50):
            agenda.add(at * SECOND_NS // 10, lambda at=at: seen.__setitem__(at, len(stage.shown)))  # type: ignore[misc]
        player, _ = player_of(instants, speed, agenda, stage)
        await play(player, lambda: player.ended and (math.isinf(speed) or 50 in seen))
        assert {at: count for at, count in seen.items() if at < 50} == {0: 0, 3: 3, 7: 7, 12: 12}
        assert seen.get(50, 20) == 20

    asyncio.run(main())


def test_time_passes_at_its_speed_and_with_an_unbounded_one_as_it_is_played() -> None:
    now_ns = 0
    clock, unbounded = (SessionClock(100, speed, lambda: now_ns) for speed in (20.0, math.inf))
    now_ns = 7
    clock.start()
    unbounded.start()
    now_ns = 10
    clock.start()
    unbounded.position_ns = 1_000
    assert (clock.now(), unbounded.now()) == (100 + 3 * 20, 1_000)
    for each in (clock, unbounded):
        each.end()
    now_ns = 15
    assert (clock.now(), unbounded.now()) == (100 + 8 * 20, 1_005)
