"""How long to wait before what failed is tried again: full-jitter exponential backoff.

Each failure doubles the longest wait, and the wait is drawn evenly below it, so that many programs that lost the same server do
not come back at the same moment. Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
"""

from __future__ import annotations

import random as random_numbers
from collections.abc import Callable


class Backoff:
    """Waits of one thing that is tried again and again."""

    def __init__(self, first_s: float = 1.0, most_s: float = 60.0, random: Callable[[], float] = random_numbers.random) -> None:
        """Take the longest first wait and the longest wait of all, in seconds; `random` gives numbers in [0, 1).

        >>> halves = Backoff(1.0, 3.0, random=lambda: 0.5)
        >>> halves.next(), halves.next(), halves.next(), halves.next()
        (0.5, 1.0, 1.5, 1.5)
        """
        self._first_s, self._most_s, self._random = first_s, most_s, random
        self._longest_s = first_s

    def next(self) -> float:
        """Give how many seconds to wait after one more failure."""
        wait_s = self._random() * min(self._longest_s, self._most_s)
        self._longest_s = min(2 * self._longest_s, self._most_s)
        return wait_s

    def reset(self) -> None:
        """Forget the failures: it worked."""
        self._longest_s = self._first_s
