"""How the feed says it is doing. What a connection does is in the tests of the feed."""

from __future__ import annotations

import math

from connectors.inputs.telegram_connection import Status

SECOND = 1_000_000_000


def test_the_rate_is_of_the_last_minute() -> None:
    status = Status()
    for second in (1, 50, 70):
        status.hear(second * SECOND, second - 0.5)
    assert status.rate(100 * SECOND) == 2 / 60
    assert status.rate(1_000 * SECOND) == 0


def test_a_live_message_says_how_far_the_clocks_are_apart() -> None:
    status = Status()
    assert math.isnan(status.skew_ms)
    status.hear(10 * SECOND, 9.5)
    assert (status.skew_ms, status.last_ns, status.whole_ns) == (500.0, 10 * SECOND, 10 * SECOND)


def test_while_it_rests_it_says_why_and_until_when() -> None:
    status = Status()
    status.rest("stale", "a wait", 7)
    assert (status.state, status.last_error, status.next_try_ns) == ("stale", "a wait", 7)
