"""A sleeping thread is woken at once, however often and whenever."""

from __future__ import annotations

import selectors
import threading
import time

from connectors.inputs.waker import Waker


def test_a_wait_ends_when_another_thread_asks() -> None:
    selector = selectors.DefaultSelector()
    waker = Waker(selector)
    threading.Timer(0.05, waker.wake).start()
    began = time.perf_counter()
    keys = [key for key, _ in selector.select(10)]
    assert time.perf_counter() - began < 5
    assert [key.data for key in keys] == [None]
    waker.clear()
    assert selector.select(0) == []
    selector.close()
    waker.close()


def test_waking_twice_is_heard_once_and_after_the_end_not_at_all() -> None:
    selector = selectors.DefaultSelector()
    waker = Waker(selector)
    waker.wake()
    waker.wake()
    waker.clear()
    assert selector.select(0) == []
    selector.close()
    waker.close()
    waker.wake()
