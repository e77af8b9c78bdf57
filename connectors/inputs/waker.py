"""Ends the sleep of a thread that waits for sockets."""

from __future__ import annotations

import selectors
import socket
import threading

_MANY = 4096


class Waker:
    """One more socket for a selector; it becomes readable when another thread asks for attention. Its key has no data."""

    def __init__(self, selector: selectors.BaseSelector) -> None:
        """Be part of a selector."""
        self._sleeper, self._caller = socket.socketpair()
        self._sleeper.setblocking(False)
        self._caller.setblocking(False)
        self._lock = threading.Lock()
        selector.register(self._sleeper, selectors.EVENT_READ)

    def wake(self) -> None:
        """Ask for attention, from any thread, also when nobody sleeps any more."""
        with self._lock:
            if self._caller.fileno() >= 0:
                self._caller.send(b"\0")

    def clear(self) -> None:
        """Take note; called by the thread that was woken."""
        self._sleeper.recv(_MANY)

    def close(self) -> None:
        """Let go of the sockets, after the selector."""
        with self._lock:
            self._sleeper.close()
            self._caller.close()
