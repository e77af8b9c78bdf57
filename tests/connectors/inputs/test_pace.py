"""Pace: which instant of the tape is due."""

from __future__ import annotations

import math
import threading
from datetime import UTC, datetime

import pytest

from connectors.inputs.pace import Pace, parse_speed
from connectors.inputs.source import STOP
from scoring.errors import SettingError
from scoring.feed import Control, PaceState
from scoring.records import END_NS
from scoring.records import NANOSECONDS_PER_SECOND as SECOND


def test_at_full_speed_everything_is_due() -> None:
    assert Pace(math.inf).due_ns(5) == END_NS


def test_time_on_the_tape_runs_with_the_factor_from_the_first_frame_on() -> None:
    now = [1_000]
    pace = Pace(10.0, lambda: now[0])
    assert pace.due_ns(500) == 500
    now[0] += 7
    assert pace.due_ns(999_999) == 570


@pytest.mark.parametrize(("text", "speed"), [("1x", 1.0), ("0.5x", 0.5), ("50", 50.0), ("max", math.inf)])
def test_speeds_are_read(text: str, speed: float) -> None:
    assert parse_speed(text) == speed


@pytest.mark.parametrize("text", ["fast", "0x", "-1x", "", "nan", "xx"])
def test_what_is_no_speed_is_refused(text: str) -> None:
    with pytest.raises(SettingError, match="expected 'max' or a factor"):
        parse_speed(text)


class Tape:
    """A pace with a clock that is set by hand."""

    def __init__(self, speed: float = 10.0) -> None:
        self.now_ns = 1_000
        self.pace = Pace(speed, lambda: self.now_ns)
        self.told: list[PaceState] = []
        self.pace.listen(self.told.append)
        self.due(0)

    def due(self, next_s: float) -> float:
        return self.pace.due_ns(round(next_s * SECOND)) / SECOND

    def wait(self, seconds: float) -> None:
        self.now_ns += round(seconds * SECOND)


def test_a_paused_tape_stands_still_and_goes_on_where_it_stood() -> None:
    tape = Tape()
    tape.wait(1)
    tape.pace.apply(Control(paused=True))
    tape.wait(100)
    assert tape.due(500) == 10
    tape.pace.apply(Control(paused=False))
    tape.wait(1)
    assert tape.due(500) == 20
    assert [state.paused for state in tape.told] == [True, False]


def test_another_speed_holds_from_now_on() -> None:
    tape = Tape()
    tape.wait(1)
    tape.pace.apply(Control(speed=1.0))
    tape.wait(1)
    assert tape.due(500) == 11
    tape.pace.apply(Control(speed=0.0))
    assert tape.pace.due_ns(500) == END_NS
    assert tape.told[-1].speed is None


def test_a_step_plays_so_many_seconds_and_pauses() -> None:
    tape = Tape()
    tape.wait(1)
    tape.pace.apply(Control(paused=True, step_s=5.0))
    assert tape.due(11) == 15
    assert tape.due(15) == 15
    assert tape.due(15.1) == 15
    assert tape.pace.state() == PaceState(10.0, True, None, "")
    tape.wait(9)
    assert tape.due(500) == 15


def test_the_tape_runs_to_an_instant_and_never_back() -> None:
    tape = Tape(math.inf)
    tape.pace.apply(Control(until=datetime.fromtimestamp(40, UTC)))
    assert tape.due(3) == 40
    assert tape.due(41) == 40
    assert tape.pace.state().paused
    tape.pace.apply(Control(until=datetime.fromtimestamp(20, UTC), step_s=-1.0))
    assert tape.due(41) == 40


def test_the_tape_runs_to_the_next_alert() -> None:
    tape = Tape()
    tape.pace.apply(Control(until_next="alert"))
    assert tape.due(3) == 4
    tape.pace.saw("gap")
    assert tape.due(5) == 6
    tape.pace.saw("alert")
    tape.wait(100)
    assert tape.due(9) == 6
    assert [(state.until_next, state.paused) for state in tape.told] == [("alert", False), ("", True)]


def test_pausing_at_full_speed_stops_where_the_flow_is() -> None:
    tape = Tape(math.inf)
    tape.due(70)
    tape.pace.apply(Control(paused=True))
    assert tape.due(90) == 70


def test_a_tape_that_waits_stays_until_it_was_watched_and_others_do_not() -> None:
    Pace(10.0).linger()
    pace = Pace(10.0, waits=True)
    staying = threading.Thread(target=pace.linger, daemon=True)
    staying.start()
    staying.join(0.2)
    assert staying.is_alive()
    pace.watched()
    staying.join(10)
    assert not staying.is_alive()


def test_a_flow_that_is_to_stop_waits_for_nobody() -> None:
    STOP.set()
    try:
        Pace(10.0, waits=True).linger()
    finally:
        STOP.clear()
