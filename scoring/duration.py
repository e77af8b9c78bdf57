"""Lengths of time as settings write them: `250ms`, `10s`, `1m`, `24h`, `7d`."""

import re
from typing import Final

_UNITS_NS: Final = {
    "ns": 1,
    "us": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
}
_FORM: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(ns|us|ms|s|m|h|d)")


class Duration(int):
    """A length of time in whole nanoseconds."""

    @classmethod
    def parse(cls, text: str) -> "Duration":
        """Read `10s`, `1.5m`, `250ms`.

        Raises:
            ValueError: it is none of these.

        >>> Duration.parse("1.5m")
        Duration('90s')
        """
        match = _FORM.fullmatch(text.strip())
        if match is None:
            raise ValueError("a duration such as '250ms', '10s', '1m', '24h' or '7d'")
        return cls(round(float(match[1]) * _UNITS_NS[match[2]]))

    def __str__(self) -> str:
        """Write it with the largest unit that keeps it whole."""
        for unit, size in reversed(_UNITS_NS.items()):
            if self and self % size == 0:
                return f"{self // size}{unit}"
        return "0s"

    def __repr__(self) -> str:
        """Write it as Python."""
        return f"Duration('{self}')"
