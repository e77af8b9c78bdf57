"""One poll and how it stands."""

from __future__ import annotations

import time

import pytest

from connectors.inputs.answers import Question
from connectors.inputs.poll_memory import PollMemory
from connectors.inputs.polls import Poll, PollingSettings, Turn, whole_object
from scoring.duration import Duration

MINUTE = Duration.parse("1m")


def turn() -> Turn:
    return Turn(Poll("prices", "coingecko", Question("https://x.test", {"b": "2", "a": "1"}), MINUTE), lambda: 0.5)


def resumed(age_s: float) -> tuple[str, float]:
    made, now_s = turn(), 1_780_000_000.0
    made.resume(PollMemory(answered_s=now_s - age_s), now_s, PollingSettings())
    return made.health(0, time.monotonic()).state, max(made.due - time.monotonic(), 0.0)


@pytest.mark.parametrize(
    ("age_s", "state", "wait_s"),
    [(0.0, "live", 60.0), (59.0, "live", 1.0), (60.0, "connecting", 0.0), (1e9, "connecting", 0.0), (-3600.0, "connecting", 0.0)],
)
def test_a_poll_is_due_when_its_interval_has_passed_or_the_clock_was_set_back(age_s: float, state: str, wait_s: float) -> None:
    found, wait = resumed(age_s)
    assert found == state
    assert wait == pytest.approx(wait_s, abs=0.5)


def test_failures_wait_longer_and_longer_up_to_the_interval_until_one_answer_comes() -> None:
    made = turn()
    assert [made.backoff.next() for _ in range(8)] == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    made.succeed(7, 60.0, 3.0)
    assert made.backoff.next() == 0.5


def test_health_turns_with_time() -> None:
    made, now = turn(), time.monotonic()
    made.succeed(7, 60.0, 3.0)
    assert [made.health(9, now + seconds).state for seconds in (0, 179, 181)] == ["live", "live", "stale"]
    made.fail("gone", 5.0)
    assert [made.health(9, now + seconds).state for seconds in (0, 179, 181)] == ["stale", "stale", "down"]
    found = made.health(9, now)
    assert (found.last_ns, found.last_error) == (7, "gone")
    assert found.next_try_ns - 9 == pytest.approx(5e9, rel=0.05)
    assert made.health(9, now + 100).next_try_ns == 9


def test_what_is_asked_is_named_without_secrets_and_in_one_order() -> None:
    assert turn().asked == "https://x.test [('a', '1'), ('b', '2')]"


def test_an_object_goes_on_the_tape_as_it_is() -> None:
    reading = whole_object(b' {"a": 1}', ("known",))
    assert (reading.payloads, reading.seen) == ((b' {"a": 1}',), ("known",))


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b'{"\xff":1}', b'{"a":' + b"[" * 100_000])
def test_anything_else_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="no JSON object"):
        whole_object(body, ())
