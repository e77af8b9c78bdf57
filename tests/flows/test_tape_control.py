"""A screen drives a replay that runs in a process of its own: what it asks happens, and no result can tell."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import datetime, timedelta
from pathlib import Path

from scoring.feed import AlertState, Control, NewRows, PaceState, read_instant
from tests.flows.conftest import clean_environment, digests_of
from tests.flows.sessions import BUNDLED, cut, finish, free_ports, start
from tui.control import scrub, span, step, up_to_next
from tui.feed import Requests, follow
from tui.state import Event, Link, State, reduce

RISK = "risk_metrics"
QUIET_S = 0.6
"""Long enough for what was under way when a tape was paused."""
OVERSHOOT = timedelta(seconds=30)
"""Of the tape: an alert is known once late data has been waited for, 10 s, and the tape runs at full speed until then."""


class Screen:
    """A screen without a picture."""

    def __init__(self, events: AsyncGenerator[Event, None], requests: Requests) -> None:
        self.state = State()
        self.sampled: list[datetime] = []
        """Instants of the rows of rolling risk, as they came."""
        self.alerts: list[AlertState] = []
        self.gaps = self.paces = 0
        self._events, self._requests = events, requests

    async def ask(self, control: Control | str) -> None:
        """Ask for something that ends in a pause, and wait for that; a short run may be over before anybody was told that it began."""
        assert isinstance(control, Control), control
        told = self.paces
        assert self._requests.ask(control) == ""
        await self.until(lambda: self.paces > told and self.pace.paused)
        await self.listen(QUIET_S)

    async def until(self, there: Callable[[], bool], seconds: float = 60.0) -> None:
        """Listen until something is so."""
        async with asyncio.timeout(seconds):
            while not there():
                self._take(await anext(self._events))

    async def listen(self, seconds: float) -> None:
        """Listen for a while."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        await self.until(lambda: loop.time() >= end)  # a heartbeat comes each second

    @property
    def pace(self) -> PaceState:
        assert self.state.pace is not None
        return self.state.pace

    @property
    def reached(self) -> datetime:
        return max(self.sampled)

    @property
    def tape_at(self) -> datetime:
        assert self.state.tape_at is not None
        return self.state.tape_at

    def _take(self, event: Event) -> None:
        self.state = reduce(self.state, event)
        if isinstance(event, AlertState):
            self.alerts.append(event)
        if isinstance(event, NewRows) and event.table == RISK:
            self.sampled += [at for at in map(read_instant, event.columns["sampled_at"]) if at]
        self.paces += isinstance(event, PaceState)
        self.gaps += isinstance(event, NewRows) and event.table == "gaps"


async def drive(screen: Screen) -> None:
    """Do everything a hand can."""
    await screen.until(lambda: bool(screen.sampled))
    await screen.ask(Control(paused=True))
    stood, rows = screen.reached, len(screen.sampled)
    await screen.listen(2.0)
    assert (screen.reached, len(screen.sampled)) == (stood, rows)

    for _ in range(3):
        before = screen.tape_at
        await screen.ask(step())
        await screen.until(lambda: screen.tape_at > before)  # noqa: B023  it is over before the next one begins
        await screen.listen(QUIET_S)
        assert abs(screen.tape_at - before - timedelta(seconds=1)) <= timedelta(seconds=0.5)  # told on marks 250 ms apart

    told = len(screen.alerts)
    await screen.ask(up_to_next("alert"))
    await screen.until(lambda: len(screen.alerts) > told)
    await screen.listen(QUIET_S)
    fired, stood = screen.alerts[-1].fired_at, screen.reached
    assert fired is not None
    assert stood - fired < OVERSHOOT
    await screen.listen(1.5)
    assert screen.reached == stood

    gaps = screen.gaps
    await screen.ask(up_to_next("gap"))
    await screen.until(lambda: screen.gaps > gaps)
    await screen.listen(QUIET_S)

    tape = span(screen.state.sources.values())
    assert tape is not None
    place = tape.at.replace(microsecond=0) + timedelta(seconds=20)
    await screen.ask(scrub("+20s", tape))
    await screen.until(lambda: screen.tape_at >= place - timedelta(seconds=1))
    await screen.listen(QUIET_S)
    assert screen.tape_at <= place

    assert screen._requests.ask(Control(paused=False, speed=0.0)) == ""
    await screen.until(lambda: screen.state.link is Link.ENDED)
    assert screen.pace == PaceState(None, False, None, "")


def test_a_driven_replay_stores_what_an_undisturbed_one_does(tmp_path: Path) -> None:
    session = cut(BUNDLED, tmp_path / "session", 630, 440, columns=False)  # from before two alerts to after the lost connection
    undisturbed, driven = tmp_path / "undisturbed", tmp_path / "driven"
    replay = ["flows.commands.replay", str(session), "--quiet", "--data-dir"]
    finish(start([*replay, str(undisturbed)], clean_environment(undisturbed)))
    (port,) = free_ports(1)
    process = start([*replay, str(driven), "1x", "--screen"], clean_environment(driven) | {"GHOSTTAPE_FEED__PORT": str(port)})

    async def run() -> None:
        requests = Requests()
        async with aclosing(follow(f"ws://127.0.0.1:{port}", requests=requests)) as events:
            await drive(Screen(events, requests))

    asyncio.run(run())
    finish(process)
    assert digests_of(driven) == digests_of(undisturbed)
