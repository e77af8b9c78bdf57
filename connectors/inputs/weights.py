"""How much may be asked of the exchange: it weighs every request and bans the address that asks for too much.

Its count of weights starts anew with each minute of its clock, and every answer says what this address has used in the minute
(`X-MBX-USED-WEIGHT-1M`), other programs included. So this keeps the larger of its own count and the exchange's, and waits for the
next minute rather than ask for more than the limit. When the exchange says to wait, everybody waits.

Source: https://developers.binance.com/docs/binance-spot-api-docs/rest-api/limits
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

_MINUTE_SECONDS: Final = 60.0


class WeightBudget:
    """Request weights of one address, for any number of threads."""

    def __init__(self, per_minute: int, clock: Callable[[], float]) -> None:
        """Allow `per_minute` of weight in each minute of `clock` (seconds since the epoch)."""
        self._per_minute, self._clock = per_minute, clock
        self._lock = threading.Lock()
        self._minute = 0
        self._used = 0
        self._shut_until = 0.0

    def reserve(self, weight: int) -> float:
        """Take weight and give 0, or take nothing and give how many seconds to wait before asking again.

        >>> now = 119.0
        >>> budget = WeightBudget(10, lambda: now)
        >>> budget.reserve(6), budget.reserve(6), budget.reserve(4)
        (0.0, 1.0, 0.0)
        """
        with self._lock:
            now = self._clock()
            if now < self._shut_until:
                return self._shut_until - now
            self._turn(now)
            # A single request above the limit would wait for ever: it gets a minute of its own.
            if self._used and self._used + weight > self._per_minute:
                return (self._minute + 1) * _MINUTE_SECONDS - now
            self._used += weight
            return 0.0

    def minute(self) -> int:
        """Number the minute it is: a request takes it along, so that its answer is counted where it belongs."""
        return int(self._clock() // _MINUTE_SECONDS)

    def told(self, used: int, minute: int) -> None:
        """Take what the exchange has counted, from the answer to a request sent in `minute`."""
        with self._lock:
            self._turn(self._clock())
            if minute == self._minute:
                self._used = max(self._used, used)

    def shut(self, seconds: float) -> None:
        """Let nobody ask for so long: the exchange said so."""
        with self._lock:
            self._shut_until = max(self._shut_until, self._clock() + seconds)

    def shut_for(self) -> float:
        """Give for how many seconds nobody may ask."""
        with self._lock:
            return max(0.0, self._shut_until - self._clock())

    @property
    def used(self) -> int:
        """Weight used in this minute."""
        with self._lock:
            self._turn(self._clock())
            return self._used

    def _turn(self, now: float) -> None:
        minute = int(now // _MINUTE_SECONDS)
        if minute != self._minute:
            self._minute, self._used = minute, 0
