"""Pace: which instant of the tape is due."""

from __future__ import annotations

import math

import pytest

from connectors.inputs.pace import Pace, parse_speed
from scoring.errors import SettingError
from scoring.records import END_NS


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
