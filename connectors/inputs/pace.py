"""Which instant of the tape is due: the only place where a replay looks at a clock, and no result can see it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from scoring.errors import SettingError
from scoring.records import END_NS


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
    """Maps the time that has passed since the start to an instant of the tape."""

    def __init__(self, speed: float, now_ns: Callable[[], int] = time.monotonic_ns) -> None:
        """Take the factor to real time (infinity: everything is due at once)."""
        self.speed = speed
        self._now_ns = now_ns
        self._started_ns: int | None = None
        self._from_ns = 0

    def due_ns(self, next_ns: int) -> int:
        """Give the tape's instant that is due now; the first call starts the clock at `next_ns`."""
        if math.isinf(self.speed):
            return END_NS
        if self._started_ns is None:
            self._started_ns, self._from_ns = self._now_ns(), next_ns
        return self._from_ns + int((self._now_ns() - self._started_ns) * self.speed)
