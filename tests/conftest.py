"""What every folder of tests shares: real recordings, an order, and a limit of time, so that nothing waited for in vain stops a run."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"
# Longer than any limit that a test sets itself, which says better what was waited for; the longest test takes a third.
MOST_S = 360.0
AGAIN_S = 10.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long: each is run by one process, and a long one at the end would leave the others idle."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """Give the path of a real recorded input, or skip the test where it is not on this machine."""

    def path(relative: str) -> Path:
        found = SHARED_DATA / relative
        if not found.exists():
            pytest.skip(f"real recorded data is not here: {relative} is looked for in ../shared/data")
        return found

    return path


@contextmanager
def limited(most_s: float, again_s: float = AGAIN_S) -> Iterator[None]:
    """Fail at the very line that waits when the block takes longer; again and again, because cleaning up may wait too.

    A signal reaches any wait of the main thread, be it for a thread, a process, a socket or an event loop. What hangs
    outside Python is left to `faulthandler_timeout`, which ends the process.
    """

    def give_up(_signum: int, _frame: FrameType | None) -> None:
        pytest.fail(f"gave up after {most_s:g} s: what the last line above waits for does not come{_waiting_tasks()}")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, most_s, again_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _waiting_tasks() -> str:
    """Say where each task of a running event loop waits: the traceback ends in the loop."""
    try:
        tasks = asyncio.all_tasks()
    except RuntimeError:  # no loop is running
        return ""
    frames = [frame for task in tasks for frame in task.get_stack()]
    return "".join(f"\n  awaits in {frame.f_code.co_qualname}, {frame.f_code.co_filename}:{frame.f_lineno}" for frame in frames)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Generator[None]:
    """Limit what the fixtures of a test take."""
    with limited(MOST_S):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None]:
    """Limit what a test takes."""
    with limited(MOST_S):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Generator[None]:
    """Limit what cleaning up after a test takes."""
    with limited(MOST_S):
        return (yield)
