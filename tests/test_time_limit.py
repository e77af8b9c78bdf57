"""Nothing that is waited for in vain stops a run: the test fails at the line that waits, and cleaning up is limited too."""

from __future__ import annotations

import asyncio
import signal
import threading

import pytest

from tests.conftest import limited


def wait_in_vain() -> None:
    threading.Event().wait()


def wait_and_clean_up_in_vain() -> None:
    try:
        wait_in_vain()
    finally:
        wait_in_vain()


async def await_in_vain() -> None:
    await asyncio.Queue[int]().get()


def test_a_wait_in_vain_fails_where_it_waits() -> None:
    with pytest.raises(pytest.fail.Exception, match=r"gave up after 0\.05 s") as failure, limited(0.05):
        wait_in_vain()
    assert "wait_in_vain" in [entry.name for entry in failure.traceback]


def test_a_wait_in_an_event_loop_names_the_line_that_awaits() -> None:
    with pytest.raises(pytest.fail.Exception, match=r"awaits in await_in_vain, .*test_time_limit\.py:\d+"), limited(0.05):
        asyncio.run(await_in_vain())


def test_cleaning_up_that_waits_in_vain_is_ended_too() -> None:
    with pytest.raises(pytest.fail.Exception), limited(0.05, again_s=0.05):
        wait_and_clean_up_in_vain()


def test_what_is_in_time_is_left_alone() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with limited(0.05):
        pass
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is before


def test_every_test_has_a_limit() -> None:
    left_s, again_s = signal.getitimer(signal.ITIMER_REAL)
    assert 0 < left_s <= 360
    assert again_s > 0
