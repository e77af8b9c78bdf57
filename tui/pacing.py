"""How often the screen is drawn: ten times a second, and less often where it takes too much of a processor.

What comes in costs what it costs; drawings are what can be left out, for each shows all that is known by then. A key that is pressed
draws at once and asks nobody; what would make it wait for long is kept short here too.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Final

FRAME_S: Final = 0.1
"""Seconds from one drawing to the next."""
_SHARE: Final = 0.2
"""Of one processor, above which a drawing is left out."""
_LONGEST_S: Final = 0.3
"""Seconds after which there is one whatever it takes."""


class Pacing:
    """It."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, used: Callable[[], float] = time.process_time) -> None:
        """Begin; `used` gives the seconds of CPU of the program so far."""
        self._clock, self._used = clock, used
        self._drawn_at, self._used_then = float("-inf"), 0.0

    def is_due(self, *, is_covered: bool = False) -> bool:
        """Say whether it is time to draw: yes is taken for done. A page that is covered by something typed into waits longest."""
        now, used = self._clock(), self._used()
        since = now - self._drawn_at
        if since < _LONGEST_S and (is_covered or used - self._used_then > _SHARE * since):
            return False
        self._drawn_at, self._used_then = now, used
        return True


def settle() -> None:
    """Let the collector of cycles pass over what is there to stay: to walk through all of it took 50 ms, every few seconds."""
    gc.collect()
    gc.freeze()
