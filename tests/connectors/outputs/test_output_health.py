"""An output in the words of an input."""

from __future__ import annotations

import math

import pytest

from connectors.outputs.outbox import Standing
from connectors.outputs.output_health import OutputHealth
from scoring.duration import Duration
from scoring.records import NANOSECONDS_PER_SECOND, SourceHealth

NOW_NS = 1_785_585_600 * NANOSECONDS_PER_SECOND


def said(standing: Standing) -> SourceHealth:
    (row,) = OutputHealth("archive", lambda: standing, lambda: NOW_NS)()
    return row


def test_an_output_that_does_not_run_here_says_nothing() -> None:
    assert OutputHealth("archive", lambda: None)() == ()


def test_rows_written_are_its_messages_and_rows_that_wait_its_lag() -> None:
    row = said(Standing(written=7, waiting=3, waited_s=0.2, flushed_s=1.5))
    assert (row.source, row.at_ns, row.state, row.frames, row.lag) == ("archive", NOW_NS, "live", 7, 3)
    assert row.last_ns == NOW_NS - 1_500_000_000
    assert (row.next_try_ns, row.last_error) == (0, "")
    assert said(Standing(0, 0)).last_ns == 0


@pytest.mark.parametrize(
    ("standing", "state", "error"),
    [
        (Standing(1, 0), "live", ""),
        (Standing(1, 5, waited_s=29.0), "live", ""),
        (Standing(1, 5, waited_s=31.0), "stale", ""),
        (Standing(1, 5, waited_s=1.0, held="held by 12", next_try_s=2.0), "stale", "held by 12"),
        (Standing(1, 5, waited_s=1.0, held="held by 12", failed="disk full"), "down", "disk full"),
    ],
)
def test_its_state_follows_from_what_holds_it_up(standing: Standing, state: str, error: str) -> None:
    row = said(standing)
    assert (row.state, row.last_error) == (state, error)
    assert row.next_try_ns == (NOW_NS + round(standing.next_try_s * NANOSECONDS_PER_SECOND) if standing.held else 0)


def test_how_long_is_too_long_can_be_said() -> None:
    health = OutputHealth("archive", lambda: Standing(1, 1, waited_s=3.0), stale_after=Duration.parse("2s"))
    assert health()[0].state == "stale"


def test_its_rate_is_that_of_the_last_ten_seconds() -> None:
    seconds, written = 0.0, 0
    health = OutputHealth("archive", lambda: Standing(written, 0), lambda: NOW_NS, monotonic=lambda: seconds)
    rates = []
    for second in range(31):
        seconds = float(second)
        written += 100 if second <= 15 else 0
        rates.append(health()[0].rate)
    assert rates[0] == 0.0
    assert rates[15] == pytest.approx(100.0)
    assert 0 < rates[20] < 100
    assert rates[30] == 0.0
    assert math.isfinite(sum(rates))
