"""Figures of a connection."""

from __future__ import annotations

import math

import pytest

from connectors.inputs.binance_readings import Readings, event_time

AT_NS = 1_700_000_000_000_000_000


def test_the_rate_looks_back_a_few_seconds() -> None:
    now = 0.0
    readings = Readings(monotonic=lambda: now)
    assert readings.rate() == 0
    for second in range(1, 21):
        now = float(second)
        readings.count(AT_NS, 1000 if second <= 10 else 10)
        readings.sample(AT_NS, b"")
    assert readings.rate() == pytest.approx(10)
    assert readings.frames == 10_100


def test_the_skew_is_the_exchange_s_clock_against_ours() -> None:
    now = 0.0
    readings = Readings(monotonic=lambda: now)
    assert math.isnan(readings.skew_ms)
    now = 1.5
    readings.sample(AT_NS, b'..."E":1700000001270,"s":...')
    assert readings.skew_ms == pytest.approx(1270)
    now = 1.6
    readings.sample(AT_NS, b'"E":1700000009000,')
    assert readings.skew_ms == pytest.approx(1270)  # once a second


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{"E":1700000000000,"x":1}', AT_NS),
        (b'{"E":1700000000000000,"x":1}', AT_NS),
        (b'{"E":1,"y":{"E":1700000000000,"x":1}', AT_NS),
        (b'{"u":1,"s":"A"}', 0),
        (b'{"E":170', 170_000_000),
        (b'{"E":"x",', 0),
        (b"", 0),
    ],
)
def test_event_times_are_found_in_either_unit(data: bytes, expected: int) -> None:
    assert event_time(data) == expected
