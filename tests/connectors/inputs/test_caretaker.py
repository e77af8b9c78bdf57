"""Chores are done now and then, and what fails is told and tried again."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.inputs.caretaker import Caretaker, Chore
from connectors.tape.recorder import Recorder
from scoring.duration import Duration
from scoring.errors import ResourceError
from tests.waiting import wait_until

OFTEN = Duration.parse("5ms")


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    made = Recorder(tmp_path / "frames" / "live")
    yield made
    made.close()


def test_each_chore_is_done_at_once_and_then_every_so_often(recorder: Recorder) -> None:
    done: list[str] = []
    keeper = Caretaker([Chore(OFTEN, lambda: done.append("often")), Chore(Duration.parse("1h"), lambda: done.append("seldom"))])
    assert keeper.health() == ()
    keeper.start(recorder)
    wait_until(lambda: done.count("often") >= 3)
    keeper.close()
    (health,) = keeper.health()
    assert (health.state, health.frames, done.count("seldom")) == ("live", len(done), 1)
    assert 0 < health.last_ns <= health.at_ns


def test_a_chore_that_fails_is_told_and_tried_again(recorder: Recorder) -> None:
    broken = threading.Event()
    broken.set()

    def work() -> None:
        if broken.is_set():
            raise ResourceError("the disk refuses")

    keeper = Caretaker([Chore(OFTEN, work)])
    keeper.start(recorder)
    wait_until(lambda: keeper.health()[0].last_error == "the disk refuses")
    assert keeper.health()[0].state == "stale"
    broken.clear()
    wait_until(lambda: keeper.health()[0].state == "live")
    keeper.close()


def test_closing_does_not_wait_for_the_next_chore(recorder: Recorder) -> None:
    keeper = Caretaker([Chore(Duration.parse("1h"), lambda: None)])
    keeper.start(recorder)
    wait_until(lambda: keeper.health()[0].frames == 1)
    started = time.monotonic()
    keeper.close()
    assert time.monotonic() - started < 10
    Caretaker([]).close()


def test_a_session_that_is_served_faster_has_its_chores_done_as_often_as_it_would_have_had(tmp_path: Path) -> None:
    hour = Duration.parse("1h")
    began = time.time_ns()
    recorder = Recorder(tmp_path / "frames" / "live", clock=lambda: began + (time.time_ns() - began) * 100_000)
    done: list[int] = []
    keeper = Caretaker([Chore(hour, lambda: done.append(recorder.now()))])
    keeper.start(recorder)
    wait_until(lambda: len(done) >= 3)
    keeper.close()
    recorder.close()
    assert all(after - before >= hour for before, after in itertools.pairwise(done))


def test_a_clock_that_is_set_back_delays_a_chore_by_its_own_time_at_most(tmp_path: Path) -> None:
    ahead = [Duration.parse("24h") + 0]
    recorder = Recorder(tmp_path / "frames" / "live", clock=lambda: time.time_ns() + ahead[0])
    done: list[int] = []
    keeper = Caretaker([Chore(OFTEN, lambda: done.append(1))])
    keeper.start(recorder)
    wait_until(lambda: len(done) >= 2)
    ahead[0] = 0
    so_far = len(done)
    wait_until(lambda: len(done) >= so_far + 2)
    keeper.close()
    recorder.close()


def test_what_a_restart_may_read_is_kept() -> None:
    keeper = Caretaker([])
    rows = []
    for row in (10, 20, 30, 40):
        keeper.snapshotted(row)
        keeper.read_to(row + 5)
        rows.append(keeper.keep_from_row())
    assert rows == [0, 0, 10, 20]
