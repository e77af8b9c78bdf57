"""Which instant of the tape is due: the only place where a replay looks at a clock, and no result can see it.

A screen may pause the tape, change its speed, step, and let it run to an instant or to the next alert. It never goes back: a flow is
a function of the tape up to now.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Final

from connectors.inputs.source import STOP
from scoring.duration import moment
from scoring.errors import SettingError
from scoring.feed import Control, PaceState
from scoring.records import END_NS, NANOSECONDS_PER_SECOND

STRIDE_NS: Final = NANOSECONDS_PER_SECOND
"""How far the tape runs at once towards the next alert: what it may overshoot."""
LONGEST_STEP_S: Final = 86_400.0
_LOOK_S: Final = 0.05
"""How often one who waits looks whether the flow is to stop."""


def parse_speed(text: str) -> float:
    """Read `1x`, `50`, `0.5x` or `max` (infinity).

    Raises:
        SettingError: it is none of these, or not above 0.

    >>> parse_speed("50x"), parse_speed("max")
    (50.0, inf)
    """
    try:
        speed = math.inf if text == "max" else float(text.removesuffix("x"))
    except ValueError:
        speed = math.nan
    if not speed > 0:
        raise SettingError("command line", "speed", text, "'max' or a factor above 0 such as '1x' or '50x'")
    return speed


class Pace:
    """Maps the time that has passed to an instant of the tape; one for all partitions, driven from any thread."""

    def __init__(self, speed: float, now_ns: Callable[[], int] = time.monotonic_ns, waits: bool = False) -> None:
        """Take the factor to real time (infinity: everything is due at once); after its end one that `waits` stays to be seen."""
        self._now_ns = now_ns
        self._lock = threading.Lock()
        self._speed = speed
        self._began = False
        self._wall_ns = 0
        self._tape_ns = 0
        """The tape's instant at wall time `_wall_ns`; while paused, what is due."""
        self._asked_ns = 0
        """Newest instant a partition has asked for: how far the flow has come, where it is slower than the speed."""
        self._paused = False
        self._until_ns = 0
        self._until_next = ""
        self._listeners: list[Callable[[PaceState], None]] = []
        self._seen = threading.Event()
        if not waits:
            self._seen.set()

    def due_ns(self, next_ns: int) -> int:
        """Give the tape's instant that is due now; the first call starts the clock at `next_ns`."""
        with self._lock:
            if not self._began:
                self._began, self._wall_ns, self._tape_ns = True, self._now_ns(), next_ns
            self._asked_ns = max(self._asked_ns, next_ns)
            if self._paused:
                return self._tape_ns
            if self._until_next:
                self._tape_ns = max(self._tape_ns, next_ns + STRIDE_NS)
                return self._tape_ns
            if not self._until_ns:
                return END_NS if math.isinf(self._speed) else self._position()
            if next_ns <= self._until_ns:
                return self._until_ns
            due_ns = self._tape_ns = self._until_ns
            self._until_ns, self._paused = 0, True
        self._tell()
        return due_ns

    def apply(self, control: Control) -> None:
        """Do what a screen asks."""
        with self._lock:
            self._tape_ns, self._wall_ns = self._position(), self._now_ns()
            if control.speed is not None:
                self._speed = control.speed if control.speed > 0 else math.inf
            if control.paused is not None:
                self._paused, self._until_ns, self._until_next = control.paused, 0, ""
            if control.step_s is not None and 0 < control.step_s <= LONGEST_STEP_S:
                self._begin_until(self._tape_ns + round(control.step_s * NANOSECONDS_PER_SECOND))
            if control.until is not None:
                self._begin_until(round(control.until.timestamp()) * NANOSECONDS_PER_SECOND)
            if control.until_next is not None:
                self._paused, self._until_ns, self._until_next = False, 0, control.until_next
        self._tell()

    def watched(self) -> None:
        """Hear that somebody watches."""
        self._seen.set()

    def linger(self) -> None:
        """Return when somebody has come to watch, or the flow is to stop; at once where that is not waited for."""
        while not self._seen.wait(_LOOK_S) and not STOP.is_set():
            continue

    def saw(self, news: str) -> None:
        """Take news from the flow, `alert` or `gap`: pauses where that was waited for."""
        if news != self._until_next:
            return
        with self._lock:
            self._until_next, self._paused = "", True
        self._tell()

    def state(self) -> PaceState:
        """Say how the tape runs."""
        with self._lock:
            until = moment(self._until_ns) if self._until_ns else None
            speed = None if math.isinf(self._speed) else self._speed
            return PaceState(speed, self._paused, until, self._until_next)

    def listen(self, listener: Callable[[PaceState], None]) -> None:
        """Call `listener` with the state whenever it changes."""
        self._listeners.append(listener)

    def _begin_until(self, until_ns: int) -> None:
        if until_ns > self._tape_ns:
            self._until_ns, self._until_next, self._paused = until_ns, "", False

    def _position(self) -> int:
        """Give the tape's instant now, but none that the flow has not come to."""
        if self._paused or not self._began:
            return self._tape_ns
        if math.isinf(self._speed) or self._until_ns or self._until_next:
            return max(self._tape_ns, self._asked_ns)
        return self._tape_ns + int((self._now_ns() - self._wall_ns) * self._speed)

    def _tell(self) -> None:
        state = self.state()
        for listener in self._listeners:
            listener(state)
