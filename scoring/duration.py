"""Time as people write it, in whole nanoseconds: lengths (`250ms`, `10s`, `1m`, `24h`, `7d`) and instants (ISO 8601).

Both stand below everything else, so that alerts, the crowd, the wire and the screen read and write instants in one way. Between
nanoseconds and text there are whole numbers alone: a float of seconds would move an instant.
"""

import re
from datetime import UTC, datetime, timedelta
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
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_MICROSECOND_NS: Final = _UNITS_NS["us"]
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

    @property
    def seconds(self) -> float:
        """The length in seconds, as clocks and waits of this machine take it.

        >>> Duration.parse("250ms").seconds
        0.25
        """
        return self / _UNITS_NS["s"]

    def __str__(self) -> str:
        """Write it with the largest unit that keeps it whole."""
        for unit, size in reversed(_UNITS_NS.items()):
            if self and self % size == 0:
                return f"{self // size}{unit}"
        return "0s"

    def __repr__(self) -> str:
        """Write it as Python."""
        return f"Duration('{self}')"


def moment(at_ns: int) -> datetime:
    """Turn nanoseconds into a UTC timestamp, cut to microseconds.

    >>> moment(0)
    datetime.datetime(1970, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)
    """
    return EPOCH + timedelta(microseconds=at_ns // _MICROSECOND_NS)


def nanoseconds(at: datetime) -> int:
    """Turn a timestamp into nanoseconds since 1970, exactly; it is UTC where it names no zone.

    >>> nanoseconds(datetime(1970, 1, 1, 0, 0, 1, 500_001))
    1500001000
    """
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - EPOCH) // _MICROSECOND * _MICROSECOND_NS


def write_instant(at_ns: int) -> str:
    """Write an instant as ISO 8601 in UTC, to the microsecond where it has a fraction.

    >>> write_instant(1_723_161_240_500_000_000)
    '2024-08-08T23:54:00.500000Z'
    """
    return moment(at_ns).isoformat().replace("+00:00", "Z")


def read_instant(text: str) -> int | None:
    """Read ISO 8601 as nanoseconds since 1970, UTC where it names no zone; None where it is none.

    >>> read_instant("1970-01-01T00:00:01Z"), read_instant("soon")
    (1000000000, None)
    """
    try:
        return nanoseconds(datetime.fromisoformat(text))
    except ValueError:
        return None
